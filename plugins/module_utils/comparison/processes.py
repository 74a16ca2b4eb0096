"""Which processes belong to an instance: what /proc/PID/stat says, and the tree that it makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Process:
    """One process. `ticks` is the processor time that it has used, in the kernel's clock ticks."""

    pid: int
    parent: int
    name: str
    ticks: int


def parse(text: str) -> Process:
    """Read /proc/PID/stat. The name is in parentheses and may hold anything, parentheses and spaces too."""
    start, end = text.index("("), text.rindex(")")
    fields = text[end + 1 :].split()
    return Process(
        int(text[:start]), int(fields[1]), text[start + 1 : end], int(fields[11]) + int(fields[12])
    )


def family(root: int, processes: Iterable[Process], supervisors: Collection[str] = ()) -> list[Process]:
    """Return the process `root` and all below it, in the order of the tree.

    Its parent comes first if it has one of the names `supervisors`: what watches over one instance alone is a
    part of its cost.
    """
    known = {process.pid: process for process in processes}
    if root not in known:
        return []
    first = known.get(known[root].parent)
    found: list[Process] = []
    _collect(known[root], _children(known), found)
    return [first, *found] if first and first.name in supervisors else found


def draw(family: Iterable[Process]) -> str:
    """Return the tree for a reader, two spaces a level, without numbers that change from run to run."""
    levels: dict[int, int] = {}
    lines = []
    for process in family:
        level = levels.get(process.parent, -1) + 1
        levels[process.pid] = level
        lines.append("  " * level + process.name)
    return "\n".join(lines)


def busy(before: Iterable[Process], after: Iterable[Process], ticks_a_second: int, seconds: float) -> float:
    """Return the share of one processor that the processes used in between, in percent.

    A process that has ended in between is not counted, one that has begun is counted from its start.
    """
    used = {process.pid: process.ticks for process in before}
    ticks = sum(max(0, process.ticks - used.get(process.pid, 0)) for process in after)
    return 100 * ticks / ticks_a_second / seconds


def _children(known: Mapping[int, Process]) -> Mapping[int, list[Process]]:
    children: dict[int, list[Process]] = {}
    for process in sorted(known.values(), key=lambda process: process.pid):
        children.setdefault(process.parent, []).append(process)
    return children


def _collect(process: Process, children: Mapping[int, list[Process]], found: list[Process]) -> None:
    waiting = [process]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting.extend(reversed(children.get(current.pid, ())))
