"""Says from the declared topology whether a flow passes, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Any

from .topology import DELIVERED, LEAVES, NO_NEIGHBOUR, Node, Topology
from .verdicts import LOST, REACHABLE, UNREACHABLE

_ENDS = {NO_NEIGHBOUR: UNREACHABLE}


@dataclass(frozen=True)
class Prediction:
    """A verdict and the steps that lead to it."""

    verdict: str
    steps: tuple[str, ...]

    @property
    def why(self) -> str:
        """The steps as a sentence."""
        return f"{'; '.join(self.steps)}: {self.verdict}"


def predict(topology: Topology, flow: Mapping[str, Any]) -> Prediction | None:
    """What becomes of a flow (``from``, ``address``, ``protocol``, ``port``) when its service is running.

    A source that is no server of the topology is outside, beyond its external networks. None when the
    topology says nothing about the flow: a name to resolve, a router's or the source's own services, a
    loopback or link-local address, outside to outside, a rule about an address that is not known, a security
    group that is not declared.
    """
    try:
        destination = IPv4Address(flow["address"])
    except AddressValueError:
        return None
    source = topology.servers.get(flow["from"])
    if source is None:
        return _from_outside(topology, flow, destination)
    if destination.is_loopback or destination.is_link_local or destination in source.addresses:
        return None
    leaves = _allowed(topology, source, "egress", flow, topology.holder(destination), (destination,))
    if leaves is None:
        return None
    if not leaves:
        return Prediction(LOST, (f"no egress rule of {_groups(source)} lets {_kind(flow)} out",))
    way = topology.way(source, destination)
    if way.end == LEAVES:
        if any(server.floating == destination for server in topology.servers.values()):
            return _to_floating(topology, flow, destination, way.steps)
        return Prediction(REACHABLE, way.steps)
    if way.end != DELIVERED:
        return Prediction(_ENDS.get(way.end, LOST), way.steps)
    if way.node.name not in topology.servers:
        return None
    return _arrive(topology, flow, source, way.node, way.steps)


def with_predictions(flows: Iterable[Mapping[str, Any]], topology: Topology) -> list[dict[str, Any]]:
    """The flows, with ``predicted: {verdict, why}`` on those of which the topology says something."""
    predictions = ((flow, predict(topology, flow)) for flow in flows)
    return [
        {**flow, "predicted": {"verdict": prediction.verdict, "why": prediction.why}}
        if prediction
        else dict(flow)
        for flow, prediction in predictions
    ]


def _from_outside(topology: Topology, flow: Mapping[str, Any], destination: IPv4Address) -> Prediction | None:
    if any(server.floating == destination for server in topology.servers.values()):
        return _to_floating(topology, flow, destination, ())
    network = next((network for network in topology.networks if destination in network), None)
    if network is None:
        return None
    return Prediction(LOST, (f"{network} is private: no network outside has a route to it",))


def _to_floating(
    topology: Topology, flow: Mapping[str, Any], floating: IPv4Address, steps: tuple[str, ...]
) -> Prediction | None:
    server = next(server for server in topology.servers.values() if server.floating == floating)
    able = [r for r in topology.routers.values() if r.external and _share_a_network(r, server)]
    # As neutron chooses: the one that has the subnet's gateway, else any.
    gateways = {interface.gateway for interface in server.interfaces}
    router = max(able, key=lambda router: not gateways.isdisjoint(router.addresses), default=None)
    if router is None:
        reason = f"no router with an external gateway is on a network of {server.name}"
        return Prediction(LOST, (*steps, reason))
    steps = (*steps, f"{router.name} translates the floating IP {floating} to {server.name}")
    # The source's address is not known: it is outside, or a router has translated it.
    enters = _allowed(topology, server, "ingress", flow, None, ())
    if enters is None:
        return None
    if not enters:
        return Prediction(LOST, (*steps, f"no rule of {_groups(server)} lets {_kind(flow)} in from outside"))
    # Where the answer goes is all that counts, so any address outside will do.
    way = topology.way(server, floating)
    if way.node.name != router.name:
        return Prediction(
            LOST, (*steps, f"the answer does not pass {router.name}, which alone can translate it")
        )
    return Prediction(REACHABLE, (*steps, f"{_groups(server)} lets {_kind(flow)} in"))


def _arrive(
    topology: Topology, flow: Mapping[str, Any], source: Node, target: Node, steps: tuple[str, ...]
) -> Prediction | None:
    enters = _allowed(topology, target, "ingress", flow, source, source.addresses)
    if enters is None:
        return None
    if not enters:
        return Prediction(
            LOST, (*steps, f"no rule of {_groups(target)} lets {_kind(flow)} in from {source.name}")
        )
    for address in source.addresses[:1]:
        back = topology.way(target, address)
        if back.end != DELIVERED:
            return Prediction(LOST, (*steps, "the answer does not come back", *back.steps))
    return Prediction(REACHABLE, (*steps, f"{_groups(target)} lets {_kind(flow)} in"))


def _allowed(
    topology: Topology,
    server: Node,
    direction: str,
    flow: Mapping[str, Any],
    peer: Node | None,
    addresses: tuple[IPv4Address, ...],
) -> bool | None:
    """Whether any group lets the flow pass; None when that depends on what is not known."""
    return _any(_passes(topology, group, direction, flow, peer, addresses) for group in server.groups)


def _passes(
    topology: Topology,
    group: str,
    direction: str,
    flow: Mapping[str, Any],
    peer: Node | None,
    addresses: tuple[IPv4Address, ...],
) -> bool | None:
    rules = topology.rules.get(group)
    if rules is None:
        # The project's own group lets its members reach each other and everybody; the rest is not known.
        known = group == "default" and (direction == "egress" or (peer is not None and group in peer.groups))
        return known or None
    fitting = [rule for rule in rules if (rule.get("direction") or "ingress") == direction]
    if direction == "egress" and not fitting:
        return True  # A group that declares no egress rule keeps neutron's default, which allows all.
    return _any(_covers(rule, flow, peer, addresses) for rule in fitting)


def _covers(
    rule: Mapping[str, Any], flow: Mapping[str, Any], peer: Node | None, addresses: tuple[IPv4Address, ...]
) -> bool | None:
    if (rule.get("ethertype") or "IPv4") != "IPv4":
        return False
    protocol = "tcp" if flow["protocol"] == "http" else flow["protocol"]
    if (rule.get("protocol") or "any") not in ("any", protocol):
        return False
    if rule.get("ports") and protocol != "icmp":
        first, _, last = str(rule["ports"]).partition("-")
        if not int(first) <= flow["port"] <= int(last or first):
            return False
    if rule.get("remote_group"):
        return peer is not None and rule["remote_group"] in peer.groups
    if rule.get("remote_cidr"):
        network = IPv4Network(rule["remote_cidr"])
        if network.prefixlen > 0:
            return any(address in network for address in addresses) if addresses else None
    return True


def _any(answers: Iterable[bool | None]) -> bool | None:
    """True if one answer is, else None if one is not known."""
    found = set(answers)
    return True if True in found else None if None in found else False


def _share_a_network(one: Node, other: Node) -> bool:
    return bool({i.network for i in one.interfaces} & {i.network for i in other.interfaces})


def _groups(server: Node) -> str:
    return f"security group {' and '.join(server.groups)}"


def _kind(flow: Mapping[str, Any]) -> str:
    protocol = "tcp" if flow["protocol"] == "http" else flow["protocol"]
    return f"{protocol}/{flow['port']}" if flow.get("port") else str(protocol)
