"""What the module returns: servers with their addresses, and the ids of everything else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .model import Topology, server_port_name
from .plan import Found

PLURALS = {
    "network": "networks",
    "subnet": "subnets",
    "router": "routers",
    "security_group": "security_groups",
}


def servers(
    desired: Topology, found: Mapping[tuple[str, str], Found], created: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Return the servers in `found` by name; `created` names those this run has made.

    The networks of a declared server are in the declared order: the first one's address is the server's.
    """
    declared = {server.name: [nic.network for nic in server.interfaces] for server in desired.servers}
    result: dict[str, dict[str, Any]] = {}
    for (kind, name), there in found.items():
        if kind != "server":
            continue
        prefix = server_port_name(name, "")
        seen = [port.removeprefix(prefix) for k, port in found if k == "port" and port.startswith(prefix)]
        addresses = {
            network: found["port", prefix + network].address
            for network in declared.get(name, seen)
            if network in seen
        }
        floating = found.get(("floating_ip", name))
        result[name] = {
            "id": there.id,
            "status": there.status,
            "addresses": addresses,
            "address": next(iter(addresses.values()), None),
            "floating_ip": floating.address if floating else None,
            "created": name in created,
        }
    return result


def facts(found: Mapping[tuple[str, str], Found]) -> dict[str, dict[str, str]]:
    """Return the ids of networks, subnets, routers and security groups, by kind and name."""
    return {
        plural: {name: entry.id for (found_kind, name), entry in found.items() if found_kind == kind}
        for kind, plural in PLURALS.items()
    }
