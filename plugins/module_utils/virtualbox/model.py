"""What is asked for and what there is, as frozen values; and the mistakes that show without VirtualBox."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

MARK = "cloud-lab/machine"
"""The key of a machine's extra data by which it is known as made here; its value is the machine's name."""

_HALF = ".cloud-lab-import"


def half_of(name: str) -> str:
    """Return the name that a machine has while it is imported: one that nobody else would give.

    So it is known as ours before it can be marked. What has the name is deleted when an import begins anew.
    """
    return name + _HALF


PROTOCOLS = ("tcp", "udp")
ATTACHMENTS = ("nat", "hostonly", "bridged", "intnet", "none")
NETWORKS: Mapping[str, str] = {
    "nat": "natnet",
    "hostonly": "hostonlyadapter",
    "bridged": "bridgeadapter",
    "intnet": "intnet",
}
"""What VBoxManage calls that which a card is attached to, by the kind of the attachment."""
DEVICES = ("Am79C970A", "Am79C973", "82540EM", "82543GC", "82545EM", "virtio")
"""The network cards that a guest can see, as VirtualBox prints them."""


@dataclass(frozen=True, slots=True)
class Bus:
    """A kind of storage controller.

    It has its chips, as VirtualBox prints them, the fewest and most ports, and how many devices each takes.
    """

    chips: tuple[str, ...]
    ports: tuple[int, int]
    devices: int = 1


BUSES: Mapping[str, Bus] = {
    "ide": Bus(("PIIX4", "PIIX3", "ICH6"), (2, 2), 2),
    "sata": Bus(("IntelAhci",), (1, 30)),
    "scsi": Bus(("LsiLogic", "BusLogic"), (16, 16)),
    "virtio-scsi": Bus(("VirtioSCSI",), (1, 256)),
}
CHIPS = tuple(chip for bus in BUSES.values() for chip in bus.chips if chip != "VirtioSCSI")
"""The chips that VBoxManage takes by the name that it prints; of virtio-scsi there is only one."""

FIRMWARE = ("bios", "efi")
BOOT_DEVICES = ("disk", "dvd", "net", "floppy", "none")
BOOT_PLACES = 4
CARDS = 8
MEMORY_RANGE = (4, 2097152)
"""MiB that VirtualBox gives to a machine."""
VIDEO_MEMORY_RANGE = (1, 256)
"""MiB."""
CPU_RANGE = (1, 64)

DEAD = "gurumeditation"
"""The state of a machine that VirtualBox could not go on with; its process stays until it is powered off."""

EVERYWHERE = ("", "0.0.0.0")
"""What stands for every address of the host."""

NAT_PREFIX = 27
"""The longest prefix of a network behind a NAT: its DHCP gives out the addresses from the 15th."""

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""What VirtualBox takes for an identifier, whatever has it as a name."""

_NAME_LIMIT = 200
_NOT_IN_A_NAME = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
_NOT_IN_A_RULE = re.compile(r'[,"\\\x00-\x1f\x7f]')


@dataclass(frozen=True, slots=True, order=True)
class Forward:
    """A rule of a card's NAT.

    An empty `host_ip` is every address of the host, an empty `guest_ip` the guest's own.
    """

    name: str
    protocol: str
    host_ip: str
    host_port: int
    guest_ip: str
    guest_port: int

    @property
    def rule(self) -> str:
        """The rule as VBoxManage takes and prints it."""
        return (
            f"{self.name},{self.protocol},{self.host_ip},{self.host_port},{self.guest_ip},{self.guest_port}"
        )

    @property
    def line(self) -> str:
        """The rule for people."""
        host = f"{self.host_ip or '*'}:{self.host_port}"
        return f"{self.name}: {self.protocol} {host} -> {self.guest_ip or 'guest'}:{self.guest_port}"

    def meets(self, other: Forward) -> bool:
        """Whether the host can listen for one of the two only."""
        same = (self.protocol, self.host_port) == (other.protocol, other.host_port)
        addresses = {self.host_ip, other.host_ip}
        return same and (len(addresses) == 1 or not addresses.isdisjoint(EVERYWHERE))


