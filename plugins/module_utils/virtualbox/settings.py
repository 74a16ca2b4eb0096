"""What a machine's settings file says of its snapshots.

VBoxManage prints names and descriptions without escaping them, so that one can pass for another, and prints
nowhere for programs which snapshots hold memory and whether something has changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree import ElementTree

from .model import Forward, History, Snapshot


def history(text: str) -> History:
    """Return what the file says; raises `ValueError` where it cannot be read."""
    machine = _machine(text)
    return History(
        snapshots=tuple(_snapshots(machine, "")),
        current=machine.get("currentSnapshot", "").strip("{}"),
        # VirtualBox writes it only where nothing has changed.
        is_modified=machine.get("currentStateModified", "true") not in ("false", "0"),
    )


def _machine(text: str) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"it is no XML ({error})") from error
    machine = root.find("{*}Machine")
    if machine is None:
        raise ValueError("there is no machine in it that is not encrypted")
    return machine


def _snapshots(parent: ElementTree.Element, uuid: str) -> Iterator[Snapshot]:
    for one in parent.iterfind("{*}Snapshot[@uuid]"):
        own = one.attrib["uuid"].strip("{}")
        memory = one.find("{*}Hardware/{*}Memory")
        yield Snapshot(
            own,
            one.get("name", ""),
            uuid,
            bool(one.get("stateFile")),
            0 if memory is None else int(memory.get("RAMSize", "0")),
            tuple(_forwards(one)),
        )
        for children in one.iterfind("{*}Snapshots"):
            yield from _snapshots(children, own)


def kept(text: str) -> dict[int, frozenset[Forward]]:
    """Return the rules of each card, those too that it keeps while it is attached to something else.

    Raises `ValueError` where the file cannot be read.
    """
    cards = _machine(text).iterfind("{*}Hardware/{*}Network/{*}Adapter")
    return {
        int(card.get("slot", "0")) + 1: frozenset(_rules(card.iterfind(".//{*}NAT/{*}Forwarding")))
        for card in cards
    }


def _forwards(snapshot: ElementTree.Element) -> Iterator[Forward]:
    """Yield the rules of the cards that were translated; a card that was not keeps its rules for later."""
    cards = snapshot.iterfind("{*}Hardware/{*}Network/{*}Adapter[@enabled='true']")
    return _rules(rule for card in cards for rule in card.iterfind("{*}NAT/{*}Forwarding"))


def _rules(elements: Iterable[ElementTree.Element]) -> Iterator[Forward]:
    for rule in elements:
        yield Forward(
            rule.get("name", ""),
            "tcp" if rule.get("proto") == "1" else "udp",
            rule.get("hostip", ""),
            int(rule.get("hostport", "0")),
            rule.get("guestip", ""),
            int(rule.get("guestport", "0")),
        )
