"""The edge to a container's files: every path is resolved in its root, as the container itself would.

Whoever is root in it may have made a link there that leads to `/etc` of this machine. So no path in it is
ever given to the kernel as a whole: each directory is opened in the one above, and never through a link.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .model import File, Item, Link, Other

_NEW = ".cloud-lab.new"
_DIRECTORY_MODE = 0o755
# Linux' own limit.
_MOST_LINKS = 40


class Root:
    """The files of a container below the directory `path`; those that are put there are `owner`'s."""

    def __init__(self, path: str, owner: tuple[int, int] = (0, 0)) -> None:
        self._path = path
        self._owner = owner

    def read(self, path: str, most: int) -> Item | None:
        """Return what has this path; a file that is longer than `most` bytes is something other."""
        try:
            with self._parent(path) as (directory, name):
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
                if stat.S_ISLNK(status.st_mode):
                    return Link(os.readlink(name, dir_fd=directory))
                if stat.S_ISDIR(status.st_mode):
                    return Other(directory=True)
                if not stat.S_ISREG(status.st_mode) or (status.st_uid, status.st_gid) != self._owner:
                    return Other()
                # What was a file may be a pipe by now.
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
                with open(descriptor, "rb") as file:
                    content = file.read(most + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            # Links that lead to each other; its root may make them, and must not keep the container by that.
            if error.errno != errno.ELOOP:
                raise
            return Other()
        return File(content, stat.S_IMODE(status.st_mode)) if len(content) <= most else Other()

    def put(self, path: str, item: Item) -> None:
        """Put a file or a link there, with the directories that it needs, instead of whatever is there."""
        with self._parent(path, make=True) as (directory, name):
            with suppress(FileNotFoundError):
                os.unlink(_NEW, dir_fd=directory)
            if isinstance(item, Link):
                os.symlink(item.target, _NEW, dir_fd=directory)
            elif isinstance(item, File):
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                with open(os.open(_NEW, flags, 0o600, dir_fd=directory), "wb") as file:
                    file.write(item.content)
                    file.flush()
                    os.fchown(file.fileno(), *self._owner)
                    os.fchmod(file.fileno(), item.mode)
            os.rename(_NEW, name, src_dir_fd=directory, dst_dir_fd=directory)

    def take(self, path: str) -> None:
        """Remove a file or a link, if it is there."""
        with suppress(FileNotFoundError, NotADirectoryError), self._parent(path) as (directory, name):
            os.unlink(name, dir_fd=directory)

    @contextmanager
    def _parent(self, path: str, make: bool = False) -> Iterator[tuple[int, str]]:
        """Give the directory that a path is in, and the name there."""
        *above, name = [part for part in path.split("/") if part]
        opened = [os.open(self._path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)]
        try:
            self._descend(opened, above, make)
            yield opened[-1], name
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def _descend(self, opened: list[int], parts: list[str], make: bool) -> None:
        """Open one directory after the other; `opened` leads from the root to where it has got."""
        pending = parts[::-1]
        links = 0
        while pending:
            part = pending.pop()
            if part in ("", "."):
                continue
            if part == "..":
                # Above the root is the root.
                if len(opened) > 1:
                    os.close(opened.pop())
                continue
            opened.append(_open(opened[-1], part, make))
            if not stat.S_ISLNK(os.fstat(opened[-1]).st_mode):
                continue
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), part)
            target = os.readlink("", dir_fd=opened[-1])
            os.close(opened.pop())
            while target.startswith("/") and len(opened) > 1:
                os.close(opened.pop())
            pending += target.split("/")[::-1]


def _open(directory: int, part: str, make: bool) -> int:
    """Open what has a name in a directory, a link itself included; it cannot be read by that."""
    flags = os.O_PATH | os.O_NOFOLLOW
    try:
        return os.open(part, flags, dir_fd=directory)
    except FileNotFoundError:
        if not make:
            raise
    os.mkdir(part, _DIRECTORY_MODE, dir_fd=directory)
    return os.open(part, flags, dir_fd=directory)
