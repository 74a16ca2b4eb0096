"""The plan: a pure function of what is asked for and of the machine there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import PurePath

from .model import (
    BOOT_PLACES,
    BUSES,
    DEAD,
    MARK,
    NETWORKS,
    Card,
    Controller,
    Forward,
    Machine,
    Place,
    Wanted,
    half_of,
)

Arguments = tuple[str, ...]

SERIAL_PORTS: Mapping[int, tuple[str, str]] = {1: ("0x3F8", "4"), 2: ("0x2F8", "3")}
"""The address and interrupt of a PC's serial ports, by their number."""

GONE = "poweroff", "aborted"
"""The states of a machine that nothing runs and that has nothing to lose."""
LOSABLE = "saved", "aborted-saved"

_PASSING: Mapping[str, tuple[str, ...]] = {
    "started": ("starting", "restoring"),
    "stopped": ("starting", "restoring", DEAD),
    "absent": ("starting", "restoring", DEAD),
}
"""The passing states from which VirtualBox brings a machine to the one that is asked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call of VBoxManage, with what it changes for people.

    A step without a line belongs to the one before. `wait` is the state that the machine has to reach
    afterwards, empty for none.
    """

    arguments: Arguments
    line: str = ""
    wait: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between what is there and what is asked for.

    `offline` are VBoxManage's arguments for a machine that is off, each a call, `online` those for one that
    runs, empty where VirtualBox cannot do it then.
    """

    line: str
    offline: tuple[Arguments, ...]
    online: tuple[Arguments, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in order, or the problems that forbid them. `kept` says what of somebody else stays."""

    steps: tuple[Step, ...] = ()
    problems: tuple[str, ...] = ()
    kept: str = ""

    @property
    def lines(self) -> list[str]:
        """What changes, one line each."""
        return [step.line for step in self.steps if step.line]

    @property
    def text(self) -> str:
        """The lines as a text."""
        return "".join(f"{line}\n" for line in self.lines)


def make_plan(wanted: Wanted, machine: Machine | None) -> Plan:
    """Return what leads from the machine there is, or None, to what is wanted."""
    if machine is None:
        if wanted.state == "absent":
            return Plan()
        # VirtualBox gives a new machine one card, and what it thinks the guest's system likes; a stated card
        # is written.
        cards = {number: Card("none" if number > 1 else "", is_connected=True) for number in wanted.cards}
        machine = Machine(wanted.name, mark=wanted.name, cards=cards)
        problems = [*_strays(wanted, machine), *_misplaced(wanted, machine)]
        return refused(*problems) if problems else _created(wanted, machine)
    if not machine.is_ours:
        return refused(
            f"name: there is a machine {wanted.name!r} that this module has not made; choose another name, "
            "or remove it yourself. If it is one that was killed while it was made, say so: VBoxManage "
            f"setextradata {wanted.name!r} {MARK} {wanted.name!r}"
        )
    if problem := _unreachable(wanted, machine):
        return refused(problem)
    if wanted.state == "absent":
        return _absent(wanted, machine)
    return _converged(wanted, machine)


def _unreachable(wanted: Wanted, machine: Machine) -> str:
    """Return why a machine does not get from its state to the one that is asked for; empty if it does."""
    state = machine.state
    if wanted.state == "present" or state in ("running", "paused", *GONE, *LOSABLE):
        return ""
    # The power button is for a guest that runs; these are powered off.
    with_consent = wanted.force or wanted.state == "started"
    if with_consent and state in _PASSING.get(wanted.state, ()):
        return ""
    remedy = (
        "consent to power it off with state: stopped and force: true"
        if state == DEAD
        else "run this again when that has ended"
    )
    return f"name: {wanted.name!r} is {state} and cannot be {wanted.state} from there; {remedy}"


