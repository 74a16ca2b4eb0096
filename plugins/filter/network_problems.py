"""The filter network_problems: what is wrong with the addresses of an embedded cloud's own networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

DOCUMENTATION = r"""
---
name: network_problems
short_description: What is wrong with the addresses of an embedded cloud's own networks
description:
  - Checks the values of C(embedded_cloud_external_network) and C(embedded_cloud_internet) before minutes are
    spent on a cloud that is made of them.
positional: internet
options:
  _input:
    description: The institution's network, with C(cidr), C(gateway), C(neighbour) and C(pool) (first-last).
    type: dict
    required: true
  internet:
    description: What plays the internet, with C(cidr), C(router) and C(host).
    type: dict
    required: true
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
problems: "{{ embedded_cloud_external_network | network_problems(embedded_cloud_internet) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each problem, with the variable, its value and the remedy.
  type: list
  elements: str
"""

EXTERNAL = "embedded_cloud_external_network"
INTERNET = "embedded_cloud_internet"


def network_problems(external: Mapping[str, Any], internet: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each problem of the two networks; of what cannot be read, one alone."""
    try:
        institution = _network(EXTERNAL, external)
        outside = _network(INTERNET, internet)
        first, last = _pool(str(external["pool"]))
        hosts = [
            *(
                (EXTERNAL, key, _address(EXTERNAL, key, external), institution)
                for key in ("gateway", "neighbour")
            ),
            *((INTERNET, key, _address(INTERNET, key, internet), outside) for key in ("router", "host")),
        ]
    except ValueError as error:
        return [str(error)]
    return [
        *_misplaced(hosts),
        *_doubled(hosts),
        *_pool_problems(institution, first, last, hosts),
        *(
            [f"{INTERNET}.cidr: {outside} and {EXTERNAL}.cidr {institution} overlap; choose another network"]
            if institution.overlaps(outside)
            else []
        ),
    ]


Host = tuple[str, str, IPv4Address, IPv4Network]


def _misplaced(hosts: list[Host]) -> Iterator[str]:
    for variable, key, address, network in hosts:
        if address not in network or address in (network.network_address, network.broadcast_address):
            yield f"{variable}.{key}: {address} is no host of {network}; choose one, or another cidr"


def _doubled(hosts: list[Host]) -> Iterator[str]:
    for number, (variable, key, address, _) in enumerate(hosts):
        for _, other, there, _ in hosts[:number]:
            if there == address:
                yield f"{variable}.{key}: {address} is that of {other} too; choose another"


def _pool_problems(
    network: IPv4Network, first: IPv4Address, last: IPv4Address, hosts: list[Host]
) -> Iterator[str]:
    pool = f"{EXTERNAL}.pool: {first}-{last}"
    if first > last:
        yield f"{pool} ends before it begins; exchange the two"
    if first <= network.network_address or last >= network.broadcast_address:
        yield f"{pool} is not within the hosts of {network}; choose others"
    for variable, key, address, _ in hosts:
        if variable == EXTERNAL and first <= address <= last:
            yield f"{pool} holds the {key} {address}; leave it out"


def _network(variable: str, values: Mapping[str, Any]) -> IPv4Network:
    try:
        return IPv4Network(str(values["cidr"]))
    except ValueError as error:
        raise ValueError(
            f"{variable}.cidr: {values['cidr']!r} is no network ({error}); write it like 192.168.37.0/24"
        ) from None


def _address(variable: str, key: str, values: Mapping[str, Any]) -> IPv4Address:
    try:
        return IPv4Address(str(values[key]))
    except ValueError:
        raise ValueError(
            f"{variable}.{key}: {values[key]!r} is no address; write it like 192.168.37.1"
        ) from None


def _pool(text: str) -> tuple[IPv4Address, IPv4Address]:
    try:
        first, last = map(IPv4Address, text.split("-"))
    except ValueError:
        raise ValueError(
            f"{EXTERNAL}.pool: {text!r} is no pair of addresses; write it like 192.168.37.100-192.168.37.199"
        ) from None
    return first, last


class FilterModule:
    """Makes the filters known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"network_problems": network_problems}
