"""A machine in one file: what is asked for, what there is, and what follows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from .model import MARK, Machine, Wanted, half_of, name_mistakes
from .plan import GONE, Plan, Step, refused, without_machine
from .plan import make_plan as make_plan_of_machine
from .showvminfo import Pair

IMPORTED = "cloud-lab/imported"
"""The key of a machine's extra data with the file that it was imported from."""

EXPORTS = ("saved", *GONE)
"""The states in which VirtualBox exports a machine: with its disks, without its memory."""

_SUFFIX = ".ova"
_AND = "; "


@dataclass(frozen=True, slots=True)
class WantedAppliance:
    """What is asked for: the machine in the file, a machine of the file, or neither (`absent`).

    `force` is the consent to replace a file that was not made of the machine.
    """

    path: str
    machine: str = ""
    state: str = "exported"
    folder: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True, order=True)
class File:
    """A file as it is on the disk; `changed` are the nanoseconds of its last change."""

    path: str
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class There:
    """What there is: the file, the machine, and `half`, the machine that an import has not finished.

    `content` stands for all that an export of the machine would hold. `exported` is what VirtualBox's extra
    data say of the file, `part` is what an export that has not ended has made.
    """

    file: File | None = None
    machine: Machine | None = None
    content: str = ""
    exported: str = ""
    half: Machine | None = None
    part: File | None = None


def part_of(path: str) -> str:
    """Return the name that a file has while it is made: one that nobody else would give, with the same end.

    VirtualBox goes by the end, and what has the name is deleted when the file is made again.
    """
    return path.removesuffix(_SUFFIX) + ".cloud-lab-part" + _SUFFIX


def export_key(path: str) -> str:
    """Return the key of VirtualBox's global extra data with what is known of a file made here."""
    return f"cloud-lab/exported{path}"


def note(machine: Machine, content: str, file: File) -> str:
    """Return what is kept about a file: what it was made of, and how to know it again."""
    return f"{machine.uuid} {content} {file.size} {file.changed}"


def replacing(note: str, there: There) -> str:
    """Return what is kept while a file takes the place of the one that is there: either is known then."""
    return _AND.join([note, *_notes(there)])


def _notes(there: There) -> list[str]:
    """Return what is kept about the file that is there; nothing of one that was not made here."""
    file = there.file
    return [
        note
        for note in there.exported.split(_AND)
        if file is not None and note.endswith(f" {file.size} {file.changed}")
    ]


def attached(pairs: Iterable[Pair]) -> list[str]:
    """Return the files at a machine's controllers, those that a snapshot has put in front of others too."""
    values = dict(pairs)
    places = (re.fullmatch(r"(.*)-ImageUUID-(\d+-\d+)", key) for key in values)
    return [values[f"{place[1]}-{place[2]}"] for place in places if place]


def content(pairs: Iterable[Pair], disks: Iterable[File]) -> str:
    """Return a digest of a machine that is off: everything VirtualBox says of it, and its disks' last change.

    It changes whenever the machine has run in between, and with every setting.
    """
    values = [f"{key}={value}" for key, value in pairs]
    files = [f"{disk.path} {disk.size} {disk.changed}" for disk in sorted(disks)]
    return hashlib.sha256("\0".join([*values, *files]).encode()).hexdigest()


def mistakes(wanted: WantedAppliance) -> list[str]:
    """Return one sentence for each mistake that is visible without VirtualBox."""
    return list(_mistakes(wanted))


def _mistakes(wanted: WantedAppliance) -> Iterator[str]:
    if not PurePath(wanted.path).is_absolute():
        yield f"path: {wanted.path!r} is relative to nothing that lasts; begin it with a slash"
    if not wanted.path.endswith(_SUFFIX):
        yield f"path: {wanted.path!r} is to hold a machine in one file; let it end in {_SUFFIX}"
    for mistake in name_mistakes(wanted.machine) if wanted.state != "absent" else ():
        yield mistake.replace("name: ", "machine: ", 1)
    if wanted.state == "imported" and not PurePath(wanted.folder).is_absolute():
        yield f"folder: {wanted.folder!r} is relative to nothing that lasts; begin it with a slash"


