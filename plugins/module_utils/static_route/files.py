"""The files that give the routes back after a reboot, one form for each network configuration system.

Each backend owns whole files of its own name, so that nothing another tool wrote is ever edited.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .live import replace_command
from .routes import Hop, Route, RouteError, parse_hop

HEADER = "# Managed by Ansible (static_route); changes made here are lost.\n"

NETWORKD = "networkd"
NETPLAN = "netplan"
IFUPDOWN = "ifupdown"


@dataclass(frozen=True)
class File:
    """A file's content and permission bits."""

    content: str
    mode: int


@dataclass(frozen=True)
class Backend:
    """How one system keeps routes.

    ``pattern`` matches every file this backend may have written, as a glob below the root directory.
    ``path`` names the file of a unit: networkd's .network file, netplan's definition, ifupdown's interface.
    """

    pattern: str
    mode: int
    path: Callable[[str], str]
    render: Callable[[Mapping[str, Sequence[Route]]], str]
    hop: re.Pattern[str]


def _render_networkd(units: Mapping[str, Sequence[Route]]) -> str:
    return HEADER + "".join(
        f"\n[Route]\nDestination={route.hop.destination}\nGateway={route.hop.gateway}\n"
        for routes in units.values()
        for route in routes
    )


def _render_netplan(units: Mapping[str, Sequence[Route]]) -> str:
    lines = ["network:", "  version: 2", "  ethernets:"]
    for unit, routes in units.items():
        # Quoted, because a definition may be called anything; JSON strings are YAML strings.
        lines += [f"    {json.dumps(unit)}:", "      routes:"]
        for route in routes:
            lines += [f"        - to: {route.hop.destination}", f"          via: {route.hop.gateway}"]
    return HEADER + "".join(f"{line}\n" for line in lines)


def _render_ifupdown(units: Mapping[str, Sequence[Route]]) -> str:
    # ifupdown runs the hook after each address of an interface, under the name of an alias for some, and
    # gives up on an interface whose hook fails. The one that leads to the gateway may come later.
    lines = ["#!/bin/sh", HEADER.rstrip(), 'test "$ADDRFAM" != inet6 || exit 0']
    for routes in units.values():
        lines += [
            f'test "${{IFACE%%:*}}" != {route.interface} || {" ".join(replace_command(route))} || true'
            for route in routes
        ]
    return "".join(f"{line}\n" for line in lines)


BACKENDS: Mapping[str, Backend] = {
    NETWORKD: Backend(
        pattern="etc/systemd/network/*.network.d/50-static-routes.conf",
        mode=0o644,
        path=lambda unit: f"etc/systemd/network/{unit}.d/50-static-routes.conf",
        render=_render_networkd,
        hop=re.compile(r"^Destination=(\S+)\nGateway=(\S+)$", re.MULTILINE),
    ),
    NETPLAN: Backend(
        pattern="etc/netplan/60-static-routes.yaml",
        # netplan warns about files that others may read.
        mode=0o600,
        path=lambda _unit: "etc/netplan/60-static-routes.yaml",
        render=_render_netplan,
        hop=re.compile(r"^ +- to: (\S+)\n +via: (\S+)$", re.MULTILINE),
    ),
    IFUPDOWN: Backend(
        # ifupdown skips hooks with a dot in their name.
        pattern="etc/network/if-up.d/static-routes",
        mode=0o755,
        path=lambda _unit: "etc/network/if-up.d/static-routes",
        render=_render_ifupdown,
        hop=re.compile(r"^test .* route replace (\S+) via (\S+) dev ", re.MULTILINE),
    ),
}


def render(backend: str, routes: Iterable[Route], units: Mapping[str, str]) -> dict[str, File]:
    """The files, by path below the root directory, that keep these routes.

    ``units`` gives the backend's name of each interface that a route uses.
    """
    system = BACKENDS[backend]
    by_path: dict[str, dict[str, list[Route]]] = {}
    for route in sorted(routes):
        unit = units[route.interface]
        by_path.setdefault(system.path(unit), {}).setdefault(unit, []).append(route)
    return {path: File(system.render(members), system.mode) for path, members in by_path.items()}


def parse(backend: str, content: str) -> frozenset[Hop]:
    """The hops that a rendered file keeps; what somebody else wrote into it is passed over."""
    hops = set()
    for destination, gateway in BACKENDS[backend].hop.findall(content):
        try:
            hops.add(parse_hop(destination, gateway))
        except RouteError:
            continue
    return frozenset(hops)
