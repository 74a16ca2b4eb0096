"""What can become of a packet, as declared and as observed."""

from __future__ import annotations

REACHABLE = "reachable"
"""A connection, an ICMP reply, a datagram back or an HTTP status line."""
REFUSED = "refused"
"""The destination or a filter before it said no: a TCP reset or an ICMP port unreachable."""
LOST = "lost"
"""Nothing came back in time."""
UNREACHABLE = "unreachable"
"""A router or the source itself said that there is no way, or the destination's name is not known."""
BLOCKED = "blocked"
"""Only declared, never observed: anything but reachable."""

OBSERVED = (REACHABLE, REFUSED, LOST, UNREACHABLE)
EXPECTED = (*OBSERVED, BLOCKED)


def agrees(expected: str, observed: str) -> bool:
    """Whether an observed verdict is the expected one."""
    return observed != REACHABLE if expected == BLOCKED else observed == expected
