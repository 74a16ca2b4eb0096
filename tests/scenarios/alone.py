"""One session of scenarios on a machine at a time: all of them use the lab `molecule`, and remove it."""

from __future__ import annotations

import socket

# An address without a file: it is given back however its holder ends, and all users of a machine share it.
ADDRESS = "\0cloud-lab-scenarios"


def hold(address: str = ADDRESS) -> socket.socket:
    """Return what nobody else can hold until it is closed; OSError while somebody has it."""
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(address)
    except OSError:
        held.close()
        raise
    return held
