"""What VBoxManage prints about machines and media, as values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .model import (
    ATTACHMENTS,
    BOOT_PLACES,
    BUSES,
    CARDS,
    NETWORKS,
    NO_HISTORY,
    Card,
    Controller,
    Drive,
    Forward,
    History,
    Machine,
    Place,
)
from .showvminfo import Pair


@dataclass(frozen=True, slots=True)
class Medium:
    """A registered disk. `parent` is the id of the one that it differs from, empty for a whole disk.

    `users` are the machines that it is attached to, with their snapshots, as VBoxManage names them.
    """

    uuid: str
    path: str
    parent: str = ""
    users: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


def machine(
    pairs: Sequence[Pair],
    mark: str = "",
    media: Sequence[Medium] = (),
    history: History = NO_HISTORY,
    imported: str = "",
) -> Machine:
    """Return the machine that `showvminfo` tells of.

    A disk that a snapshot has put in front of another one counts as that: `media` are all that are
    registered.
    """
    values = dict(pairs)
    controllers = dict(_controllers(values))
    return Machine(
        name=values["name"],
        uuid=values["UUID"],
        state=values["VMState"],
        mark=mark,
        cpus=int(values["cpus"]),
        memory=int(values["memory"]),
        video_memory=int(values["vram"]),
        firmware=values["firmware"].lower(),
        boot_order=tuple(values[f"boot{place}"] for place in range(1, BOOT_PLACES + 1)),
        cards=_cards(pairs),
        controllers=controllers,
        drives=dict(_drives(values, controllers, {medium.uuid: medium for medium in media})),
        consoles=dict(_consoles(values)),
        history=history,
        settings=values["CfgFile"],
        imported=imported,
    )


def _cards(pairs: Sequence[Pair]) -> dict[int, Card]:
    values = dict(pairs)
    forwards = _forwards(pairs)
    return {
        number: Card(
            attachment,
            values.get(f"{NETWORKS.get(attachment, attachment)}{number}"),
            values.get(f"nictype{number}"),
            values.get(f"macaddress{number}"),
            frozenset(forwards.get(number, ())),
            values.get(f"cableconnected{number}") != "off",
        )
        for number in range(1, CARDS + 1)
        if (attachment := values.get(f"nic{number}", "none")) != ATTACHMENTS[-1]
    }


def _forwards(pairs: Sequence[Pair]) -> dict[int, list[Forward]]:
    """Return each card's rules: they follow the card."""
    found: dict[int, list[Forward]] = {}
    number = 0
    for key, value in pairs:
        if card := re.fullmatch(r"nic(\d+)", key):
            number = int(card[1])
        elif re.fullmatch(r"Forwarding\(\d+\)", key):
            name, protocol, host_ip, host_port, guest_ip, guest_port = value.rsplit(",", 5)
            found.setdefault(number, []).append(
                Forward(name, protocol, host_ip, int(host_port), guest_ip, int(guest_port))
            )
    return found


def _controllers(values: Mapping[str, str]) -> Iterator[tuple[str, Controller]]:
    number = 0
    while (name := values.get(f"storagecontrollername{number}")) is not None:
        chip = values[f"storagecontrollertype{number}"]
        bus = next((label for label, bus in BUSES.items() if chip in bus.chips), "")
        yield name, Controller(bus, chip, int(values[f"storagecontrollerportcount{number}"]))
        number += 1


def _drives(
    values: Mapping[str, str], controllers: Mapping[str, Controller], media: Mapping[str, Medium]
) -> Iterator[tuple[Place, Drive]]:
    for name in controllers:
        for key, value in values.items():
            found = re.fullmatch(rf"{re.escape(name)}-(\d+)-(\d+)", key)
            if not found or value == "none":
                continue
            place = Place(name, int(found[1]), int(found[2]))
            if f"{name}-IsEjected-{place.port}-{place.device}" in values:
                yield place, Drive("dvddrive", "" if value == "emptydrive" else value)
            else:
                uuid = values.get(f"{name}-ImageUUID-{place.port}-{place.device}", "")
                whole = whole_disk(uuid, media)
                # Of one that is not registered nobody knows.
                is_difference = whole is None or whole.uuid != uuid
                yield place, Drive("hdd", whole.path if whole else value, is_difference)


def whole_disk(uuid: str, media: Mapping[str, Medium]) -> Medium | None:
    """Return the disk at the root of the differences that end in `uuid`; None if it is not registered."""
    medium = media.get(uuid)
    while medium is not None and medium.parent:
        medium = media.get(medium.parent)
    return medium


def _consoles(values: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    for number in range(1, 5):
        kind, separator, file = values.get(f"uartmode{number}", "").partition(",")
        if separator and kind == "file":
            yield number, file


def media(text: str) -> list[Medium]:
    """Return the disks that `list hdds --long` or `showmediuminfo` tells of."""
    return [_medium(stanza) for stanza in _stanzas(text) if "UUID" in stanza]


def _medium(stanza: Mapping[str, str]) -> Medium:
    parent = stanza.get("Parent UUID", "base")
    return Medium(
        uuid=stanza["UUID"],
        path=stanza.get("Location", ""),
        parent="" if parent == "base" else parent,
        users=_lines(stanza.get("In use by VMs", "")),
        children=_lines(stanza.get("Child UUIDs", "")),
    )


def _lines(text: str) -> tuple[str, ...]:
    # Not splitlines: a name may hold what Python takes for the end of a line and VBoxManage does not.
    return tuple(filter(None, text.split("\n")))


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """Yield blocks of `Key: value`; a line that begins with spaces is one more value of the key before.

    A description may hold any lines, and VBoxManage prints the type after it.
    """
    stanza: dict[str, str] = {}
    key = before = ""
    for line in text.split("\n"):
        if key == "Description" and not line.startswith("Type:"):
            continue
        found = re.fullmatch(r"([A-Z][\w ]*):\s*(.*)", line)
        if found and found[1] == "UUID" and not before.strip():
            if stanza:
                yield stanza
            stanza = {}
        if found:
            key = found[1]
            # A property may be there several times; none of them counts.
            stanza.setdefault(key, found[2])
        elif line.strip() and line[0].isspace() and key:
            stanza[key] += "\n" + line.strip()
        before = line
    if stanza:
        yield stanza


def extra_data(text: str) -> str:
    """Return the value that `getextradata` prints; empty if there is none."""
    found = re.fullmatch(r"Value: (.*?)\n?", text, re.DOTALL)
    return found[1] if found else ""