def make_plan(wanted: WantedAppliance, there: There) -> Plan:
    """Return what leads from what there is to what is wanted."""
    if wanted.state == "absent":
        return _absent(wanted, there)
    return _exported(wanted, there) if wanted.state == "exported" else _imported(wanted, there)


def _absent(wanted: WantedAppliance, there: There) -> Plan:
    # Without the file the note about it is of no use.
    forgetting = ("setextradata", "global", export_key(wanted.path))
    is_kept = there.file is not None and not _notes(there)
    return Plan(
        tuple(Step(forgetting, f"- file {path}") for path in removed(wanted, there)),
        kept=f"path: {wanted.path} is a file that this module has not made, so it stays" if is_kept else "",
    )


def removed(wanted: WantedAppliance, there: There) -> list[str]:
    """Return the files that are deleted where none is wanted."""
    made = [wanted.path] if _notes(there) else []
    return made + ([there.part.path] if there.part else [])


def _exported(wanted: WantedAppliance, there: There) -> Plan:
    machine, file = there.machine, there.file
    if machine is None:
        return without_machine(wanted.machine)
    if machine.state not in EXPORTS:
        return refused(
            f"machine: {machine.name!r} is {machine.state}, and its disks change; stop it or save it first "
            "(module virtualbox_vm)"
        )
    if file is not None and note(machine, there.content, file) in _notes(there):
        return Plan()
    is_of_it = any(note.startswith(f"{machine.uuid} ") for note in _notes(there))
    if file is not None and not is_of_it and not wanted.force:
        return refused(
            f"path: {wanted.path} is a file that this module has not made of {machine.name!r}; name another, "
            "or consent to lose it with force: true"
        )
    sign = "+" if file is None else "~"
    call = ("export", machine.name, "--output", part_of(wanted.path))
    return Plan((Step(call, f"{sign} file {wanted.path} (of machine {machine.name})"),))


def _imported(wanted: WantedAppliance, there: There) -> Plan:
    name, machine, half = wanted.machine, there.machine, half_of(wanted.machine)
    if machine is not None:
        if machine.is_ours and machine.imported == wanted.path:
            return Plan()
        return refused(
            f"machine: there is a machine {name!r} that was not imported from {wanted.path}; choose another "
            "name, or remove it first"
        )
    # Last, after its disks have got their places, so that a machine of that name is a whole one.
    naming = ("modifyvm", half, "--name", name)
    if there.half is not None and (there.half.mark, there.half.imported) == (name, wanted.path):
        return Plan((Step(naming, f"~ machine {name} (import of {wanted.path} finished)"),))
    # VirtualBox may have registered one before its disks were there. While it makes them, it removes none.
    before = make_plan_of_machine(Wanted(half, state="absent"), there.half)
    if before.problems:
        return refused(*(problem.replace("name: ", "machine: ", 1) for problem in before.problems))
    options = ("--vsys", "0", "--vmname", half, "--basefolder", wanted.folder)
    return Plan(
        (
            *before.steps,
            Step(
                ("import", wanted.path, "--options", "importtovdi", *options),
                f"+ machine {name} (of {wanted.path})",
            ),
            Step(("setextradata", half, IMPORTED, wanted.path)),
            Step(("setextradata", half, MARK, name)),
            Step(naming),
        )
    )


def imports(plan: Plan) -> bool:
    """Whether the plan makes a machine of the file."""
    return any(step.arguments[0] == "import" for step in plan.steps)


def disk_paths(machine: Machine) -> list[str]:
    """Return the files of a machine's disks, by their places."""
    return [drive.medium for _, drive in sorted(machine.drives.items()) if drive.kind == "hdd"]


def disk_path(wanted: WantedAppliance, number: int) -> str:
    """Return where a disk of an imported machine shall be, by its number from 1."""
    suffix = "" if number == 1 else f"-{number}"
    return str(PurePath(wanted.folder, f"{wanted.machine}{suffix}.vdi"))
