"""What is read of a guest and done to it, without one: the commands are answered here."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from static_route.files import HEADER, render
from static_route.guest import Guest
from static_route.plan import make_plan
from static_route.routes import Hop, Route, RouteError

ROUTE = Route(Hop(IPv4Network("10.0.2.0/24"), IPv4Address("192.168.56.253")), "ens3")
LIVE = json.dumps([{"dst": "10.0.2.0/24", "gateway": "192.168.56.253", "dev": "ens3"}])

FILES = (
    "etc/systemd/network/10-ens3.network.d/50-static-routes.conf",
    "etc/netplan/60-static-routes.yaml",
    "etc/network/if-up.d/static-routes",
)


def silent(_command: list[str]) -> tuple[int, str, str]:
    return 0, "", ""


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_somebody_else_wrote_is_refused(tmp_path: Path, path: str) -> None:
    write(tmp_path / path, "[Route]\nDestination=10.0.2.0/24\nGateway=192.168.56.253\n")
    with pytest.raises(RouteError, match=f"^/{path} was not written by static_route, .* rename or remove it"):
        Guest(silent, tmp_path).read()
    write(tmp_path / path, f"#!/bin/sh\n{HEADER}")
    assert list(Guest(silent, tmp_path).read().files) == [path]


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    ("backend", "reloads"),
    [
        ("networkd", [["networkctl", "reload"]]),
        ("netplan", [["netplan", "generate"], ["networkctl", "reload"]]),
    ],
)
def test_what_the_daemon_has_not_read_is_read_in_the_next_run(
    tmp_path: Path, backend: str, reloads: list[list[str]], declared: bool
) -> None:
    """The route is live all the time, and the file as it should be after the first run."""
    statuses = dict.fromkeys(("generate", "reload"), 1)
    ran = []

    def run(command: list[str]) -> tuple[int, str, str]:
        ran.append(command)
        return statuses.get(command[1], 0), LIVE if "route" in command else "", ""

    guest = Guest(run, tmp_path)
    kept = render(backend, [ROUTE], {"ens3": "ens3.network"})
    if not declared:
        for path, file in kept.items():
            write(tmp_path / path, file.content)
    files, wanted = (kept, [ROUTE]) if declared else ({}, [])
    with pytest.raises(RouteError, match="ended with status 1"):
        guest.apply(make_plan(guest.read(), wanted, files), wanted)

    statuses.clear()
    plan = make_plan(guest.read(), wanted, files)
    assert (plan.empty, plan.paths, plan.commands) == (False, (), ())
    ran.clear()
    guest.apply(plan, wanted)
    assert ran[: len(reloads)] == reloads
    assert make_plan(guest.read(), wanted, files).empty


@pytest.mark.parametrize(
    "file", ["/etc/systemd/network/20-all.network", "/run/systemd/network/10-netplan-lan.network"]
)
def test_an_interface_that_shares_its_definition_is_refused(tmp_path: Path, file: str) -> None:
    entries = [
        {"Name": "lo"},
        {"Name": "ens3", "NetworkFile": file},
        {"Name": "ens4", "NetworkFile": file},
        {"Name": "ens5", "NetworkFile": "/etc/systemd/network/10-ens5.network"},
    ]
    listed = json.dumps({"Interfaces": entries})
    write(tmp_path / "usr/bin/networkctl", "")
    guest = Guest(lambda command: (0, listed if command[-1] == "list" else "", ""), tmp_path)
    with pytest.raises(
        RouteError, match=f"^{file} configures ens4 as well as ens3, .* give ens3 a definition of"
    ):
        guest.backend([ROUTE])
    assert guest.backend([Route(ROUTE.hop, "ens5")]) == ("networkd", {"ens5": "10-ens5.network"})
