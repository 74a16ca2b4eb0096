"""The memory of processes, with what they share counted once: the kernel's proportional set size."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LINE = re.compile(r"(?m)^(Pss|Rss|Shared_Clean|Shared_Dirty|Private_Clean|Private_Dirty):\s+(\d+) kB$")


@dataclass(frozen=True, slots=True)
class Memory:
    """KiB of one process or of several.

    `pss` counts a page that n processes map as 1/n of a page in each of them, so sums of it are true; those
    of `rss` are not. `private` is what would be free again without the process.
    """

    pss: int = 0
    rss: int = 0
    shared: int = 0
    private: int = 0

    def __add__(self, other: Memory) -> Memory:
        return Memory(
            self.pss + other.pss,
            self.rss + other.rss,
            self.shared + other.shared,
            self.private + other.private,
        )


def parse(text: str) -> Memory:
    """Read /proc/PID/smaps or smaps_rollup; both hold the same lines, one once a mapping, one once."""
    kib = dict.fromkeys(("Pss", "Rss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty"), 0)
    for name, value in _LINE.findall(text):
        kib[name] += int(value)
    return Memory(
        kib["Pss"],
        kib["Rss"],
        kib["Shared_Clean"] + kib["Shared_Dirty"],
        kib["Private_Clean"] + kib["Private_Dirty"],
    )


def total(parts: Iterable[Memory]) -> Memory:
    """Return the memory of several processes together."""
    return sum(parts, Memory())


def mib(kib: float) -> float:
    """Return KiB as MiB."""
    return kib / 1024
