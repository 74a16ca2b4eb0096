"""Holds what was observed against what was declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .declare import Record, service
from .verdicts import REACHABLE, REFUSED, agrees

_HEADINGS = ("", "from", "to", "flow", "expected", "observed", "detail")
_MARKS = {True: "ok", False: "DIFFERS"}
_LEGEND = "blocked: refused, lost or unreachable, all of which are right"
_PREDICTED = "Predicted from the topology (lost and unreachable both say that packets do not arrive):"
_NOT_OBSERVED = "not observed"


@dataclass(frozen=True)
class Row:
    """One flow or exposure, declared and observed, in words."""

    agreed: bool
    source: str
    destination: str
    service: str
    expected: str
    observed: str
    detail: str
    why: str = ""

    @property
    def sentence(self) -> str:
        """The row as a sentence."""
        return (
            f"{self.source} -> {self.destination}, {self.service}: "
            f"expected {self.expected}, observed {self.observed} ({self.detail})"
        )


def compare(declared: Iterable[Mapping[str, Any]], observed: Iterable[Mapping[str, Any]]) -> list[Row]:
    """A row for each declared flow and exposure, in their order.

    A row agrees when the verdict is the expected one, the next hop the declared one, and packets arrived or
    did not arrive as the topology predicts. What was not observed differs.
    """
    by_id = {observation["id"]: observation for observation in observed}
    return [_row(record, by_id.get(record["id"])) for record in declared]


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text with a heading; below it why the topology predicts what it does."""
    lines = [_HEADINGS] + [
        (_MARKS[row.agreed], row.source, row.destination, row.service, row.expected, row.observed, row.detail)
        for row in rows
    ]
    reasons = [f"{row.source} -> {row.destination}, {row.service}: {row.why}" for row in rows if row.why]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    aligned = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    legend = [_LEGEND] if any(row.expected == "blocked" for row in rows) else []
    predicted = ["", _PREDICTED, *reasons] if reasons else []
    return "\n".join([*aligned, *legend, *predicted])


def judged(
    declared: Sequence[Mapping[str, Any]], observed: Iterable[Mapping[str, Any]], rows: Sequence[Row]
) -> list[Record]:
    """The declared flows and exposures, each with its observation, ``agreed`` and ``service``."""
    by_id = {observation["id"]: observation for observation in observed}
    return [
        {**record, **by_id.get(record["id"], {}), "agreed": row.agreed, "service": row.service}
        for record, row in zip(declared, rows, strict=True)
    ]


def evidence(observations: Iterable[Mapping[str, Any]]) -> list[Record]:
    """The observations in the form in which evidence is kept; status 0 for what was reached or scanned."""
    return [
        {
            "host": observation["from"],
            "command": observation["command"],
            "rc": 0 if "open" in observation or observation.get("verdict") == "reachable" else 1,
            "output": _output(observation),
            "started": observation["started"],
            "seconds": observation["seconds"],
        }
        for observation in observations
    ]


def _output(observation: Mapping[str, Any]) -> str:
    if "open" in observation:
        return f"open ports: {_ports(observation['open'])}"
    via = f"; next hop {observation['via']}" if observation.get("via") else ""
    return f"{observation['verdict']}: {observation['detail']}{via}"


def _row(record: Mapping[str, Any], observation: Mapping[str, Any] | None) -> Row:
    names = (record["from"], _destination(record), service(record))
    if "scan" in record:
        return _exposure_row(names, record, observation)
    expected, via = record["expected"], record.get("via")
    wanted = f"{expected} via {via}" if via else expected
    if observation is None:
        return Row(False, *names, wanted, _NOT_OBSERVED, "the source did not answer")
    verdict, detail = observation["verdict"], observation["detail"]
    predicted = record.get("predicted") or {}
    agreed = agrees(expected, verdict) and (not via or observation.get("via") == via)
    if predicted and _arrives(predicted["verdict"]) != _arrives(verdict):
        agreed = False
        detail = f"{detail}; the topology predicts {predicted['verdict']}"
    seen = f"{verdict} via {observation.get('via')}" if via else verdict
    return Row(agreed, *names, wanted, seen, detail, predicted.get("why", ""))


def _arrives(verdict: str) -> bool:
    """Whether packets reach the destination: no service is needed for that."""
    return verdict in (REACHABLE, REFUSED)


def _exposure_row(
    names: tuple[str, str, str], record: Mapping[str, Any], observation: Mapping[str, Any] | None
) -> Row:
    declared = set(record["open_ports"])
    expected = f"open: {_ports(declared)}"
    if observation is None:
        return Row(False, *names, expected, _NOT_OBSERVED, "the source did not answer")
    if "open" not in observation:
        return Row(False, *names, expected, observation["verdict"], observation["detail"])
    found = set(observation["open"])
    details = [
        f"{text}: {_ports(ports)}"
        for text, ports in (
            ("open but not declared", found - declared),
            ("declared but closed", declared - found),
        )
        if ports
    ]
    detail = "; ".join(details) or f"{observation['scanned']} ports tried"
    return Row(not details, *names, expected, f"open: {_ports(found)}", detail)


def _destination(record: Mapping[str, Any]) -> str:
    name, address = str(record["to"]), str(record["address"])
    return name if name == address else f"{name} ({address})"


def _ports(ports: Iterable[int]) -> str:
    return ", ".join(str(port) for port in sorted(ports)) or "none"
