"""Whose the users and groups of a machine are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .model import COUNT, HIGHEST

RESERVATIONS = ("/etc/subuid", "/etc/subgid")
ACCOUNTS = ("/etc/passwd", "/etc/group")


def reservation(first: int) -> str:
    """Return the line that reserves a container's users for root's containers."""
    return f"root:{first}:{COUNT}"


def _ranges(accounts: Mapping[str, str]) -> Iterator[tuple[str, str, range]]:
    """Yield the file, the line and the numbers of whatever has some; another line is nobody's."""
    for path, text in accounts.items():
        for line in text.splitlines():
            fields = line.split(":")
            try:
                if path in RESERVATIONS:
                    first, count = int(fields[1]), int(fields[2])
                else:
                    first, count = int(fields[2]), 1
            except (IndexError, ValueError):
                continue
            yield path, line, range(first, first + count)


def _overlap(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop


def problem(first: int, accounts: Mapping[str, str]) -> str:
    """Return why the users from `first` on may not be a container's, or nothing."""
    others = [entry for entry in _ranges(accounts) if entry[1] != reservation(first)]
    taken = next((entry for entry in others if _overlap(entry[2], range(first, first + COUNT))), None)
    if taken is None:
        return ""
    free, before = first, -1
    while free != before:
        before = free
        free = max([free, *(one.stop for *_, one in others if _overlap(one, range(free, free + COUNT)))])
    such = f", such as {free}" if free + COUNT <= HIGHEST else ""
    path, line, _ = taken
    # The fields of a user say more than whose the number is.
    shown = line if path in RESERVATIONS else ":".join(line.split(":")[:1] + line.split(":")[2:3])
    return (
        f"lxc_container_first_id: {first} and the {COUNT - 1} after it are not free, {path} has "
        f"{shown}. Use a number from which on {COUNT} are nobody's{such}."
    )
