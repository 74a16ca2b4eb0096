"""The one configuration file of a service: JSON, checked completely before anything starts."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, get_type_hints
from urllib.parse import urlsplit

from .expression import OPERATIONS

FRONTEND = "frontend"
_LARGEST_PORT = 65535


class ConfigError(Exception):
    """The configuration cannot be used; the message names the file or the key, and the remedy."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a service needs to know; times in seconds, sizes in bytes.

    ``backends`` (frontend only) maps an operation to the base URLs of the services that answer it.
    """

    service: str
    port: int
    bind_address: str = "0.0.0.0"
    backends: Mapping[str, list[str]] = field(default_factory=dict)
    max_connections: int = 512
    max_body_size: int = 16384
    max_expression_length: int = 1000
    max_nesting: int = 50
    max_operations: int = 200
    client_timeout: float = 10.0
    connect_timeout: float = 2.0
    service_timeout: float = 8.0
    retry_seconds: float = 2.0
    evaluation_timeout: float = 20.0

    def __post_init__(self) -> None:
        if self.service not in (FRONTEND, *OPERATIONS.values()):
            raise ConfigError(f"service: {self.service!r} is none of frontend, sum, sub, mul, div")
        for key, kind in get_type_hints(Config).items():
            if kind in (int, float):
                _check_number(key, getattr(self, key), kind)
        if self.port > _LARGEST_PORT:
            raise ConfigError(f"port: expected at most {_LARGEST_PORT}, found {self.port}")
        if not isinstance(self.bind_address, str):
            raise ConfigError(f"bind_address: expected text like '0.0.0.0', found {self.bind_address!r}")
        if not isinstance(self.backends, Mapping):
            raise ConfigError(f"backends: expected an object of lists of addresses, found {self.backends!r}")
        for operation, addresses in self.backends.items():
            _check_backend(operation, addresses)


def _check_number(key: str, value: object, kind: type) -> None:
    allowed = (int,) if kind is int else (int, float)
    # NaN is in no range, and Python's JSON has NaN and Infinity.
    if isinstance(value, bool) or not isinstance(value, allowed) or not 0 <= value <= sys.float_info.max:
        raise ConfigError(f"{key}: expected a finite number that is not negative, found {value!r}")


def _check_backend(operation: str, addresses: object) -> None:
    if operation not in OPERATIONS.values():
        raise ConfigError(f"backends: {operation!r} is none of sum, sub, mul, div")
    if not isinstance(addresses, list):
        raise ConfigError(f"backends: {operation} needs a list of addresses, found {addresses!r}")
    for address in addresses:
        if not isinstance(address, str) or not _is_base_url(address):
            raise ConfigError(f"backends: {operation}: {address!r} is not like http://10.0.2.14:50001")


def _is_base_url(address: str) -> bool:
    # A name or a port that no connection takes would fail each request instead of the start.
    try:
        parts = urlsplit(address)
        return parts.scheme == "http" and parts.port != 0 and bool((parts.hostname or "").encode("idna"))
    except ValueError:
        return False


def load(path: str) -> Config:
    """Read the configuration file at *path*; raise ConfigError with one line that says what is wrong."""
    try:
        with open(path, encoding="utf-8") as file:
            content: Any = json.load(file)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from None
    known = {item.name for item in fields(Config)}
    if (
        not isinstance(content, dict)
        or not content.keys() <= known
        or not {"service", "port"} <= content.keys()
    ):
        raise ConfigError(
            f"{path}: expected an object with service, port and optionally {', '.join(sorted(known))}"
        )
    try:
        return Config(**content)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