def removal(wanted: Wanted, machine: Machine | None, half: Machine | None) -> Plan:
    """Return what removes a machine, and what an import that was interrupted has left of it."""
    plans = make_plan(wanted, machine), make_plan(replace(wanted, name=half_of(wanted.name)), half)
    if problems := [problem for plan in plans for problem in plan.problems]:
        return refused(*problems)
    return Plan(tuple(step for plan in plans for step in plan.steps))


def refused(*problems: str) -> Plan:
    """Return a plan that does nothing."""
    return Plan(problems=problems)


def without_machine(name: str) -> Plan:
    """Return the plan for something that needs a machine where there is none of that name."""
    return refused(
        f"machine: VirtualBox has no machine {name!r} here; name another, or make it first (module "
        "virtualbox_vm)"
    )


def _created(wanted: Wanted, machine: Machine) -> Plan:
    arguments: Arguments = ("createvm", "--name", wanted.name, "--register")
    if wanted.os_type is not None:
        arguments += ("--ostype", wanted.os_type)
    if wanted.folder is not None:
        arguments += ("--basefolder", wanted.folder)
    steps = [
        Step(arguments, f"+ machine {wanted.name}"),
        # At once, so that hardly any run is killed that does not know its own machine again.
        Step(("setextradata", wanted.name, MARK, wanted.name)),
    ]
    changes = differences(wanted, machine)
    steps += [step for change in changes for step in _steps(change.line, change.offline)]
    steps += _arriving(wanted, "poweroff")
    return Plan(tuple(steps))


def _converged(wanted: Wanted, machine: Machine) -> Plan:
    if problems := [
        *_strays(wanted, machine),
        *(list(_misplaced(wanted, machine)) or _lost_disks(wanted, machine)),
    ]:
        return refused(*problems)
    changes = differences(wanted, machine)
    if machine.state in GONE or not changes:
        steps = [step for change in changes for step in _steps(change.line, change.offline)]
        return _with_state(wanted, machine.state, steps)
    # What the target state ends anyway is changed afterwards.
    if wanted.state == "stopped":
        before = _leaving(wanted, machine)
        if before.problems:
            return before
        steps = [step for change in changes for step in _steps(change.line, change.offline)]
        return Plan((*before.steps, *steps))
    all_online = all(change.online for change in changes)
    online = [step for change in changes for step in _steps(change.line, change.online)]
    is_online = machine.state in ("running", "paused")
    if is_online and all_online:
        return _with_state(wanted, machine.state, online)
    if machine.state in LOSABLE and all_online and wanted.state == "started":
        return Plan((*_arriving(wanted, machine.state), *online))
    # A machine that was powered off for its changes has nothing to save any more, whoever consents.
    if wanted.state == "saved" or not wanted.force:
        lines = "; ".join(change.line for change in changes if not (is_online and change.online))
        where = "runs or is off" if all_online else "is off"
        first = "started" if all_online and machine.state in LOSABLE else "stopped"
        consent = "" if wanted.state == "saved" else ", or consent with force: true"
        return refused(
            f"name: {wanted.name!r} is {machine.state}, and VirtualBox changes this only in a machine that "
            f"{where}: {lines}. Bring it there first (state: {first}){consent}"
        )
    before = _leaving(wanted, machine)
    steps = [step for change in changes for step in _steps(change.line, change.offline)]
    target = "started" if machine.is_up and wanted.state == "present" else wanted.state
    after = _arriving(wanted, "poweroff", target)
    return Plan((*before.steps, *steps, *after))


def _with_state(wanted: Wanted, state: str, steps: list[Step]) -> Plan:
    """Add what leads from `state` to the one that is wanted."""
    if wanted.state == "stopped" and state not in GONE:
        return _leaving(wanted, Machine(wanted.name, state=state, mark=wanted.name))
    return Plan((*steps, *_arriving(wanted, state)))


