"""What a container holds beyond its image, as one digest."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

KINDS = {0: "modified", 1: "added", 2: "deleted"}
"""Docker's numbers for what has become of a path."""

KEPT = ("Cmd", "Entrypoint", "Env", "ExposedPorts", "StopSignal", "User", "Volumes", "WorkingDir")
"""What an image takes over from the configuration of the container that it is made of."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a container: what it is, not when it was written. `body` is the digest of a file's bytes."""

    path: str
    kind: str
    mode: int
    owner: tuple[int, int]
    link: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """The digest of all that a container holds beyond its image, and the files that make the difference.

    Directories are left out of `files`: Docker calls each of them modified that holds something modified.
    """

    digest: str
    files: Mapping[str, str]

    @property
    def counts(self) -> dict[str, int]:
        """How many files were added, modified and deleted."""
        kinds = list(self.files.values())
        return {kind: kinds.count(kind) for kind in sorted(KINDS.values())}


def read(archive: IO[bytes], paths: Iterable[str]) -> list[Entry]:
    """Return the entries of a container's archive that have one of these paths."""
    wanted = frozenset(paths)
    with tarfile.open(fileobj=archive, mode="r|") as members:
        return [
            _entry(path, member, members)
            for member in members
            if (path := "/" + member.name.strip("/")) in wanted
        ]


def content(
    image: str, config: Mapping[str, Any], changes: Mapping[str, str], entries: Iterable[Entry]
) -> Content:
    """Return what a container of `image` holds; `changes` says what has become of which path."""
    found = {entry.path: entry for entry in entries}
    kept = {key: config.get(key) for key in KEPT}
    digest = hashlib.sha256(json.dumps([image, kept], sort_keys=True).encode())
    for path, kind in sorted(changes.items()):
        digest.update(f"{kind}\0{path}\0{found.get(path)}\n".encode())
    files = {
        path: kind
        for path, kind in sorted(changes.items())
        if path not in found or found[path].kind != "directory"
    }
    return Content(f"sha256:{digest.hexdigest()}", files)


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _entry(path: str, member: tarfile.TarInfo, members: tarfile.TarFile) -> Entry:
    owner = (member.uid, member.gid)
    if member.isdir():
        return Entry(path, "directory", member.mode, owner)
    if member.issym() or member.islnk():
        kind = "symbolic link" if member.issym() else "hard link"
        return Entry(path, kind, member.mode, owner, link=member.linkname)
    stream = members.extractfile(member) if member.isreg() else None
    if stream is None:
        return Entry(path, f"device {member.devmajor}:{member.devminor}", member.mode, owner)
    return Entry(path, "file", member.mode, owner, body=_digest(stream))
