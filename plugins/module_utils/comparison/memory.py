"""The memory of processes, with what they share counted once: the kernel's proportional set size."""

from __future__ import annotations

import re

_PSS = re.compile(r"(?m)^Pss:\s+(\d+) kB$")


def pss(text: str) -> int:
    """Return the KiB that /proc/PID/smaps or smaps_rollup tells; the one has a line for each mapping.

    A page that n processes map counts as 1/n of a page in each of them, so sums of it are true.
    """
    return sum(map(int, _PSS.findall(text)))


def mib(kib: float) -> float:
    """Return KiB as MiB."""
    return kib / 1024
