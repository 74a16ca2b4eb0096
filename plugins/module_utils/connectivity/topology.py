"""A declared topology as a graph of nodes, and the way a packet takes through it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

_EVERYWHERE = IPv4Network("0.0.0.0/0")

DELIVERED = "delivered"
LEAVES = "leaves"
LOST = "lost"
NO_NEIGHBOUR = "no neighbour"


@dataclass(frozen=True)
class Interface:
    """A node's address on a network; the address is None when the cloud has not yet chosen one.

    ``gateway`` is the one that the network's subnet tells a server.
    """

    network: IPv4Network
    address: IPv4Address | None
    gateway: IPv4Address | None = None


@dataclass(frozen=True)
class Node:
    """A server or a router: its interfaces, its routes, and the external network it has a gateway on."""

    name: str
    interfaces: tuple[Interface, ...]
    routes: tuple[tuple[IPv4Network, IPv4Address], ...]
    external: str | None = None
    groups: tuple[str, ...] = ()
    floating: IPv4Address | None = None

    @property
    def addresses(self) -> tuple[IPv4Address, ...]:
        """The addresses that are known."""
        return tuple(interface.address for interface in self.interfaces if interface.address is not None)


@dataclass(frozen=True)
class Way:
    """How a packet ends (DELIVERED, LEAVES, LOST or NO_NEIGHBOUR), at which node, and its steps in words."""

    end: str
    node: Node
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Topology:
    """Servers and routers on their networks, and the rules of the security groups."""

    servers: Mapping[str, Node]
    routers: Mapping[str, Node]
    rules: Mapping[str, Sequence[Mapping[str, Any]]]

    @property
    def networks(self) -> frozenset[IPv4Network]:
        """Every network that a node is on."""
        nodes = (*self.servers.values(), *self.routers.values())
        return frozenset(interface.network for node in nodes for interface in node.interfaces)

    def holder(self, address: IPv4Address) -> Node | None:
        """The node that has an address."""
        nodes = (*self.servers.values(), *self.routers.values())
        return next((node for node in nodes if address in node.addresses), None)

    def way(self, start: Node, destination: IPv4Address) -> Way:
        """Follow a packet from ``start`` through the routers by their routes."""
        node, steps, passed = start, [], {start.name}
        while True:
            network = next((i.network for i in node.interfaces if destination in i.network), None)
            if network is not None:
                steps.append(f"{destination} is on {network}, a network of {node.name}")
                holder = self.holder(destination)
                if holder is None:
                    return Way(NO_NEIGHBOUR, node, (*steps, f"nothing there has the address {destination}"))
                return Way(DELIVERED, holder, tuple(steps))
            if node is start:
                steps.append(f"{destination} is not on a connected network of {node.name}")
            hop = _next_hop(node, destination)
            if hop is None:
                return self._out(node, destination, steps)
            target, gateway = hop
            router = next((r for r in self.routers.values() if gateway in r.addresses), None)
            name = "default route" if target == _EVERYWHERE else f"route {target}"
            if router is None:
                return Way(
                    NO_NEIGHBOUR, node, (*steps, f"{name} to {gateway}, an address that no router has")
                )
            steps.append(f"{name} to {router.name} ({gateway})")
            if router.name in passed:
                return Way(LOST, router, (*steps, "the packet goes round in a circle"))
            passed.add(router.name)
            node = router

    def _out(self, node: Node, destination: IPv4Address, steps: list[str]) -> Way:
        inside = next((str(network) for network in self.networks if destination in network), None)
        if node.external is None:
            return Way(LOST, node, (*steps, f"{node.name} has no route to {inside or destination}"))
        if inside:
            reason = f"{node.name} has no route to {inside} other than {node.external}"
            return Way(LOST, node, (*steps, reason))
        return Way(LEAVES, node, (*steps, f"{node.name} sends it out to {node.external}"))


def parse_topology(
    declared: Mapping[str, Any],
    deployed: Mapping[str, Mapping[str, Any]] | None = None,
    routes: Mapping[str, Sequence[Mapping[str, str]]] | None = None,
) -> Topology:
    """Read a topology as the options of the module openstack_topology describe it.

    ``deployed`` holds what only the cloud knows, by server: ``addresses`` by network and ``floating_ip``, as
    that module returns them. ``routes`` (``[{destination, gateway}]``) are those inside the servers.
    """
    deployed, routes = deployed or {}, routes or {}
    by_subnet: dict[str, Mapping[str, Any]] = {}
    by_network: dict[str, list[Mapping[str, Any]]] = {}
    for network in declared.get("networks") or ():
        for subnet in network.get("subnets") or ():
            by_subnet[subnet.get("name") or network["name"]] = subnet
            by_network.setdefault(network["name"], []).append(subnet)
    routers = [_router(entry, by_subnet) for entry in declared.get("routers") or ()]
    servers = [
        _server(entry, by_network, deployed.get(entry["name"], {}), routes.get(entry["name"], ()))
        for entry in declared.get("servers") or ()
    ]
    return Topology(
        servers={node.name: node for node in servers},
        routers={node.name: node for node in routers},
        rules={group["name"]: group.get("rules") or () for group in declared.get("security_groups") or ()},
    )


def _router(entry: Mapping[str, Any], subnets: Mapping[str, Mapping[str, Any]]) -> Node:
    interfaces = tuple(
        Interface(
            IPv4Network(subnets[interface["subnet"]]["cidr"]),
            _address(interface.get("address")) or _gateway(subnets[interface["subnet"]]),
        )
        for interface in entry.get("interfaces") or ()
        if interface["subnet"] in subnets
    )
    routes = _routes(entry.get("routes"), "nexthop")
    return Node(entry["name"], interfaces, routes, entry.get("external_network") or None)


def _server(
    entry: Mapping[str, Any],
    networks: Mapping[str, Sequence[Mapping[str, Any]]],
    deployed: Mapping[str, Any],
    own_routes: Sequence[Mapping[str, str]],
) -> Node:
    chosen = deployed.get("addresses") or {}
    interfaces: list[Interface] = []
    routes = _routes(own_routes, "gateway")
    for interface in entry["interfaces"]:
        if interface["network"] not in networks:
            continue
        address = _address(chosen.get(interface["network"]) or interface.get("address"))
        subnet = _subnet(networks[interface["network"]], address)
        gateway = _gateway(subnet)
        interfaces.append(Interface(IPv4Network(subnet["cidr"]), address, gateway))
        routes += _routes(subnet.get("host_routes"), "nexthop")
        if gateway is not None:
            routes += ((_EVERYWHERE, gateway),)
    return Node(
        entry["name"],
        tuple(interfaces),
        routes,
        groups=tuple(entry.get("security_groups") or ("default",)),
        floating=_address(deployed.get("floating_ip")),
    )


def _subnet(subnets: Sequence[Mapping[str, Any]], address: IPv4Address | None) -> Mapping[str, Any]:
    """The subnet that holds an address; the first while it is not known."""
    holding = (subnet for subnet in subnets if address and address in IPv4Network(subnet["cidr"]))
    return next(holding, subnets[0])


def _next_hop(node: Node, destination: IPv4Address) -> tuple[IPv4Network, IPv4Address] | None:
    fitting = [route for route in node.routes if destination in route[0]]
    # Of several equally long prefixes the first counts, so a server's own routes come before those of DHCP.
    return max(fitting, key=lambda route: route[0].prefixlen, default=None)


def _routes(
    routes: Iterable[Mapping[str, str]] | None, hop: str
) -> tuple[tuple[IPv4Network, IPv4Address], ...]:
    return tuple((IPv4Network(route["destination"]), IPv4Address(route[hop])) for route in routes or ())


def _address(text: str | None) -> IPv4Address | None:
    return IPv4Address(text) if text else None


def _gateway(subnet: Mapping[str, Any]) -> IPv4Address | None:
    declared = subnet.get("gateway_ip")
    if declared == "none":
        return None
    return _address(declared) or IPv4Network(subnet["cidr"])[1]
