"""Filter ``calculator_backends``: what the frontend's configuration says about the services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def calculator_backends(
    hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]], deployed: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Return ``{operation: [URL, ...]}`` for those of ``hosts`` that are in ``deployed``.

    The operation and the port are the host's variables ``calculator_service`` and ``calculator_port``, the
    address is the cloud's. Several hosts of one operation share its work, in the order of the inventory.
    """
    backends: dict[str, list[str]] = {}
    for host in hosts:
        if host in deployed:
            variables = hostvars[host]
            url = f"http://{deployed[host]['address']}:{variables['calculator_port']}"
            backends.setdefault(variables["calculator_service"], []).append(url)
    return backends


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., dict[str, list[str]]]]:
        return {"calculator_backends": calculator_backends}