def _arriving(wanted: Wanted, state: str, target: str = "") -> list[Step]:
    """Return the steps to a state that loses nothing."""
    target = target or wanted.state
    name = wanted.name
    if target == "started":
        if state == "paused":
            return [Step(("controlvm", name, "resume"), f"~ machine {name} (resumed)", "running")]
        if state not in ("running", "starting", "restoring"):
            how = "restored" if state in LOSABLE else "started"
            return [Step(("startvm", name, "--type", "headless"), f"~ machine {name} ({how})", "running")]
    if target == "saved" and state in ("running", "paused"):
        return [Step(("controlvm", name, "savestate"), f"~ machine {name} (saved)", "saved")]
    return []


def _leaving(wanted: Wanted, machine: Machine) -> Plan:
    """Return what brings a machine to a stop: its power button, or with consent its plug."""
    name = wanted.name
    if machine.state in LOSABLE:
        if not wanted.force:
            return refused(
                f"name: {name!r} is saved, and what it was doing would be lost; start it, "
                "or consent with force: true"
            )
        return Plan((Step(("discardstate", name), f"~ machine {name} (saved state discarded)", "poweroff"),))
    if wanted.force:
        return Plan((Step(("controlvm", name, "poweroff"), f"~ machine {name} (powered off)", "poweroff"),))
    button = ("controlvm", name, "acpipowerbutton")
    pressing = Step(button, f"~ machine {name} (stopped by its power button)", "poweroff")
    # VirtualBox refuses to press the button of a paused machine.
    return Plan((*(_arriving(wanted, "paused", "started") if machine.state == "paused" else ()), pressing))


def _absent(wanted: Wanted, machine: Machine) -> Plan:
    name = wanted.name
    steps: list[Step] = []
    if machine.history.snapshots and not wanted.force:
        names = ", ".join(snapshot.name for snapshot in machine.history.snapshots)
        return refused(
            f"name: {name!r} has the snapshots {names}, which would go with it; delete them first (module "
            "virtualbox_snapshot), or consent with force: true"
        )
    if machine.state not in GONE:
        if not wanted.force:
            return refused(
                f"name: {name!r} is {machine.state}; stop it first (state: stopped), or consent with "
                "force: true"
            )
        steps += _leaving(wanted, machine).steps
    # The last first: what came after one would be in its way. Their differences are merged into the disks.
    steps += [
        Step(("snapshot", name, "delete", snapshot.uuid), f"- snapshot {snapshot.name}")
        for snapshot in reversed(machine.history.snapshots)
    ]
    # Unregistering deletes what is attached, whoever made it. Where an import has not ended, the disks in the
    # machine's directory, which has its name, are the import's.
    own = PurePath(machine.settings).parent if machine.is_half else None
    steps += [
        Step(_attach(name, place, "hdd", "none"))
        for place, drive in sorted(machine.drives.items())
        if PurePath(drive.medium).parent != own
    ]
    steps.append(Step(("unregistervm", name, "--delete"), f"- machine {name}"))
    return Plan(tuple(steps))


def _steps(line: str, calls: tuple[Arguments, ...]) -> Iterator[Step]:
    for number, arguments in enumerate(calls):
        yield Step(arguments, "" if number else line)


def differences(wanted: Wanted, machine: Machine) -> list[Change]:
    """Return what is stated and different, in the order in which VirtualBox takes it."""
    return [
        *_hardware(wanted, machine),
        *(
            change
            for number, card in sorted(wanted.cards.items())
            for change in _card(wanted.name, number, card, machine.cards.get(number, Card("none")))
        ),
        *_storage(wanted, machine),
    ]


def _modify(name: str, *arguments: str) -> Arguments:
    return ("modifyvm", name, *arguments)


