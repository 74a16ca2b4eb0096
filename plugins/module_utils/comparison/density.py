"""How many instances fit into a GiB of memory."""

from __future__ import annotations

import math
from collections.abc import Mapping

_GIB = 1024.0


def growth(totals: Mapping[int, float]) -> tuple[float, float | None]:
    """Return what the first instance takes and what each further one takes, from the totals by their number.

    With one total only, nothing is known of further ones: None. ValueError without a total for one instance.
    What an instance takes is never less than nothing.
    """
    if 1 not in totals:
        raise ValueError("the total for one instance is missing")
    first, most = totals[1], max(totals)
    return first, None if most == 1 else max(0.0, (totals[most] - first) / (most - 1))


def fit(first: float, further: float) -> int:
    """Return how many instances fit into a GiB of memory; both figures in MiB."""
    if first <= 0:
        raise ValueError("an instance takes some memory")
    room = _GIB - first
    if room < 0:
        return 0
    # Nothing is free: where the further ones seem to be, their share is too small to be seen.
    return 1 + math.floor(room / max(further, 0.01))
