"""What a row of attempts says about a service: how often it failed, and for how long it was out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One attempt: when it began, in seconds of one clock, how long it took, and "" or why it failed."""

    began: float
    seconds: float
    failure: str = ""


@dataclass(frozen=True)
class Outage:
    """A row of failures: when the first began, the seconds until the next success began, and the reasons.

    An outage that the last sample has not ended lasts until that sample's end.
    """

    began: float
    seconds: float
    failures: int
    reasons: tuple[str, ...]


def outages(samples: Sequence[Sample]) -> list[Outage]:
    """Return the outages in `samples`, which are in the order of time."""
    found: list[Outage] = []
    row: list[Sample] = []
    for sample in samples:
        if sample.failure:
            row.append(sample)
        elif row:
            found.append(_outage(row, sample.began))
            row = []
    if row:
        found.append(_outage(row, row[-1].began + row[-1].seconds))
    return found


def summary(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return the figures of all attempts: numbers, outages and latencies in seconds."""
    out = outages(samples)
    latencies = sorted(sample.seconds for sample in samples if not sample.failure)
    return {
        "tries": len(samples),
        "failures": sum(1 for sample in samples if sample.failure),
        "outages": [
            {
                "after": round(outage.began - samples[0].began, 3),
                "seconds": round(outage.seconds, 3),
                "failures": outage.failures,
                "reasons": list(outage.reasons),
            }
            for outage in out
        ],
        "longest_outage": round(max((outage.seconds for outage in out), default=0.0), 3),
        "median_latency": _quantile(latencies, 0.5),
        "p99_latency": _quantile(latencies, 0.99),
    }


def _outage(row: Sequence[Sample], ended: float) -> Outage:
    reasons = tuple(dict.fromkeys(sample.failure for sample in row))
    return Outage(row[0].began, ended - row[0].began, len(row), reasons)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest value that `share` of all do not exceed."""
    return round(ordered[max(math.ceil(share * len(ordered)) - 1, 0)], 4) if ordered else None