def _hardware(wanted: Wanted, machine: Machine) -> Iterator[Change]:
    name = wanted.name
    simple = (
        ("cpus", "cpus", wanted.cpus, machine.cpus),
        ("memory", "memory", wanted.memory, machine.memory),
        ("video memory", "vram", wanted.video_memory, machine.video_memory),
        ("firmware", "firmware", wanted.firmware, machine.firmware),
    )
    for what, option, value, there in simple:
        if value is not None and value != there:
            yield Change(f"~ {what} {there or '?'} -> {value}", (_modify(name, f"--{option}", str(value)),))
    if wanted.boot_order is not None:
        order = (*wanted.boot_order, *("none",) * BOOT_PLACES)[:BOOT_PLACES]
        if order != machine.boot_order:
            options = [part for place, device in enumerate(order, 1) for part in (f"--boot{place}", device)]
            there = ", ".join(machine.boot_order) or "?"
            yield Change(f"~ boot order {there} -> {', '.join(order)}", (_modify(name, *options),))
    for number, file in sorted(wanted.consoles.items()):
        if file != machine.consoles.get(number):
            address, interrupt = SERIAL_PORTS[number]
            options = [f"--uart{number}", address, interrupt, f"--uartmode{number}", "file", file]
            there = machine.consoles.get(number, "none")
            yield Change(f"~ serial port {number} {there} -> {file}", (_modify(name, *options),))


def _card(name: str, number: int, wanted: Card, there: Card) -> Iterator[Change]:
    options: list[str] = []
    if wanted.attachment != there.attachment:
        options += [f"--nic{number}", wanted.attachment]
    if wanted.network is not None and (
        wanted.network != there.network or wanted.attachment != there.attachment
    ):
        options += [f"--{NETWORKS[wanted.attachment]}{number}", wanted.network]
    if wanted.device is not None and wanted.device != there.device:
        options += [f"--nictype{number}", wanted.device]
    if wanted.mac is not None and wanted.mac.upper() != (there.mac or "").upper():
        options += [f"--macaddress{number}", wanted.mac]
    if options:
        words = " -> ".join(filter(None, (_words(there, wanted), _words(wanted, wanted))))
        yield Change(f"~ network card {number} ({words})", (_modify(name, *options),))
    if wanted.is_connected is not None and wanted.is_connected != there.is_connected:
        switch = "on" if wanted.is_connected else "off"
        yield Change(
            f"~ cable of network card {number} ({'plugged in' if wanted.is_connected else 'unplugged'})",
            (_modify(name, f"--cableconnected{number}", switch),),
            (("controlvm", name, f"setlinkstate{number}", switch),),
        )
    if wanted.forwards is not None:
        yield from _forwards(name, number, wanted.forwards, there.forwards or frozenset())


def _words(card: Card, wanted: Card) -> str:
    """Return a card for people, with what is stated of the one that is wanted."""
    stated = [key for key in ("network", "device", "mac") if getattr(wanted, key) is not None]
    return " ".join(filter(None, (card.attachment, *(getattr(card, key) for key in stated))))


def _forwards(
    name: str, number: int, wanted: frozenset[Forward], there: frozenset[Forward]
) -> Iterator[Change]:
    """Compare rules as a set: one that differs is taken away under its name and added anew."""
    for rule in sorted(there - wanted):
        yield Change(
            f"- port forward {rule.line}",
            (_modify(name, f"--natpf{number}", "delete", rule.name),),
            (("controlvm", name, f"natpf{number}", "delete", rule.name),),
        )
    for rule in sorted(wanted - there):
        yield Change(
            f"+ port forward {rule.line}",
            (_modify(name, f"--natpf{number}", rule.rule),),
            (("controlvm", name, f"natpf{number}", rule.rule),),
        )


def _strays(wanted: Wanted, machine: Machine) -> Iterator[str]:
    """Yield a sentence for each port forward that leads past the network behind its card."""
    for number, card in sorted(wanted.cards.items()):
        network = _nat_network(number, card, machine.cards.get(number, card))
        for rule in sorted(card.forwards or ()):
            if rule.guest_ip and network is not None and IPv4Address(rule.guest_ip) not in network:
                yield (
                    f"nics[{number - 1}].forwards {rule.name}: guest_ip {rule.guest_ip} is not in the NAT's "
                    f"network {network}; choose one that is"
                )


