"""What a machine's settings file says of its snapshots.

VBoxManage prints names and descriptions without escaping them, so that one can pass for another, and prints
nowhere for programs which snapshots hold memory and whether something has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from .model import History, Snapshot


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
        yield Snapshot(own, one.get("name", ""), uuid, bool(one.get("stateFile")))
        for children in one.iterfind("{*}Snapshots"):
            yield from _snapshots(children, own)
