"""Finds the open TCP ports of an address, as seen from the machine this runs on."""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import time
from collections.abc import Iterable, Sequence

AT_ONCE = 500
"""Connections at the same time: well below the 1024 open files that a process may have by default."""


def parse_ranges(ranges: Iterable[str]) -> list[int]:
    """The ports of ``["22", "1-1024"]`` in order; ValueError when one is not a range within 1-65535."""
    ports: set[int] = set()
    for text in ranges:
        first, dash, last = text.partition("-")
        try:
            low, high = int(first), int(last if dash else first)
        except ValueError:
            raise ValueError(f"{text!r} is not a port or a range of ports such as 1-1024") from None
        if not 1 <= low <= high <= 65535:
            raise ValueError(f"{text!r} is not a rising range of ports within 1-65535")
        ports.update(range(low, high + 1))
    return sorted(ports)


def scan(address: str, ports: Sequence[int], timeout: float, at_once: int = AT_ONCE) -> list[int]:
    """The ports of ``ports`` that take a connection within ``timeout`` seconds, ``at_once`` together."""
    family = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0][0]
    found: list[int] = []
    for start in range(0, len(ports), at_once):
        found += _scan_at_once(family, address, ports[start : start + at_once], timeout)
    return found


def _scan_at_once(family: int, address: str, ports: Sequence[int], timeout: float) -> list[int]:
    found = []
    with contextlib.ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for port in ports:
            connection = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            connection.setblocking(False)
            if connection.connect_ex((address, port)) in (0, errno.EINPROGRESS):
                selector.register(connection, selectors.EVENT_WRITE, (port, connection))
        deadline = time.monotonic() + timeout
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _events in selector.select(left):
                port, connection = key.data
                selector.unregister(connection)
                if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    found.append(port)
    return sorted(found)
