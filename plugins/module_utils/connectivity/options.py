"""The module options that describe a flow and an exposure, shared by the modules that take them."""

from __future__ import annotations

from typing import Any

from .probe import PROTOCOLS
from .verdicts import EXPECTED

FLOW: dict[str, Any] = {
    "name": {"type": "str"},
    "from": {"type": "str", "required": True},
    "to": {"type": "str", "required": True},
    "address": {"type": "str"},
    "protocol": {"type": "str", "choices": list(PROTOCOLS), "default": "tcp"},
    "port": {"type": "int"},
    "path": {"type": "str", "default": "/"},
    "expected": {"type": "str", "choices": list(EXPECTED), "required": True},
    "via": {"type": "str"},
}

EXPOSURE: dict[str, Any] = {
    "name": {"type": "str"},
    "from": {"type": "str", "required": True},
    "to": {"type": "str", "required": True},
    "address": {"type": "str"},
    "open_ports": {"type": "list", "elements": "int", "required": True},
    "scan": {"type": "list", "elements": "str", "required": True},
}

PLANNED: dict[str, Any] = {
    "id": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
}
"""What a flow or an exposure has besides once it is planned."""
