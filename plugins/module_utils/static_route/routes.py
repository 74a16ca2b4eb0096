"""Routes and interfaces as values, and the validation of what a user declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network


class RouteError(ValueError):
    """A route that cannot be as declared; the message is one sentence for the user."""


@dataclass(frozen=True, order=True)
class Hop:
    """A destination network and the next hop towards it."""

    destination: IPv4Network
    gateway: IPv4Address


@dataclass(frozen=True, order=True)
class Route:
    """A hop through the interface on whose network the gateway is."""

    hop: Hop
    interface: str


@dataclass(frozen=True)
class Interface:
    """A network interface with its own addresses and their prefix lengths."""

    name: str
    addresses: tuple[IPv4Interface, ...]


def parse_hop(destination: str, gateway: str) -> Hop:
    """Read one declared route; RouteError for anything but an IPv4 network and a next hop."""
    where = f"route {destination} via {gateway}"
    try:
        network = IPv4Network(destination)
    except ValueError as error:
        raise RouteError(
            f"{where}: the destination is not an IPv4 network ({error}).{_meant(destination)}"
        ) from None
    try:
        next_hop = IPv4Address(gateway)
    except ValueError:
        raise RouteError(
            f"{where}: the gateway is not an IPv4 address; write one such as 192.168.56.253."
        ) from None
    if network.prefixlen == 0:
        raise RouteError(
            f"{where}: the default route belongs to DHCP and is not changed here; take it out of the list."
        )
    return Hop(network, next_hop)


def parse_hops(declared: Sequence[Mapping[str, str]]) -> tuple[Hop, ...]:
    """Read the declared ``[{destination, gateway}, ...]``; a destination may be named once."""
    hops: dict[IPv4Network, Hop] = {}
    for entry in declared:
        hop = parse_hop(entry["destination"], entry["gateway"])
        if hop.destination in hops:
            raise RouteError(f"route {hop.destination}: the destination is declared twice; keep one of them.")
        hops[hop.destination] = hop
    return tuple(hops.values())


def bind(hops: Sequence[Hop], interfaces: Sequence[Interface], only: str | None = None) -> tuple[Route, ...]:
    """Find the interface of each hop: the one on whose connected network the gateway is.

    ``only`` restricts the choice to one interface.
    """
    names = [interface.name for interface in interfaces]
    if only is not None and only not in names:
        raise RouteError(f"there is no interface {only}; there are {', '.join(sorted(names))}.")
    connected = [(address, interface.name) for interface in interfaces for address in interface.addresses]
    return tuple(sorted(Route(hop, _interface_of(hop, connected, only)) for hop in hops))


def _interface_of(hop: Hop, connected: Sequence[tuple[IPv4Interface, str]], only: str | None) -> str:
    where = f"route {hop.destination} via {hop.gateway}"
    for address, name in connected:
        if hop.gateway == address.ip:
            raise RouteError(f"{where}: the gateway is this machine's own address on {name}.")
        if hop.destination == address.network:
            raise RouteError(f"{where}: the destination is directly connected on {name}.")
    eligible = [(address.network, name) for address, name in connected if only in (None, name)]
    # The longest prefix wins, as in the kernel's own lookup.
    candidates = sorted((-network.prefixlen, name) for network, name in eligible if hop.gateway in network)
    if not candidates:
        networks = ", ".join(f"{network} on {name}" for network, name in eligible) or "none"
        raise RouteError(
            f"{where}: the gateway is not on a connected network; the connected networks are {networks}."
        )
    return candidates[0][1]


def _meant(destination: str) -> str:
    try:
        return f" Is {IPv4Network(destination, strict=False)} meant?"
    except ValueError:
        return ""
