"""A disk: what is asked for, what there is, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from .plan import Arguments

_SUFFIXES: Mapping[str, str] = {"VDI": ".vdi", "VMDK": ".vmdk", "VHD": ".vhd"}
FORMATS = tuple(_SUFFIXES)
_PART = ".cloud-lab-part"
"""A name that nobody else would give: what has it is deleted when a disk is made again."""


@dataclass(frozen=True, slots=True)
class WantedDisk:
    """What is asked for. One of `raw` and `clone_of` (files) and `size` (MiB) says what to make it of."""

    path: str
    state: str = "present"
    raw: str = ""
    clone_of: str = ""
    size: int = 0
    format: str = "VDI"


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk that is there.

    `mark` is the path under which it was made here, empty for a disk of somebody else. `users` are the
    machines that it is attached to. `has_children` says that snapshots have put other disks in front of it.
    """

    uuid: str
    mark: str = ""
    users: tuple[str, ...] = ()
    has_children: bool = False


@dataclass(frozen=True, slots=True)
class DiskPlan:
    """Whether to make the disk or to delete it, or the one problem that forbids it.

    `drop` is whether to remove what a run that was killed has left of it. `kept` says that the disk of
    somebody else stays.
    """

    make: bool = False
    delete: bool = False
    drop: bool = False
    problem: str = ""
    kept: str = ""

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.make or self.delete or self.drop


def mark_key(uuid: str) -> str:
    """Return the key of VirtualBox's global extra data by which a disk is known as made here."""
    return f"cloud-lab/disk/{uuid}"


def part_of(path: str) -> str:
    """Return the name that a disk has while it is made."""
    return path + _PART


def mistakes(wanted: WantedDisk) -> list[str]:
    """Return one sentence for each mistake that is visible without VirtualBox."""
    return list(_mistakes(wanted))


def _mistakes(wanted: WantedDisk) -> Iterator[str]:
    path = PurePath(wanted.path)
    if not path.is_absolute():
        yield f"path: {wanted.path!r} is relative to nothing that lasts; begin it with a slash"
    if "\\" in wanted.path or not wanted.path.isprintable():
        yield f"path: {wanted.path!r} holds a backslash or a control character; VirtualBox loses such disks"
    if path.suffix.lower() != _SUFFIXES[wanted.format]:
        yield f"path: {wanted.path!r} is to be a {wanted.format}; let it end in {_SUFFIXES[wanted.format]}"
    given = [key for key in ("raw", "clone_of", "size") if getattr(wanted, key)]
    if wanted.state == "present" and len(given) != 1:
        stated = " and ".join(given) or "nothing"
        yield f"path: {stated} says what {wanted.path!r} is made of; give one of raw, clone_of and size"
    if wanted.size < 0:
        yield f"size: {wanted.size} MiB is no size; give 1 or more"
    if wanted.clone_of == wanted.path:
        yield f"clone_of: {wanted.path!r} is the disk itself; name another one"


def plan(
    wanted: WantedDisk,
    there: Disk | None,
    source: Disk | None = None,
    *,
    lost: Disk | None = None,
    has_part: bool = False,
) -> DiskPlan:
    """Return what leads from the disk there is, or None, to what is wanted: one that is there stays.

    `source` is the disk that it is a clone of. `lost` is a disk that was there, and of which VirtualBox still
    knows. `has_part` says that a run has left half of the disk.
    """
    if wanted.state == "present" and lost is not None and (lost.users or lost.has_children):
        users = ", ".join(lost.users) or "other disks"
        return DiskPlan(
            problem=f"path: the file {wanted.path} is gone, and {users} still had it; another disk would not "
            "fit there. Put the file back, or detach it first (module virtualbox_vm, drives)"
        )
    if wanted.state == "present" and there is None and source is not None and source.has_children:
        users = ", ".join(source.users) or "no machine"
        return DiskPlan(
            problem=f"clone_of: {wanted.clone_of} is as it was at a snapshot ({users}), and what was written "
            "since would be missing; delete the snapshots first (module virtualbox_snapshot)"
        )
    if wanted.state == "present":
        return DiskPlan(make=there is None)
    if there is None:
        return DiskPlan(drop=has_part)
    if there.mark != wanted.path:
        kept = f"path: {wanted.path} is a disk that this module has not made, so it stays"
        return DiskPlan(drop=has_part, kept=kept)
    if there.users:
        users = ", ".join(there.users)
        return DiskPlan(problem=f"path: {wanted.path} is attached to {users}; detach it first")
    return DiskPlan(delete=True, drop=has_part)


def making(wanted: WantedDisk, path: str) -> Arguments:
    """Return VBoxManage's arguments that make the disk, at `path`."""
    if wanted.raw:
        return ("convertfromraw", wanted.raw, path, "--format", wanted.format)
    if wanted.clone_of:
        return ("clonemedium", "disk", wanted.clone_of, path, "--format", wanted.format)
    return ("createmedium", "disk", "--filename", path, "--size", str(wanted.size), "--format", wanted.format)
