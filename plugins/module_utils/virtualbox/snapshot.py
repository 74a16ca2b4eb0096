"""A snapshot: what is asked for, and what leads there from the machine there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .model import UUID, Forward, Machine, Snapshot
from .plan import GONE, LOSABLE, Plan, Step, not_listened, refused, without_machine

TAKES = ("running", "paused", "saved", *GONE)
"""The states in which a snapshot is taken of a machine."""

_NAME_LIMIT = 255


@dataclass(frozen=True, slots=True)
class WantedSnapshot:
    """What is asked for. `name` may be an identifier where the snapshot is there.

    `force` is the consent to lose what a machine is doing.
    """

    machine: str
    name: str
    state: str = "present"
    force: bool = False


def mistakes(wanted: WantedSnapshot) -> list[str]:
    """Return one sentence for each mistake that is visible without VirtualBox."""
    return list(_mistakes(wanted))


def _mistakes(wanted: WantedSnapshot) -> Iterator[str]:
    name = wanted.name
    if not name or name != name.strip() or not name.isprintable():
        yield (
            f"name: {name!r} is no name of a snapshot; use printable characters, without a space at either "
            "end"
        )
    elif len(name) > _NAME_LIMIT:
        yield f"name: {name[:20] + '...'!r} has {len(name)} characters; use at most {_NAME_LIMIT}"
    elif name.startswith("-"):
        yield f"name: {name!r} would be an option of VBoxManage; begin it with another character"
    elif wanted.state == "present" and UUID.fullmatch(name.strip("{}")):
        yield f"name: {name!r} is an identifier, which VirtualBox gives; choose a name"
    if not wanted.machine:
        yield "machine: '' names no machine; give the name of one"


def make_plan(wanted: WantedSnapshot, machine: Machine | None) -> Plan:
    """Return what leads from the machine's snapshots to what is wanted."""
    if machine is None:
        # With a machine its snapshots are gone.
        return Plan() if wanted.state == "absent" else without_machine(wanted.machine)
    if not machine.is_ours:
        return refused(
            f"machine: {wanted.machine!r} is a machine that the module virtualbox_vm has not made; name "
            "another, or do this by hand"
        )
    found = named(wanted.name, machine)
    if len(found) > 1:
        ids = ", ".join(sorted(snapshot.uuid for snapshot in found))
        return refused(
            f"name: {wanted.name!r} is the name of {len(found)} snapshots of {machine.name!r}; give the "
            f"identifier of one instead ({ids})"
        )
    snapshot = found[0] if found else None
    if wanted.state == "present":
        return Plan() if snapshot else _taken(wanted, machine)
    if wanted.state == "absent":
        return _deleted(snapshot, machine) if snapshot else Plan()
    return _restored(wanted, snapshot, machine) if snapshot else refused(_missing(wanted, machine))


def named(name: str, machine: Machine) -> list[Snapshot]:
    """Return the snapshots that a name can mean: the one with that identifier, or those with that name."""
    by_id = [one for one in machine.history.snapshots if one.uuid == name.strip("{}").lower()]
    return by_id or [one for one in machine.history.snapshots if one.name == name]


def _missing(wanted: WantedSnapshot, machine: Machine) -> str:
    there = ", ".join(sorted(snapshot.name for snapshot in machine.history.snapshots)) or "none"
    return (
        f"name: {wanted.name!r} is no snapshot of {machine.name!r}; name one that is there ({there}), or "
        "take it first (state: present)"
    )


def _taken(wanted: WantedSnapshot, machine: Machine) -> Plan:
    if machine.state not in TAKES:
        return refused(
            f"machine: {machine.name!r} is {machine.state}, and a snapshot is taken of one that is "
            f"{', '.join(TAKES[:-1])} or {TAKES[-1]}; bring it there first (module virtualbox_vm)"
        )
    memory = "" if machine.state in GONE else ", with its memory"
    call = ("snapshot", machine.name, "take", wanted.name)
    return Plan((Step(call, f"+ snapshot {wanted.name} (of {machine.name}{memory})"),))


def _deleted(snapshot: Snapshot, machine: Machine) -> Plan:
    after = [one.name for one in machine.history.snapshots if one.parent == snapshot.uuid]
    if machine.history.current == snapshot.uuid:
        after.append("the machine as it is now")
    if len(after) > 1:
        return refused(
            f"name: {snapshot.name!r} is what {' and '.join(after)} go on from, and VirtualBox merges a "
            "snapshot with one of them only; delete the later snapshots first"
        )
    call = ("snapshot", machine.name, "delete", snapshot.uuid)
    return Plan((Step(call, f"- snapshot {snapshot.name} (of {machine.name})"),))


def needed(wanted: WantedSnapshot, machine: Machine) -> int:
    """Return the MiB that the host must have free to start the machine as it was then."""
    held = machine.memory if machine.is_up else 0
    return max(snapshot.memory for snapshot in named(wanted.name, machine)) - held


def opened(wanted: WantedSnapshot, machine: Machine) -> list[Forward]:
    """Return the rules for which the host begins to listen when the machine is started as it was then."""
    rules = [rule for snapshot in named(wanted.name, machine) for rule in snapshot.forwards]
    return sorted(not_listened(rules, machine))


def _restored(wanted: WantedSnapshot, snapshot: Snapshot, machine: Machine) -> Plan:
    name = machine.name
    starting = Step(
        ("startvm", name, "--type", "headless"),
        f"~ machine {name} ({'goes on from its memory' if snapshot.has_memory else 'started'})",
        "running",
    )
    if (
        machine.history.current == snapshot.uuid
        and not machine.history.is_modified
        and machine.state == ("saved" if snapshot.has_memory else "poweroff")
    ):
        return Plan((starting,) if snapshot.has_memory else ())
    if not machine.is_up and machine.state not in (*GONE, *LOSABLE):
        return refused(f"machine: {name!r} is {machine.state}; run this again when that has ended")
    if (machine.is_up or machine.state in LOSABLE) and not wanted.force:
        return refused(
            f"machine: {name!r} is {machine.state}, and what it is doing would be lost; stop it first "
            "(module virtualbox_vm), or consent with force: true"
        )
    steps = []
    if machine.is_up:
        steps.append(Step(("controlvm", name, "poweroff"), f"~ machine {name} (powered off)", "poweroff"))
    call = ("snapshot", name, "restore", snapshot.uuid)
    steps.append(Step(call, f"~ machine {name} (restored to {snapshot.name})"))
    if machine.is_up or snapshot.has_memory:
        steps.append(starting)
    return Plan(tuple(steps))
