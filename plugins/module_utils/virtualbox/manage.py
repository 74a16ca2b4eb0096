"""The edge to VirtualBox: run VBoxManage, read machines and media, carry out steps."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import socket
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

from . import appliance
from .appliance import IMPORTED, File, There, WantedAppliance, disk_paths, export_key
from .disk import Disk, WantedDisk, making, mark_key, part_of
from .errors import explained
from .model import MARK, Card, Forward, Machine, half_of
from .plan import GONE, Step, ends_in_vain, starts
from .settings import history, kept
from .showvminfo import Pair, pairs
from .state import Medium, extra_data, machine, media

Content = TypeVar("Content")
Result = tuple[int, str, str]
"""A command's exit status and what it wrote to its two streams."""

_POLL_SECONDS = 0.5
_NOT_FOUND = "VBOX_E_OBJECT_NOT_FOUND"
_PASSING = ("Failed to create the VirtualBox object", "The session is not locked (session state: Unlocked)")
"""What a command says that came while the daemon, or the process of the machine it asked for, was ending."""
_ATTEMPTS = 8


class ManageError(Exception):
    """VirtualBox is not there, or refuses; the message says what, why and what helps."""


def environment() -> dict[str, str]:
    """Return what VBoxManage needs of the environment.

    It finds the daemon by the user's name: without it, or under another one, a second daemon would answer.
    Without a locale it cannot read names that are not ASCII.
    """
    user = pwd.getpwuid(os.getuid())
    return {"USER": user.pw_name, "LOGNAME": user.pw_name, "HOME": user.pw_dir, "LC_ALL": "C.UTF-8"}


