"""Repeated measurements in a few numbers, and whether two of them are really apart."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Summary:
    """What repeated measurements have in common (`median`) and how far they spread (`low` to `high`).

    `usual` is the 95th percentile: with few samples it is the highest.
    """

    count: int
    median: float
    low: float
    high: float
    usual: float

    def facts(self) -> dict[str, Any]:
        """Return it as Ansible hands it on."""
        return asdict(self)

    def text(self, unit: str) -> str:
        """Return it for a reader: `0.31 s (0.29 to 0.42, 5 times)`."""
        if self.count == 1:
            return f"{figure(self.median)} {unit} (once)"
        return f"{figure(self.median)} {unit} ({figure(self.low)} to {figure(self.high)}, {self.count} times)"


def summary(samples: Iterable[float]) -> Summary:
    """Summarise at least one sample; ValueError if there is none, or one that is no number."""
    ordered = sorted(samples)
    if not ordered:
        raise ValueError("there are no samples to summarise")
    if not all(math.isfinite(sample) for sample in ordered):
        raise ValueError("a sample is not a finite number")
    usual = ordered[min(len(ordered) - 1, math.ceil(0.95 * len(ordered)) - 1)]
    return Summary(len(ordered), statistics.median(ordered), ordered[0], ordered[-1], usual)


def read(facts: Mapping[str, Any] | None) -> Summary | None:
    """Return what `Summary.facts` gave; None for nothing."""
    return Summary(**facts) if facts else None


def figure(value: float) -> str:
    """Return a number with three digits that count, never in powers of ten."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{min(digits, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def below(one: Summary, other: Summary) -> bool:
    """Whether every sample of the one is below every sample of the other: nothing less is a difference."""
    return one.high < other.low
