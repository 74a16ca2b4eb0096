"""The edge to the machine: look at a container, and do the steps of a plan."""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import users
from .model import HOME_MODE, File, Found, Item, Wanted
from .plan import Step
from .root import Root

Run = Callable[[list[str]], tuple[int, str, str]]
"""Runs a command and returns its status, its output and its errors."""

_MARK, _KEY, _NOTES = "cloud-lab.container", "cloud-lab.root", "cloud-lab.files"
# Between two questions whether the init is ready: each starts a process in the container, which boots.
_PAUSE = 0.2
_STOP_SECONDS = 30
_READY = ("running", "degraded")


class HostError(Exception):
    """The machine does not do what it should; the message is for the user."""


def read_items(options: Iterable[Mapping[str, Any]]) -> dict[str, Item]:
    """Return what the entries of `files` put into a container, by its path there."""
    items: dict[str, Item] = {}
    for option in options:
        mode, dest, source = int(option["mode"], 8), option["dest"], option.get("src")
        if source is None:
            items[_normal(dest)] = File(option["content"].encode(), mode)
        elif os.path.isdir(source):
            # As `copy` does: with a slash at its end what is in it, otherwise the directory itself.
            top = Path(dest) / os.path.basename(source)
            for directory, _, names in os.walk(source, followlinks=True):
                below = top / Path(directory).relative_to(source)
                items |= {
                    _normal(f"{below}/{name}"): File((Path(directory) / name).read_bytes(), mode)
                    for name in names
                }
        else:
            path = f"{dest}{os.path.basename(source)}" if dest.endswith("/") else dest
            try:
                items[_normal(path)] = File(Path(source).read_bytes(), mode)
            except OSError as error:
                raise HostError(f"lxc_container_files: {source} cannot be read: {error.strerror}.") from None
    return items


def _normal(path: str) -> str:
    """Return the one way to write a path."""
    # POSIX lets two slashes at the beginning have a meaning of their own.
    return "/" + os.path.normpath(path).lstrip("/")


def look(run: Run, want: Wanted, items: Mapping[str, Item]) -> Found:
    """Return what there is of a container, at the paths of `items` and at those of former ones."""
    home = Path(want.home)
    there = os.path.lexists(home)
    ours = not there or (home.is_dir() and not home.is_symlink() and _is_ours(home, want.name))
    programs = Path("/usr/bin/lxc-start").exists()
    status, pid = _status(run, want) if programs and there and ours else ("", 0)
    accounts = {path: _text(Path(path)) for path in (*users.RESERVATIONS, *users.ACCOUNTS)}
    apparmor = Path("/sys/module/apparmor/parameters/enabled")
    found = Found(
        home=there,
        ours=ours,
        status=status,
        pid=pid,
        programs=programs,
        archive=Path(want.archive).is_file(),
        cgroup2=Path("/sys/fs/cgroup/cgroup.controllers").exists(),
        apparmor=_text(apparmor).strip() == "Y" and Path("/usr/sbin/apparmor_parser").exists(),
        free_mib=_free_mib(Path(want.directory)),
        accounts=accounts,
    )
    return found if not there or not ours else _look_into(found, home, Root(want.root), items)


def _look_into(found: Found, home: Path, root: Root, items: Mapping[str, Item]) -> Found:
    notes = _text(home / _NOTES)
    noted = frozenset(map(_normal, json.loads(notes))) if notes else None
    lengths = {path: len(item.content) if isinstance(item, File) else 0 for path, item in items.items()}
    at = {path: root.read(path, lengths.get(path, 0)) for path in items.keys() | (noted or frozenset())}
    status = home.stat()
    return replace(
        found,
        mode=stat.S_IMODE(status.st_mode),
        group=status.st_gid,
        key=_text(home / _KEY).strip(),
        config=_text(home / "config"),
        noted=noted,
        items={path: item for path, item in at.items() if item is not None},
    )


def _is_ours(home: Path, name: str) -> bool:
    """Whether a directory has the mark, or is empty: a run may have ended before it marked it."""
    try:
        mark = (home / _MARK).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return not any(home.iterdir())
    return mark in ("", name)


def _status(run: Run, want: Wanted) -> tuple[str, int]:
    """Return LXC's word for what a container does, and its init; nothing if LXC does not know it."""
    command = [
        "lxc-info",
        "--lxcpath",
        want.directory,
        "--name",
        want.name,
        "--state",
        "--pid",
        "--no-humanize",
    ]
    status, output, errors = run(command)
    # 1: there is no such container, or its configuration is yet to be written.
    if status not in (0, 1):
        raise HostError(f"lxc_container: LXC does not say how {want.name} is: {errors.strip()}")
    said = dict(re.findall(r"(State|PID):\s+(\S+)", output))
    return said.get("State", ""), int(said.get("PID", 0))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