class Manager:
    """VirtualBox on this machine; every method raises `ManageError`."""

    def __init__(self, program: str, run: Callable[[Sequence[str]], Result]) -> None:
        if not os.access(program, os.X_OK):
            raise ManageError(
                f"program: there is no {program} here; install VirtualBox, or name the place of its "
                "VBoxManage"
            )
        self._program = program
        self._run = run

    def _try(self, arguments: Sequence[str]) -> Result:
        """Run VBoxManage, again where what it asked was ending: the daemon stays a few idle seconds."""
        for _ in range(_ATTEMPTS - 1):
            status, output, errors = self._run([self._program, *arguments])
            if status == 0 or not any(words in errors for words in _PASSING):
                return status, output, errors
            time.sleep(_POLL_SECONDS)
        return self._run([self._program, *arguments])

    def call(self, arguments: Sequence[str]) -> str:
        """Run VBoxManage and return what it prints."""
        status, output, errors = self._try(arguments)
        if status:
            raise ManageError(f"VBoxManage {' '.join(arguments[:2])}: {explained(errors or output)}")
        return output

    def machine(self, name: str) -> Machine | None:
        """Return a machine; None if there is none of that name."""
        values = self._pairs(name)
        if not values:
            return None
        return machine(
            values,
            self._noted(name, MARK),
            self.media(),
            _read(dict(values)["CfgFile"], history),
            self._noted(name, IMPORTED),
        )

    def with_kept_rules(self, machine: Machine) -> Machine:
        """Return a machine with what its cards keep for a NAT as well, of which VBoxManage prints nothing."""
        rules = _read(machine.settings, kept)
        cards = {
            number: replace(card, forwards=rules.get(number, card.forwards))
            for number in {*machine.cards, *rules}
            if (card := machine.cards.get(number, Card("none"))).attachment != "nat"
        }
        return replace(machine, cards={**machine.cards, **cards})

    def _pairs(self, name: str) -> list[Pair]:
        """Return what VirtualBox says of a machine; nothing if there is none of that name."""
        status, output, errors = self._try(["showvminfo", name, "--machinereadable"])
        if status and _NOT_FOUND in errors:
            return []
        if status:
            raise ManageError(f"name: {name!r} cannot be looked at: {explained(errors or output)}")
        values = pairs(output)
        if "VMState" not in dict(values):
            raise ManageError(
                f"name: VirtualBox cannot read the settings file of {name!r}; VBoxManage showvminfo says "
                "why. Mend that, or have it forget the machine (VBoxManage unregistervm)"
            )
        return values

    def _noted(self, name: str, key: str) -> str:
        """Return a value of a machine's extra data, or of VirtualBox's own (`global`)."""
        return extra_data(self.call(["getextradata", name, key]))

    def media(self) -> list[Medium]:
        """Return all registered disks."""
        return media(self.call(["list", "hdds", "--long"]))

    def disk(self, path: str) -> Disk | None:
        """Return a disk, registered or not; None if there is no such file."""
        if not Path(path).exists():
            return None
        (found,) = media(self.call(["showmediuminfo", "disk", path]))
        return Disk(
            found.uuid, self._noted("global", mark_key(found.uuid)), found.users, bool(found.children)
        )

    def lost(self, path: str) -> Disk | None:
        """Return what VirtualBox still knows of a disk whose file is gone."""
        if Path(path).exists():
            return None
        found = next((medium for medium in self.media() if medium.path == path), None)
        return Disk(found.uuid, "", found.users, bool(found.children)) if found else None

    def make(self, want: WantedDisk) -> None:
        """Make a disk under another name, mark it as ours, and give it its name: nobody sees half of it."""
        part = part_of(want.path)
        with _alone_in(Path(want.path).parent):
            self.drop(want.path)
            if lost := self.lost(want.path):
                self.call(["closemedium", "disk", lost.uuid])
            self.call(making(want, part))
            (made,) = media(self.call(["showmediuminfo", "disk", part]))
            if any(medium.uuid == made.uuid for medium in self.media()):
                self.call(["closemedium", "disk", part])
            _refuse_another(want.path, None)
            self.call(["setextradata", "global", mark_key(made.uuid), want.path])
            Path(part).rename(want.path)

    def delete(self, path: str, disk: Disk) -> None:
        """Delete a disk and its mark."""
        self.call(["closemedium", "disk", path, "--delete"])
        self.call(["setextradata", "global", mark_key(disk.uuid)])

    def drop(self, path: str) -> None:
        """Remove what a run that was killed has left of a disk."""
        part = part_of(path)
        if any(medium.path == part for medium in self.media()):
            self.call(["closemedium", "disk", part])
        _delete(part)

    def appliance(self, want: WantedAppliance) -> There:
        """Return the file and the machine, and what is known of the two."""
        values = self._pairs(want.machine) if want.machine else []
        there = There(
            file_of(want.path),
            exported=self._noted("global", export_key(want.path)),
            part=file_of(appliance.part_of(want.path)),
        )
        if values:
            disks = filter(None, map(file_of, appliance.attached(values)))
            return replace(
                there, machine=self.machine(want.machine), content=appliance.content(values, disks)
            )
        if want.state == "imported":
            return replace(there, half=self.machine(half_of(want.machine)))
        return there

    def export(self, want: WantedAppliance, there: There, steps: Iterable[Step]) -> None:
        """Make a file under another name, note of what, and give it its name: nobody sees half of it."""
        part = Path(appliance.part_of(want.path))
        _delete(str(part))
        self.carry_out(want.machine, steps, 0)
        made = file_of(str(part))
        if made is None or there.machine is None:
            raise ManageError(f"path: VirtualBox has exported {want.machine!r}, and there is no {part}")
        _refuse_another(want.path, there.file)
        note = appliance.note(there.machine, there.content, made)
        self.call(["setextradata", "global", export_key(want.path), appliance.replacing(note, there)])
        part.replace(want.path)

    def remove(self, want: WantedAppliance, there: There, steps: Iterable[Step]) -> None:
        """Delete a file and what is left of others, and then what is noted of it."""
        for path in appliance.removed(want, there):
            _delete(path)
        self.carry_out(want.machine, steps, 0)

    def import_(self, want: WantedAppliance, steps: Sequence[Step]) -> None:
        """Make a machine of a file, mark it, move its disks, and give it its name; or go on with that."""
        *making, naming = steps
        self.carry_out(want.machine, making, 0)
        found = self.machine(half_of(want.machine))
        for number, path in enumerate(disk_paths(found) if found else (), 1):
            place = appliance.disk_path(want, number)
            if path != place:
                self._move(path, place)
        self.carry_out(want.machine, [naming], 0)

    def _move(self, path: str, place: str) -> None:
        """Mark a disk as made here, and move it."""
        if Path(place).exists():
            raise ManageError(
                f"folder: there is a file {place} already, where the disk {path} shall be; move it away, and "
                "run this again"
            )
        (found,) = media(self.call(["showmediuminfo", "disk", path]))
        self.call(["setextradata", "global", mark_key(found.uuid), place])
        _, output, errors = self._try(["modifymedium", "disk", found.uuid, "--move", place])
        # Its status is that of a success whatever has happened.
        if not Path(place).exists():
            raise ManageError(
                f"folder: VirtualBox has not moved {path} to {place}: {explained(errors or output)}; mend "
                "that, and run this again"
            )

    def carry_out(self, name: str, steps: Iterable[Step], timeout: float) -> None:
        """Take the steps in order; `timeout` is how long each may take to bring the machine to its state."""
        steps = tuple(steps)
        was_stopped = False
        for step in steps:
            try:
                self.call(step.arguments)
                if step.wait:
                    self._wait(name, step, timeout)
            except ManageError as error:
                if was_stopped and starts(steps):
                    raise ManageError(
                        f"{error}; {name!r} was powered off for this, start it when that is mended (module "
                        "virtualbox_vm, state: started)"
                    ) from error
                raise
            was_stopped = was_stopped or step.arguments[-1] == "poweroff"

    def _wait(self, name: str, step: Step, timeout: float) -> None:
        end = time.monotonic() + timeout
        while True:
            values = dict(pairs(self.call(["showvminfo", name, "--machinereadable"])))
            state = values["VMState"]
            # One that has crashed is off as well.
            reached = state == step.wait or (step.wait in GONE and state in GONE)
            # The session is what still holds the machine when its state is reached.
            if reached and (step.wait == "running" or "SessionName" not in values):
                return
            if ends_in_vain(step, state):
                raise ManageError(
                    f"name: {name!r} is {state} and will not be {step.wait}; read why in its log "
                    f"({values['LogFldr']}/VBox.log), and power it off with force: true if it is not off"
                )
            if time.monotonic() > end:
                remedy = (
                    "; the guest has not followed its power button, consent to power it off with force: true"
                    if "acpipowerbutton" in step.arguments
                    else ""
                )
                raise ManageError(
                    f"name: {name!r} is {state} and not {step.wait} after {timeout:g} s{remedy}"
                )
            time.sleep(_POLL_SECONDS)


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Wait until no other run makes a disk in a directory; two would write the same file."""
    number = os.open(directory, os.O_RDONLY)
    try:
        # Not every file system of a network can lock.
        with suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _refuse_another(path: str, before: File | None) -> None:
    """Raise `ManageError` where somebody has written a file while another was made to take its place."""
    if file_of(path) != before:
        raise ManageError(
            f"path: {path} is another file than when this began, and stays; move it away, and run this again"
        )


def _delete(path: str) -> None:
    """Delete a file if it is there; raises `ManageError` where that is not possible."""
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise ManageError(
            f"path: {path} cannot be deleted: {error.strerror}; let this user write in its directory, "
            "or delete it yourself"
        ) from error


def _read(path: str, reading: Callable[[str], Content]) -> Content:
    """Return what a machine's settings file says."""
    try:
        return reading(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ManageError(f"machine: its settings file {path} cannot be read: {error}") from error


def occupied(forwards: Iterable[Forward], *, is_trial: bool = False) -> Iterator[str]:
    """Yield a sentence for each port forward that the host could not listen for.

    VirtualBox itself starts the machine all the same and notes it in a log. In a trial run the host may be
    yet to get an address.
    """
    for forward in forwards:
        kind = socket.SOCK_STREAM if forward.protocol == "tcp" else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as listener:
            if forward.protocol == "tcp":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((forward.host_ip, forward.host_port))
            except OSError as error:
                if is_trial and error.errno == errno.EADDRNOTAVAIL:
                    continue
                yield f"forwards: {forward.line}: {_refusal(forward, error.errno or 0)}"


def _refusal(forward: Forward, number: int) -> str:
    """Return why the host cannot listen for a port forward, and what helps."""
    if number == errno.EADDRNOTAVAIL:
        return f"the host has no address {forward.host_ip}; give it that address, or name one that it has"
    reason = os.strerror(number).lower()
    return f"the host cannot listen there ({reason}); stop what does, or choose another host_port"


def no_room(name: str, needed: int) -> list[str]:
    """Return a sentence if the host has too little memory to start a machine that takes `needed` MiB."""
    free = free_memory()
    if free is None or needed <= free:
        return []
    return [
        f"memory: {name!r} takes {needed} MiB, and the host has {free} MiB free; give it less, or stop "
        "something"
    ]


def file_of(path: str) -> File | None:
    """Return a file as it is; None if there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return File(path, found.st_size, found.st_mtime_ns)


def systems_in(path: str) -> int:
    """Return how many machines an appliance holds, as its descriptor says; 0 where that cannot be read."""
    try:
        with tarfile.open(path) as appliance:
            # The descriptor is the first file, or VirtualBox would not take it.
            first = appliance.next()
            descriptor = appliance.extractfile(first) if first and first.name.endswith(".ovf") else None
            text = descriptor.read() if descriptor else b""
        return sum(1 for _ in ElementTree.fromstring(text).iterfind(".//{*}VirtualSystem")) if text else 0
    except (OSError, tarfile.TarError, ElementTree.ParseError):
        return 0


def has_files(directory: Path) -> bool:
    """Whether there is anything in a directory. VirtualBox leaves an empty one where an import has failed."""
    return directory.is_dir() and any(directory.iterdir())


def free_memory() -> int | None:
    """Return the MiB that programs can still get; None where that is not known."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    for line in text.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return None
