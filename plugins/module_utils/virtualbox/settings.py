"""What a machine's settings file says of its snapshots.

VBoxManage prints names and descriptions without escaping them, so that one can pass for another, and prints
nowhere for programs which snapshots hold memory and whether something has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from .model import Forward, History, Snapshot


def history(text: str) -> History:
    """Return what the file says; raises `ValueError` where it cannot be read."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"it is no XML ({error})") from error
    machine = root.find("{*}Machine")
    if machine is None:
        raise ValueError("there is no machine in it that is not encrypted")
    return History(
        snapshots=tuple(_snapshots(machine, "")),
        current=machine.get("currentSnapshot", "").strip("{}"),
        # VirtualBox writes it only where nothing has changed.
        is_modified=machine.get("currentStateModified", "true") not in ("false", "0"),
    )


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


def _forwards(snapshot: ElementTree.Element) -> Iterator[Forward]:
    """Yield the rules of the cards that were translated; a card that was not keeps its rules for later."""
    cards = snapshot.iterfind("{*}Hardware/{*}Network/{*}Adapter[@enabled='true']")
    for rule in (rule for card in cards for rule in card.iterfind("{*}NAT/{*}Forwarding")):
        yield Forward(
            rule.get("name", ""),
            "tcp" if rule.get("proto") == "1" else "udp",
            rule.get("hostip", ""),
            int(rule.get("hostport", "0")),
            rule.get("guestip", ""),
            int(rule.get("guestport", "0")),
        )