@contextmanager
def alone(directory: str) -> Iterator[None]:
    """Keep other runs away from the containers there, also one that goes on after its Ansible was killed."""
    descriptor = os.open(_nearest(Path(directory)), os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _nearest(path: Path) -> Path:
    """Return a directory, or the one in which it or one above it will be made."""
    return next(one for one in (path, *path.parents) if one.is_dir())


def _free_mib(path: Path) -> int:
    """Return the room where a directory is or will be."""
    room = os.statvfs(_nearest(path))
    return room.f_bavail * room.f_frsize // 2**20


class Host:
    """Does the steps of a plan, each a method of its name."""

    def __init__(self, run: Run, want: Wanted) -> None:
        self._run = run
        self._want = want
        self._home = Path(want.home)
        self._root = Root(want.root)

    def do(self, step: Step) -> None:
        """Do one step."""
        getattr(self, step.kind)(step)

    def kill(self, _: Step) -> None:
        self._stop("--kill")

    def stop(self, _: Step) -> None:
        self._stop(f"--timeout={_STOP_SECONDS}")

    def _stop(self, how: str) -> None:
        status, _, errors = self._lxc("stop", how)
        # 2: it has ended by itself in the meantime.
        if status not in (0, 2):
            raise HostError(f"lxc_container: {self._want.name} cannot be stopped: {errors.strip()}")

    def reserve(self, step: Step) -> None:
        # With the package uidmap, LXC asks it, and it insists on them for root, too.
        text = _text(Path(step.path))
        with open(step.path, "a", encoding="utf-8") as file:
            file.write("\n" * (text[-1:] not in ("", "\n")) + users.reservation(self._want.first_id) + "\n")

    def shut(self, _: Step) -> None:
        # On the disk the files are root's, programs that give their own rights included.
        os.chown(self._home, -1, self._want.first_id)
        self._home.chmod(HOME_MODE)

    def unpack(self, step: Step) -> None:
        self._home.parent.mkdir(parents=True, exist_ok=True)
        self._home.mkdir(mode=HOME_MODE, exist_ok=True)
        self.shut(step)
        # Before anything else is in the directory: an interrupted run must know its own.
        (self._home / _MARK).write_text(f"{self._want.name}\n", encoding="utf-8")
        (self._home / _KEY).unlink(missing_ok=True)
        # It lists what is in the former root. In the next one the same paths may be a package's own.
        (self._home / _NOTES).unlink(missing_ok=True)
        root = Path(self._want.root)
        self._remove(root)
        root.mkdir(mode=0o755)
        owners = ("--numeric-owner", "--xattrs", "--xattrs-include=*")
        self._finish("tar", "--extract", f"--file={self._want.archive}", f"--directory={root}", *owners)
        self._write(_KEY, f"{self._want.key}\n")

    def note(self, step: Step) -> None:
        self._write(_NOTES, json.dumps(sorted(step.paths)))

    def configure(self, step: Step) -> None:
        self._write("config", step.text)

    def _write(self, name: str, text: str) -> None:
        new = self._home / f"{name}.new"
        new.write_text(text, encoding="utf-8")
        new.replace(self._home / name)

    def put(self, step: Step) -> None:
        if step.item is not None:
            try:
                self._root.put(step.path, step.item)
            except OSError as error:
                raise HostError(
                    f"lxc_container_files: {step.path} cannot be put into the container: {error.strerror}."
                ) from None

    def take(self, step: Step) -> None:
        self._root.take(step.path)

    def start(self, _: Step) -> None:
        log = self._home / "log"
        if self._lxc("start", f"--logfile={log}")[0]:
            reasons = " ".join(" ".join(_text(log).splitlines()[-5:]).split())
            raise HostError(
                f"lxc_container: {self._want.name} does not start on this machine. LXC says: {reasons}. "
                f"All of it is in {log}. Where the kernel or the file system of {self._want.directory} "
                "cannot map users, set lxc_container_first_id to 0."
            )

    def wait(self, seconds: float) -> None:
        """Wait until the init has started everything; HostError if something fails."""
        name = self._want.name
        deadline = time.monotonic() + seconds
        while (said := self._ask("is-system-running").strip()) not in _READY:
            if not said and _status(self._run, self._want)[0] == "STOPPED":
                raise HostError(f"lxc_container: {name} has ended by itself. Its log is {self._home}/log.")
            if time.monotonic() > deadline:
                raise HostError(
                    f"lxc_container_start_timeout: after {seconds:.0f} s the init of {name} says "
                    f"'{said or 'nothing'}'. What it waits for: lxc-attach {name} -- systemctl list-jobs"
                )
            time.sleep(_PAUSE)
        if said == "degraded":
            listed = self._ask("list-units", "--failed", "--plain", "--no-legend").splitlines()
            units = [line.split()[0] for line in listed if line.strip()]
            raise HostError(
                f"lxc_container: in {name} these units have failed: {', '.join(units)}. "
                f"Their reasons: lxc-attach {name} -- journalctl -u {(units or ['UNIT'])[0]}"
            )

    def _ask(self, *words: str) -> str:
        return self._lxc("attach", "--clear-env", "--", "systemctl", *words)[1]

    def remove(self, _: Step) -> None:
        mark = self._home / _MARK
        # The mark is the last to go: what a killed run leaves is still known as ours.
        self._remove(*(path for path in self._home.iterdir() if path != mark))
        mark.unlink(missing_ok=True)
        self._home.rmdir()

    def _lxc(self, verb: str, *words: str) -> tuple[int, str, str]:
        return self._run(
            [f"lxc-{verb}", f"--lxcpath={self._want.directory}", f"--name={self._want.name}", *words]
        )

    def _remove(self, *paths: Path) -> None:
        # A program of its own, since directories may be nested deeper than Python follows them.
        self._finish("rm", "--recursive", "--force", "--one-file-system", "--", *map(str, paths))

    def _finish(self, *command: str) -> None:
        """Run a command that does not outlive this run, below whose successor it would go on."""
        status, _, errors = self._run(["setpriv", "--pdeathsig", "KILL", *command])
        if status:
            raise HostError(f"lxc_container: {' '.join(command[:3])}: {errors.strip()[-300:]}")