def _nat_network(number: int, wanted: Card, there: Card) -> IPv4Network | None:
    """Return the addresses behind a card; None where VirtualBox has put them in other words."""
    stated = wanted.network or (there.network if there.attachment == "nat" else None)
    try:
        # VirtualBox's own choice for each card.
        return IPv4Network(f"10.0.{number + 1}.0/24" if stated in (None, "nat") else stated, strict=False)
    except ValueError:
        return None


def _storage(wanted: Wanted, machine: Machine) -> Iterator[Change]:
    """Detach, remove, add and attach, in this order: a controller goes when it is empty."""
    name = wanted.name
    controllers = machine.controllers if wanted.controllers is None else wanted.controllers
    drives = machine.drives if wanted.drives is None else wanted.drives
    rebuilt = _rebuilt(wanted, machine)
    gone = _gone(wanted, machine)
    # VirtualBox attaches no disk that is still attached elsewhere.
    moved = {
        drive.medium
        for place, drive in drives.items()
        if drive.kind == "hdd" and machine.drives.get(place) != drive
    }
    detached = {
        place
        for place, drive in machine.drives.items()
        if place not in drives
        or place.controller in gone
        or drives[place].kind != drive.kind
        or (drive.kind == "hdd" and drive.medium in moved)
    }
    for place in sorted(detached):
        drive = machine.drives[place]
        yield Change(
            f"- {drive.kind} {place.where}: {drive.medium or 'empty'}",
            (_attach(name, place, drive.kind, "none"),),
        )
    for label in sorted(gone):
        yield Change(f"- storage controller {label}", (("storagectl", name, "--name", label, "--remove"),))
    for label, controller in controllers.items():
        if label in rebuilt or label not in machine.controllers:
            options: Arguments = ("storagectl", name, "--name", label, "--add", controller.bus)
            if controller.chip is not None:
                options += ("--controller", controller.chip)
            if controller.ports is not None:
                options += ("--portcount", str(controller.ports))
            yield Change(f"+ storage controller {label} ({controller.bus})", (options,))
    for place, drive in sorted(drives.items()):
        there = None if place in detached else machine.drives.get(place)
        if there != drive:
            change = f"{drive.kind} {place.where}: "
            before = f"~ {change}{there.medium or 'empty'} -> " if there else f"+ {change}"
            yield Change(
                before + (drive.medium or "empty"),
                (_attach(name, place, drive.kind, drive.medium or "emptydrive"),),
            )


def _misplaced(wanted: Wanted, machine: Machine) -> Iterator[str]:
    """Yield a sentence for each drive that would have no place."""
    controllers = machine.controllers if wanted.controllers is None else wanted.controllers
    drives = machine.drives if wanted.drives is None else wanted.drives
    option = "controllers" if wanted.drives is None else "drives"
    for place, drive in sorted(drives.items()):
        what = drive.medium or f"the {drive.kind}"
        controller = controllers.get(place.controller)
        if controller is None:
            yield (
                f"{option}: there would be no controller {place.controller} for {what} ({place.where}); "
                "state it in controllers, or another place in drives"
            )
        elif bus := BUSES.get(controller.bus):
            # VirtualBox adds ports to one that is there, and a stated number of them would not stay.
            stated = controller.ports if wanted.controllers is not None else None
            ports = stated or bus.ports[1]
            if place.port >= ports or place.device >= bus.devices:
                yield (
                    f"{option}: {what} cannot be at {place.where}, where the last place is {ports - 1}:"
                    f"{bus.devices - 1}; choose another in drives, or more ports"
                )


