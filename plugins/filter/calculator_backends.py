"""Filter ``calculator_backends``: what the frontend's configuration says about the services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def calculator_backends(
    hosts: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[str]]:
    """Return ``{operation: [URL, ...]}`` from each host's ``calculator_service`` and ``calculator_url``.

    Several hosts of one operation share its work, in the order of the inventory.
    """
    backends: dict[str, list[str]] = {}
    for host in hosts:
        variables = hostvars[host]
        backends.setdefault(variables["calculator_service"], []).append(variables["calculator_url"])
    return backends


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., dict[str, list[str]]]]:
        return {"calculator_backends": calculator_backends}
