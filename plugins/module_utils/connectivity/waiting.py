"""Decides from the records of a console whether enough has been seen of the flows that are asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .console import Record
from .declare import describe
from .observe import observation, target_of
from .probe import Observation, Outcome
from .verdicts import BLOCKED, LOST, agrees

_NEGATIVE_ATTEMPTS = 2


@dataclass(frozen=True)
class Mark:
    """A place in an observer's records: its process and the number of the round."""

    run: str
    sequence: int


@dataclass(frozen=True)
class View:
    """What the console has shown so far.

    ``observations`` are of the flows that were seen often enough, in the form of the module
    connectivity_probe; ``waiting`` names those that are not done, and ``faults`` what no waiting can cure.
    """

    observations: tuple[dict[str, Any], ...]
    waiting: tuple[str, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Patience:
    """Seconds: until the observer is heard, from then on until all verdicts show, and between two looks."""

    boot: float
    verdicts: float
    poll: float


class WaitError(Exception):
    """Why the flows cannot be judged, in words that follow the server's name."""


def newest(records: Sequence[Record]) -> Mark | None:
    """The place of the last record."""
    return Mark(records[-1].run, records[-1].sequence) if records else None


def begun_after(since: Mark | None, records: Sequence[Record]) -> list[Record]:
    """The records of rounds that began after ``since`` was the newest that could be read.

    The round after it may have begun before, so its probes tell nothing about what has changed since; the
    same is true of the first round of a process that had not yet been heard of.
    """
    last = max(
        (
            place
            for place, record in enumerate(records)
            if since and record.run == since.run and record.sequence <= since.sequence
        ),
        default=-1,
    )
    return [
        record
        for record in records[last + 1 :]
        if record.sequence >= (since.sequence if since and record.run == since.run else 0) + 2
    ]


def view(flows: Sequence[Mapping[str, Any]], records: Sequence[Record], since: Mark | None) -> View:
    """What ``records`` say about ``flows`` (as the module connectivity_plan gives them) after ``since``.

    A flow that should be lost or blocked is done when the last two times agree, any other flow when the last
    time does.
    """
    observations, waiting = [], []
    after = begun_after(since, records)
    for flow in flows:
        seen = list(_seen(flow, after))
        needed = _NEGATIVE_ATTEMPTS if flow["expected"] in (LOST, BLOCKED) else 1
        if len(seen) >= needed:
            observations.append(_observation(flow, seen))
        last = [str(entry["verdict"]) for entry in seen[-needed:]]
        if len(last) < needed or not all(agrees(flow["expected"], verdict) for verdict in last):
            waiting.append(f"{_name(flow)}: {last[-1] if last else 'nothing'} seen")
    return View(tuple(observations), tuple(waiting), tuple(_faults(flows, after)))


def wait(
    look: Callable[[], Sequence[Record]],
    flows: Sequence[Mapping[str, Any]],
    since: Mark | None,
    patience: Patience,
) -> tuple[View, Record]:
    """Look until every flow is done or the time is over; the last view and the newest record.

    Without ``since`` the first look says from where on records count. Raises `WaitError` when there is
    nothing to judge the flows by.
    """
    begin = time.monotonic()
    records = look()
    since = since or newest(records)
    heard: float | None = None
    while True:
        now = time.monotonic()
        if begun_after(since, records):
            heard = now if heard is None else heard
            seen = view(flows, records, since)
            if seen.faults:
                raise WaitError("; ".join(seen.faults))
            over = now - heard >= patience.verdicts
            if not seen.waiting or (over and len(seen.observations) == len(flows)):
                return seen, records[-1]
            if over:
                raise WaitError(
                    f"within {patience.verdicts:g} s too few whole lines of the observer were read: "
                    f"{'; '.join(seen.waiting)}"
                )
        elif now - begin >= patience.boot:
            raise WaitError(_silence(records, patience.boot))
        time.sleep(patience.poll)
        records = look()


def _silence(records: Sequence[Record], seconds: float) -> str:
    if not records:
        return f"no observer has written on the console within {seconds:g} s"
    return f"the observer has written nothing on the console within {seconds:g} s, since {records[-1].time}"


def _seen(flow: Mapping[str, Any], records: Sequence[Record]) -> Iterator[Mapping[str, Any]]:
    command = target_of(flow).command
    for record in records:
        yield from (entry for entry in record.flows if entry["id"] == command and "verdict" in entry)


def _observation(flow: Mapping[str, Any], seen: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first, last = seen[0], seen[-1]
    # Both times are by the server's clock, which may be set in between.
    between = (_time(last["started"]) - _time(first["started"])).total_seconds()
    seconds = round(max(between, 0.0) + last["seconds"], 3)
    outcome = Outcome(last["verdict"], last["detail"])
    via = last.get("via", "") if flow.get("via") else ""
    return observation(flow, Observation(outcome, first["started"], seconds, len(seen)), via)


def _faults(flows: Sequence[Mapping[str, Any]], records: Sequence[Record]) -> Iterator[str]:
    """What the newest process cannot do; whether a flow is unknown shows when all of its flows were read."""
    entries = {
        entry["id"]: entry for record in records if record.run == records[-1].run for entry in record.flows
    }
    complete = bool(records) and len(entries) == records[-1].known
    for flow in flows:
        entry = entries.get(target_of(flow).command)
        if entry is None:
            if complete:
                yield f"{_name(flow)}: the observer does not try it ({target_of(flow).command})"
        elif "error" in entry:
            yield f"{_name(flow)}: {entry['error']}"
        elif flow.get("via") and "via" not in entry:
            yield f"{_name(flow)}: the observer does not look up its next hop"


def _name(flow: Mapping[str, Any]) -> str:
    return f"{flow['id']} ({describe(flow)})"


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
