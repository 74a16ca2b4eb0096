"""What `VBoxManage showvminfo --machinereadable` prints, as pairs and as a machine."""

from __future__ import annotations

import re
from collections.abc import Iterator

Pair = tuple[str, str]

_LINE = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*"|[^="]+)=(?P<value>.*)', re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_AS_IT_IS = re.compile(r"Forwarding\(\d+\)|(?:uartmode|natnet|intnet|bridgeadapter|hostonlyadapter)\d+")
"""The keys whose values VBoxManage puts between quotes without escaping those in them."""
_FIRST_SNAPSHOT = "SnapshotName"


def pairs(text: str) -> list[Pair]:
    """Return the keys and values in their order, without their quotes.

    The order counts: the rules of a card's NAT follow the card, and each card numbers its own from 0. A
    quoted value, such as a description, may hold line breaks; a quote in it has a backslash before it. It
    ends where the snapshots begin: nobody can tell what is theirs from what comes after them (`settings`
    reads them).
    """
    return list(_pairs(text))


def _pairs(text: str) -> Iterator[Pair]:
    # Not splitlines: a name may hold what Python takes for the end of a line and VBoxManage does not.
    lines = iter(text.split("\n"))
    for line in lines:
        if not (found := _LINE.fullmatch(line)):
            continue
        key, value = _unquoted(found["key"]), found["value"]
        if key == _FIRST_SNAPSHOT:
            return
        if _AS_IT_IS.fullmatch(key):
            yield key, value.removeprefix('"').removesuffix('"')
            continue
        # A quoted value that has not ended goes on in the next line.
        while value.startswith('"') and not _is_closed(value):
            following = next(lines, None)
            if following is None:
                break
            value += "\n" + following
        yield key, _unquoted(value)


def _is_closed(value: str) -> bool:
    """Whether a quoted value ends here. More may follow the quote, as after a screen's size."""
    return _QUOTED.match(value) is not None


def _unquoted(text: str) -> str:
    if _QUOTED.fullmatch(text):
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text
