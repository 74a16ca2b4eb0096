"""Filter ``overlapping_networks``: who has addresses that another network of Docker's shall have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_network
from typing import Any


def overlapping_networks(networks: Iterable[Mapping[str, Any]], cidr: str, name: str) -> list[str]:
    """Return ``name (addresses)`` of each network that overlaps ``cidr``, but for the one called ``name``.

    The networks are as Docker's API lists them. Raises ``ValueError`` where ``cidr`` is no network.
    """
    wanted = ip_network(cidr)
    return [
        f"{network['Name']} ({subnet})"
        for network in networks
        if network["Name"] != name
        for subnet in _subnets(network)
        if ip_network(subnet, strict=False).overlaps(wanted)
    ]


def _subnets(network: Mapping[str, Any]) -> list[str]:
    configured: Iterable[Mapping[str, str]] = (network.get("IPAM") or {}).get("Config") or ()
    return [one["Subnet"] for one in configured if one.get("Subnet")]


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"overlapping_networks": overlapping_networks}