def _lost_disks(wanted: Wanted, machine: Machine) -> Iterator[str]:
    """Yield why a machine with snapshots cannot be changed so: it would lose what is on its disks.

    A disk that comes back gets a new difference from the snapshot; what was written since is in the old one,
    which nothing uses any more.
    """
    drives = machine.drives if wanted.drives is None else wanted.drives
    gone = _gone(wanted, machine)
    lost = sorted(
        place
        for place, drive in machine.drives.items()
        # One that was attached after the last snapshot is the whole disk, and loses nothing.
        if drive.is_difference and (place.controller in gone or drives.get(place) != drive)
    )
    if not lost or not machine.history.snapshots:
        return
    option = "drives" if wanted.drives is not None else "controllers"
    places = ", ".join(f"{machine.drives[place].medium} ({place.where})" for place in lost)
    names = ", ".join(snapshot.name for snapshot in machine.history.snapshots)
    yield (
        f"{option}: this would detach {places} from {wanted.name!r}, and lose what was written there since "
        f"the snapshots {names}; delete those first (module virtualbox_snapshot), or leave it where it is"
    )


def _gone(wanted: Wanted, machine: Machine) -> set[str]:
    """Return the controllers that are removed, to be made anew or not."""
    if wanted.controllers is None:
        return set()
    return machine.controllers.keys() - wanted.controllers.keys() | _rebuilt(wanted, machine)


def _rebuilt(wanted: Wanted, machine: Machine) -> set[str]:
    """Return the controllers that are made anew."""
    return {
        label
        for label, there in machine.controllers.items()
        if _is_another((wanted.controllers or {}).get(label), there)
    }


def _is_another(wanted: Controller | None, there: Controller) -> bool:
    """Whether a controller that stays has to be made anew."""
    if wanted is None:
        return False
    stated = ((wanted.bus, there.bus), (wanted.chip, there.chip), (wanted.ports, there.ports))
    return any(value is not None and value != other for value, other in stated)


def _attach(name: str, place: Place, kind: str, medium: str) -> Arguments:
    where = ("--storagectl", place.controller, "--port", str(place.port), "--device", str(place.device))
    return ("storageattach", name, *where, "--type", kind, "--medium", medium)


def ends_in_vain(step: Step, state: str) -> bool:
    """Whether a machine in this state does not get to where the step should bring it."""
    if state == DEAD:
        return step.arguments[-1] != "poweroff"
    return step.wait not in GONE and state in (*GONE, "aborted-saved")


def starts(steps: Iterable[Step]) -> bool:
    """Whether the steps start the machine."""
    return any(step.arguments[0] == "startvm" for step in steps)


def needed(wanted: Wanted, machine: Machine | None) -> int:
    """Return the MiB that the host must have free to start the machine; what it holds it gives back."""
    there = machine.memory if machine else 0
    return (wanted.memory or there) - (there if machine and machine.is_up else 0)


def uncovers(wanted: Wanted, machine: Machine) -> bool:
    """Whether a card gets rules beside those that it has kept while it was attached to something else."""
    return any(
        card.forwards is not None and machine.cards.get(number, Card("none")).attachment != "nat"
        for number, card in wanted.cards.items()
    )


def opened(wanted: Wanted, machine: Machine | None) -> list[Forward]:
    """Return the rules for which the host begins to listen when the plan is carried out."""
    after = {number: card.forwards for number, card in (machine.cards if machine else {}).items()}
    for number, card in wanted.cards.items():
        if card.forwards is not None or card.attachment != "nat":
            after[number] = card.forwards
    is_up = machine is not None and machine.is_up
    if wanted.state != "started" and not (wanted.state == "present" and is_up):
        return []
    return sorted(not_listened((rule for rules in after.values() for rule in rules or ()), machine))


def not_listened(rules: Iterable[Forward], machine: Machine | None) -> Iterator[Forward]:
    """Yield the rules for which the machine does not listen.

    Where one of its rules is it listens itself, and stops when that one is renamed or moved.
    """
    cards = machine.cards.values() if machine is not None and machine.is_up else ()
    listened = [rule for card in cards for rule in card.forwards or ()]
    return (rule for rule in rules if not any(rule.meets(other) for other in listened))
