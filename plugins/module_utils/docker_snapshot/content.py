"""What a container holds beyond its image, as one digest."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

KINDS = {0: "modified", 1: "added", 2: "deleted"}
"""Docker's numbers for what has become of a path."""

KEPT = ("Cmd", "Entrypoint", "Env", "ExposedPorts", "StopSignal", "User", "Volumes", "WorkingDir")
"""What an image takes over from the configuration of the container that it is made of."""

KEPT_AT_WILL = ("Healthcheck",)
"""The same, counted only where it is there: the digests of former snapshots do not know it."""


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
    with tarfile.open(fileobj=archive, mode="r|", encoding="utf-8", errors="surrogateescape") as members:
        return [_entry(path, member, members) for member in members if (path := _path(member.name)) in wanted]


def content(
    image: str, config: Mapping[str, Any], changes: Mapping[str, str], entries: Iterable[Entry]
) -> Content:
    """Return what a container of `image` holds; `changes` says what has become of which path."""
    # Names that Docker cannot tell apart have several.
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.path, []).append(entry)
    kept = {key: config.get(key) for key in KEPT}
    kept |= {key: config[key] for key in KEPT_AT_WILL if config.get(key)}
    digest = hashlib.sha256(json.dumps([image, kept], sort_keys=True).encode())
    for path, kind in sorted(changes.items()):
        held = "\0".join(sorted(map(str, found.get(path, [None]))))
        digest.update(f"{kind}\0{path}\0{held}\n".encode())
    files = {
        path: kind
        for path, kind in sorted(changes.items())
        if path not in found or any(entry.kind != "directory" for entry in found[path])
    }
    return Content(f"sha256:{digest.hexdigest()}", files)


def _path(name: str) -> str:
    """Return an archive's name as Docker says it, which has U+FFFD for each byte that is no UTF-8."""
    return "/" + re.sub("[\udc80-\udcff]", "\ufffd", name).strip("/")


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
