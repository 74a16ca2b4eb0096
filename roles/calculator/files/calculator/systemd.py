"""The two things a service tells systemd: that it is ready, and to keep its listening sockets over a restart.

While the old process is gone and the new one starts, which takes seconds on a guest without hardware
virtualisation, connections wait in the kept socket instead of being refused. Without systemd nothing of
this happens.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

_FIRST_PASSED_DESCRIPTOR = 3


def kept_sockets() -> list[socket.socket]:
    """Return the sockets that systemd kept for this process."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    return [socket.socket(fileno=_FIRST_PASSED_DESCRIPTOR + index) for index in range(count)]


def notify(message: str, sockets: Sequence[socket.socket] = ()) -> None:
    """Send *message*, with *sockets* to keep, to the service manager if there is one."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
        socket.send_fds(channel, [message.encode()], [item.fileno() for item in sockets])
