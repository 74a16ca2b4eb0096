"""What an observer writes on its server's console, and how it is found there again.

A line is a mark, the number of characters and the CRC-32 of what follows, and a record as JSON. The kernel,
cloud-init and systemd write to the same console and may tear a line: only whole ones are taken. Kept small:
slow guests import it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

MARK = "LAB-OBSERVER"
LINE_LIMIT = 2000
"""Characters that a line should not exceed; only a flow with a very long path makes a longer one."""

_HEADER = re.compile(MARK + r" (\d{1,6}) ([0-9a-f]{8}) ")
_DETAIL_LIMIT = 120


@dataclass(frozen=True)
class Record:
    """One line: a round of probes, or a part of it where a line is too short for all flows.

    ``run`` names the observer's process and ``sequence`` counts its rounds from 1, so that neither a clock
    nor a restart matters; ``time`` (UTC, ISO 8601) is when the round began by the server's clock. ``known``
    is the number of flows the observer has. Each of ``flows`` has ``id`` (the probe's command) and either
    ``verdict``, ``detail``, ``started`` and ``seconds`` (and ``via``), or ``error``. Each of ``addresses``
    has ``interface``, ``address`` (with its prefix) and ``dynamic``, and ``lease`` (seconds left) if it is;
    ``gateway`` is that of the default route or empty.
    """

    run: str
    sequence: int
    time: str
    known: int
    flows: tuple[Mapping[str, Any], ...]
    addresses: tuple[Mapping[str, Any], ...]
    gateway: str


def lines(record: Record) -> list[str]:
    """A round's lines, without their ends: one, or as many as its flows need."""
    flows = [_printable(flow) for flow in record.flows]
    room = LINE_LIMIT - len(_line(replace(record, flows=())))
    parts: list[list[Mapping[str, Any]]] = [[]]
    used = 0
    for flow in flows:
        size = len(_compact(flow)) + 1
        if parts[-1] and used + size > room:
            parts.append([])
            used = 0
        parts[-1].append(flow)
        used += size
    return [_line(replace(record, flows=tuple(part))) for part in parts]


def records(text: str) -> list[Record]:
    """The records of a console's text in their order; whatever else is there is passed over."""
    return list(_records(text.replace("\r", "")))


def _records(text: str) -> Iterator[Record]:
    place = 0
    while found := _HEADER.search(text, place):
        body = text[found.end() : found.end() + int(found[1])]
        whole = len(body) == int(found[1]) and _checksum(body) == found[2]
        # A torn line may hold the next one, so only a whole line is skipped.
        place = found.end() + (len(body) if whole else 0)
        if whole and (record := _record(body)) is not None:
            yield record


def _record(body: str) -> Record | None:
    """The record of a whole line; None if another version of the observer wrote it."""
    try:
        values = json.loads(body)
        return Record(**{**values, "flows": tuple(values["flows"]), "addresses": tuple(values["addresses"])})
    except (ValueError, TypeError, KeyError):
        return None


def _line(record: Record) -> str:
    body = _compact(asdict(record))
    return f"{MARK} {len(body)} {_checksum(body)} {body}"


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def _printable(flow: Mapping[str, Any]) -> Mapping[str, Any]:
    """The flow with what a destination has answered cut short, and without characters a console swallows."""
    if "detail" not in flow:
        return flow
    detail = "".join(character if character.isprintable() else "?" for character in flow["detail"])
    return {**flow, "detail": detail[:_DETAIL_LIMIT]}
