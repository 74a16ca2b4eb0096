"""The kernel's view: what ``ip -json`` prints, and the commands that correct it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from .routes import Hop, Interface, Route

READ_ADDRESSES = ("ip", "-json", "-4", "addr", "show")
READ_ROUTES = ("ip", "-json", "-4", "route", "show", "table", "main")


@dataclass(frozen=True)
class LiveRoute:
    """One route of the kernel's main table; no gateway when it is directly connected or has several."""

    destination: IPv4Network
    gateway: IPv4Address | None
    interface: str
    metric: int

    def __str__(self) -> str:
        via = "" if self.gateway is None else f" via {self.gateway}"
        return f"{self.destination}{via} dev {self.interface}"


def parse_addresses(text: str) -> tuple[Interface, ...]:
    """Read the output of READ_ADDRESSES; the loopback interface is left out."""
    return tuple(
        Interface(
            entry["ifname"],
            tuple(
                IPv4Interface(f"{address['local']}/{address['prefixlen']}")
                for address in entry["addr_info"]
                if address.get("family") == "inet"
            ),
        )
        for entry in json.loads(text or "[]")
        if entry and "LOOPBACK" not in entry["flags"]
    )


def parse_routes(text: str) -> tuple[LiveRoute, ...]:
    """Read the output of READ_ROUTES, in the kernel's order."""
    return tuple(
        LiveRoute(
            destination=IPv4Network("0.0.0.0/0" if entry["dst"] == "default" else entry["dst"]),
            gateway=IPv4Address(entry["gateway"]) if "gateway" in entry else None,
            interface=entry.get("dev", ""),
            metric=entry.get("metric", 0),
        )
        for entry in json.loads(text or "[]")
    )


def corrections(
    live: Sequence[LiveRoute], wanted: Sequence[Route], unwanted: Collection[Hop]
) -> list[tuple[str, ...]]:
    """The ``ip`` commands that give every wanted route and take every unwanted hop away.

    Only metric 0 counts: that is where these routes are, and where the kernel looks first. Routes to
    the same network with a higher metric, say from DHCP, stay as they are.
    """
    first: dict[IPv4Network, LiveRoute] = {}
    for entry in live:
        if entry.metric == 0:
            first.setdefault(entry.destination, entry)

    commands = []
    for route in wanted:
        now = first.get(route.hop.destination)
        if now is None or (now.gateway, now.interface) != (route.hop.gateway, route.interface):
            commands.append(replace_command(route))
    kept = {route.hop.destination for route in wanted}
    for hop in sorted(unwanted):
        now = first.get(hop.destination)
        if hop.destination not in kept and now is not None and now.gateway == hop.gateway:
            commands.append(
                ("ip", "-4", "route", "del", str(hop.destination), "via", str(hop.gateway), "metric", "0")
            )
    return commands


def replace_command(route: Route) -> tuple[str, ...]:
    """The command that gives the route now, marked as a static one as networkd marks its own."""
    hop = route.hop
    target = ("via", str(hop.gateway), "dev", route.interface)
    return ("ip", "-4", "route", "replace", str(hop.destination), *target, "proto", "static")