@dataclass(frozen=True, slots=True)
class Card:
    """A network card. None means that it is left as it is, or that VirtualBox chooses.

    `network` is what it is attached to: the NAT's addresses (such as 10.0.2.0/24), the host's interface, or
    the internal network's name. `mac` has twelve hexadecimal digits. `is_connected` is whether the cable is
    plugged in.
    """

    attachment: str = "nat"
    network: str | None = None
    device: str | None = None
    mac: str | None = None
    forwards: frozenset[Forward] | None = None
    is_connected: bool | None = None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a medium is attached."""

    controller: str
    port: int = 0
    device: int = 0

    @property
    def where(self) -> str:
        """The place for people."""
        return f"{self.controller} {self.port}:{self.device}"


@dataclass(frozen=True, slots=True)
class Drive:
    """What is attached at a place: `kind` is hdd or dvddrive, `medium` a path or empty.

    `is_difference` says that a snapshot has put another disk in front of the medium.
    """

    kind: str
    medium: str
    is_difference: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Controller:
    """A storage controller. `bus` is one of `BUSES` or empty, `chip` is VirtualBox's name for it."""

    bus: str = ""
    chip: str | None = None
    ports: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; None means that it is left as it is.

    `cards` are by their number from 1, `consoles` are files of the host that get what the guest writes on
    its serial ports, by the port's number from 1. With `controllers`, these and no others are there, and with
    `drives` these and no others. `force` is the consent to power a machine off, or to lose its saved state.
    """

    name: str
    state: str = "present"
    os_type: str | None = None
    folder: str | None = None
    cpus: int | None = None
    memory: int | None = None
    video_memory: int | None = None
    firmware: str | None = None
    boot_order: tuple[str, ...] | None = None
    cards: Mapping[int, Card] = field(default_factory=dict)
    controllers: Mapping[str, Controller] | None = None
    drives: Mapping[Place, Drive] | None = None
    consoles: Mapping[int, str] = field(default_factory=dict)
    force: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A machine as it was. `parent` is the identifier of the one before, empty for the first.

    `memory` and `forwards` are the MiB and the port forwards that the machine had, 0 where VirtualBox says
    nothing of it.
    """

    uuid: str
    name: str
    parent: str = ""
    has_memory: bool = False
    memory: int = 0
    forwards: tuple[Forward, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """A machine's snapshots, each after its parent.

    `current` is the identifier of the one that the machine goes on from, empty if there is none.
    `is_modified` says whether something may have changed since.
    """

    snapshots: tuple[Snapshot, ...] = ()
    current: str = ""
    is_modified: bool = True


NO_HISTORY = History()


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of VirtualBox. `mark` is its extra data under `MARK`, empty for a machine of somebody else.

    `settings` is its settings file, `imported` the file that it was imported from. `state` is VirtualBox's
    word, such as running, poweroff, saved, aborted or paused."""

    name: str
    uuid: str = ""
    state: str = "poweroff"
    mark: str = ""
    cpus: int = 0
    memory: int = 0
    video_memory: int = 0
    firmware: str = ""
    boot_order: tuple[str, ...] = ()
    cards: Mapping[int, Card] = field(default_factory=dict)
    controllers: Mapping[str, Controller] = field(default_factory=dict)
    drives: Mapping[Place, Drive] = field(default_factory=dict)
    consoles: Mapping[int, str] = field(default_factory=dict)
    history: History = NO_HISTORY
    settings: str = ""
    imported: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether the machine was made here."""
        return self.mark == self.name or self.is_half

    @property
    def is_half(self) -> bool:
        """Whether an import has not ended that makes the machine."""
        return self.name.endswith(_HALF)

    @property
    def is_up(self) -> bool:
        """Whether a process runs the machine."""
        return self.state in ("running", "paused", "starting", "restoring", DEAD)


def normal(path: str) -> str:
    """Return an absolute path as VirtualBox writes it; a relative one as it is."""
    return os.path.normpath("/" + path.lstrip("/")) if path.startswith("/") else path


def repeated(option: str, names: Sequence[str]) -> list[str]:
    """Return one sentence for each name that is there more than once."""
    return [
        f"{option}: {name} is there more than once; leave it out where it comes later"
        for name in sorted(set(names))
        if names.count(name) > 1
    ]


def mistakes(wanted: Wanted) -> list[str]:
    """Return one sentence for each mistake that is visible without VirtualBox."""
    return [
        *name_mistakes(wanted.name),
        *_range_mistakes("cpus", wanted.cpus, CPU_RANGE, ""),
        *_range_mistakes("memory", wanted.memory, MEMORY_RANGE, " MiB"),
        *_range_mistakes("video_memory", wanted.video_memory, VIDEO_MEMORY_RANGE, " MiB"),
        *_path_mistakes("folder", wanted.folder),
        *(mistake for file in wanted.consoles.values() for mistake in _path_mistakes("console", file)),
        *_boot_mistakes(wanted.boot_order or ()),
        *(mistake for number, card in wanted.cards.items() for mistake in _card_mistakes(number, card)),
        *_doubled_forwards(wanted.cards),
        *_controller_mistakes(wanted.controllers or {}),
        *_drive_mistakes(wanted.drives or {}),
    ]


def name_mistakes(name: str) -> Iterator[str]:
    """Yield a sentence if a machine cannot have the name."""
    if not name[:1].isalnum() or name != name.strip():
        yield f"name: {name!r} is no name of a machine; begin it with a letter or a digit"
    elif len(name) > _NAME_LIMIT:
        yield f"name: {name[:20] + '...'!r} has {len(name)} characters; use at most {_NAME_LIMIT}"
    elif UUID.fullmatch(name):
        yield f"name: {name!r} is an identifier, which VirtualBox gives; choose a name"
    elif name.endswith(_HALF):
        yield f"name: {name!r} is the name of a machine whose import has not ended; leave out {_HALF}"
    elif found := _NOT_IN_A_NAME.search(name):
        yield (
            f"name: {name!r} holds {found[0]!r}, which the name of a directory cannot on every system; "
            "leave it out"
        )


def _range_mistakes(option: str, value: int | None, allowed: tuple[int, int], unit: str) -> Iterator[str]:
    lowest, highest = allowed
    to = "" if lowest == highest else f" to {highest}"
    if value is not None and not lowest <= value <= highest:
        yield f"{option}: {value}{unit} is not possible; use {lowest}{to}"


def _path_mistakes(option: str, path: str | None) -> Iterator[str]:
    if path is not None and not path.startswith("/"):
        yield f"{option}: {path!r} is relative to nothing that lasts; begin it with a slash"
    elif path is not None and not path.isprintable():
        yield f"{option}: {path!r} holds a control character; leave it out"


def _boot_mistakes(order: tuple[str, ...]) -> Iterator[str]:
    if len(order) > BOOT_PLACES:
        yield f"boot_order: {', '.join(order)} are more than {BOOT_PLACES} devices; leave some out"
    for device in sorted({device for device in order if order.count(device) > 1 and device != "none"}):
        yield f"boot_order: {device} is there more than once; leave it out where it comes later"


def _card_mistakes(number: int, card: Card) -> Iterator[str]:
    where = f"nics[{number - 1}]"
    if number > CARDS:
        yield f"{where}: a machine has {CARDS} network cards at most; leave it out"
    if card.attachment == "none":
        stated = [key for key in ("network", "device", "mac", "forwards") if getattr(card, key)]
        stated += [] if card.is_connected is None else ["connected"]
        if stated:
            yield f"{where}: none takes the card away, with its {' and '.join(stated)}; leave them out"
        return
    if card.attachment == "nat" and card.network is not None:
        try:
            if IPv4Network(card.network).prefixlen > NAT_PREFIX:
                yield f"{where}.network: {card.network} is too small; use /{NAT_PREFIX} or larger"
        except ValueError as error:
            yield f"{where}.network: {card.network!r} is no network ({error}); write it like 10.0.2.0/24"
    if card.attachment in ("hostonly", "bridged", "intnet") and not card.network:
        yield f"{where}.network: {card.attachment} needs the interface's or the network's name; give it"
    if card.mac is not None and not re.fullmatch(r"[0-9A-Fa-f]{12}", card.mac):
        yield f"{where}.mac: {card.mac!r} is no address; write it with twelve hexadecimal digits alone"
    elif card.mac is not None and int(card.mac[1], 16) % 2:
        yield f"{where}.mac: {card.mac!r} is an address of many cards; let its second digit be even"
    if card.forwards and card.attachment != "nat":
        yield f"{where}.forwards: {card.attachment} has no address translation; use nat, or leave them out"
    for forward in sorted(card.forwards or ()):
        yield from _forward_mistakes(f"{where}.forwards", forward)


def _forward_mistakes(where: str, forward: Forward) -> Iterator[str]:
    if not forward.name or _NOT_IN_A_RULE.search(forward.name):
        yield (
            f"{where}: {forward.name!r} is no name of a rule; use some characters, but no commas, quotes or "
            "backslashes"
        )
    where = f"{where} {forward.name}"
    for key in ("host_port", "guest_port"):
        port = getattr(forward, key)
        if not 1 <= port <= 65535:
            yield f"{where}: {key} is {port}; use 1 to 65535"
    for key in ("host_ip", "guest_ip"):
        address = getattr(forward, key)
        if not address:
            continue
        try:
            IPv4Address(address)
        except ValueError:
            yield f"{where}: {key} {address!r} is no address; write it like 10.0.2.15"


def _doubled_forwards(cards: Mapping[int, Card]) -> Iterator[str]:
    seen: list[Forward] = []
    for number, card in sorted(cards.items()):
        names: set[str] = set()
        for forward in sorted(card.forwards or ()):
            if forward.name in names:
                yield f"nics[{number - 1}].forwards: {forward.name} is there twice; rename one of the rules"
            names.add(forward.name)
            if other := next(filter(forward.meets, seen), None):
                host = f"{forward.host_ip or '*'}:{forward.host_port}"
                yield (
                    f"nics[{number - 1}].forwards {forward.name}: {host} is that of {other.name} too; "
                    "choose another host_port"
                )
            seen.append(forward)


def _controller_mistakes(controllers: Mapping[str, Controller]) -> Iterator[str]:
    for label, controller in sorted(controllers.items()):
        bus = BUSES[controller.bus]
        if controller.chip is not None and controller.chip not in bus.chips:
            yield (
                f"controllers: {label} cannot have the chip {controller.chip} on {controller.bus}; use "
                f"{' or '.join(bus.chips)}, or leave it out"
            )
        yield from _range_mistakes(f"controllers: ports of {label}", controller.ports, bus.ports, "")


def _drive_mistakes(drives: Mapping[Place, Drive]) -> Iterator[str]:
    users: set[str] = set()
    for place, drive in sorted(drives.items()):
        if place.port < 0 or place.device < 0:
            yield f"drives: {place.where} is no place; count ports and devices from 0"
        if drive.medium and not drive.medium.startswith("/"):
            yield f"drives: {drive.medium!r} is relative to nothing that lasts; begin it with a slash"
        if drive.kind != "hdd":
            continue
        if not drive.medium:
            yield f"drives: {place.where} has a disk without a medium; name its file"
        elif drive.medium in users:
            yield f"drives: {drive.medium} is attached twice; clone it for {place.where}"
        users.add(drive.medium)
