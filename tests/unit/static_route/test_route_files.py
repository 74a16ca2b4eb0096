"""The files that keep routes: exact text, and read back to what was written."""

from __future__ import annotations

import configparser
import subprocess
from ipaddress import IPv4Address, IPv4Network

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from static_route.files import BACKENDS, parse, render
from static_route.routes import Hop, Route

SERVICES = Hop(IPv4Network("10.0.2.0/24"), IPv4Address("192.168.56.253"))
STORAGE = Hop(IPv4Network("10.9.0.0/16"), IPv4Address("192.168.56.252"))
ROUTES = (Route(SERVICES, "ens3"), Route(STORAGE, "ens3"))

INTERFACES = ("ens3", "ens4", "eth0")
UNITS = {
    "networkd": {name: f"10-cloud-init-{name}.network" for name in INTERFACES},
    "netplan": {name: name for name in INTERFACES},
    "ifupdown": {name: name for name in INTERFACES},
}

NETWORKD_FILE = """\
# Managed by Ansible (static_route); changes made here are lost.

[Route]
Destination=10.0.2.0/24
Gateway=192.168.56.253

[Route]
Destination=10.9.0.0/16
Gateway=192.168.56.252
"""

NETPLAN_FILE = """\
# Managed by Ansible (static_route); changes made here are lost.
network:
  version: 2
  ethernets:
    "ens3":
      routes:
        - to: 10.0.2.0/24
          via: 192.168.56.253
        - to: 10.9.0.0/16
          via: 192.168.56.252
"""

IFUPDOWN_FILE = """\
#!/bin/sh
# Managed by Ansible (static_route); changes made here are lost.
test "$ADDRFAM" != inet6 || exit 0
test "${IFACE%%:*}" != ens3 || REPLACE 10.0.2.0/24 via 192.168.56.253 dev ens3 proto static || true
test "${IFACE%%:*}" != ens3 || REPLACE 10.9.0.0/16 via 192.168.56.252 dev ens3 proto static || true
""".replace("REPLACE", "ip -4 route replace")


@pytest.mark.parametrize(
    ("backend", "path", "mode", "content"),
    [
        (
            "networkd",
            "etc/systemd/network/10-cloud-init-ens3.network.d/50-static-routes.conf",
            0o644,
            NETWORKD_FILE,
        ),
        ("netplan", "etc/netplan/60-static-routes.yaml", 0o600, NETPLAN_FILE),
        ("ifupdown", "etc/network/if-up.d/static-routes", 0o755, IFUPDOWN_FILE),
    ],
)
def test_the_file_is_exactly_this(backend: str, path: str, mode: int, content: str) -> None:
    ((written, file),) = render(backend, ROUTES, UNITS[backend]).items()
    assert (written, file.mode) == (path, mode)
    assert file.content == content


def test_netplan_reads_the_file_as_meant() -> None:
    (file,) = render("netplan", ROUTES, {"ens3": "id: 0"}).values()
    assert yaml.safe_load(file.content)["network"]["ethernets"] == {
        "id: 0": {
            "routes": [
                {"to": "10.0.2.0/24", "via": "192.168.56.253"},
                {"to": "10.9.0.0/16", "via": "192.168.56.252"},
            ]
        }
    }


def test_networkd_gets_a_section_of_its_own_for_each_interface() -> None:
    files = render("networkd", (Route(SERVICES, "ens3"), Route(STORAGE, "ens4")), UNITS["networkd"])
    assert sorted(files) == [
        f"etc/systemd/network/10-cloud-init-{name}.network.d/50-static-routes.conf"
        for name in ("ens3", "ens4")
    ]
    for file in files.values():
        reader = configparser.ConfigParser()
        reader.read_string(file.content)
        assert reader.sections() == ["Route"]


def test_a_shell_accepts_the_hook_and_another_interface_passes_it_by() -> None:
    (file,) = render("ifupdown", ROUTES, UNITS["ifupdown"]).values()
    # Were a route command reached, it would fail: there is no ip to be found on this path.
    ran = subprocess.run(
        ["/bin/sh", "-e"],
        input=file.content,
        text=True,
        check=False,
        capture_output=True,
        env={"PATH": "/", "IFACE": "wlan0"},
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def networks() -> st.SearchStrategy[IPv4Network]:
    return st.builds(
        lambda address, prefix: IPv4Network((address, prefix), strict=False),
        st.integers(1 << 24, (224 << 24) - 1),
        st.integers(8, 32),
    )


@st.composite
def declared_routes(draw: st.DrawFn) -> tuple[Route, ...]:
    routes = []
    for network in draw(st.lists(networks(), max_size=8, unique=True)):
        gateway = draw(st.integers(1 << 24, (224 << 24) - 1).map(IPv4Address))
        routes.append(Route(Hop(network, gateway), draw(st.sampled_from(INTERFACES))))
    return tuple(routes)


@pytest.mark.parametrize("backend", sorted(BACKENDS))
@given(routes=declared_routes())
def test_what_is_written_is_read_back(backend: str, routes: tuple[Route, ...]) -> None:
    files = render(backend, routes, UNITS[backend])
    read = [hop for file in files.values() for hop in parse(backend, file.content)]
    assert sorted(read) == sorted(route.hop for route in routes)


@pytest.mark.parametrize("backend", sorted(BACKENDS))
@given(content=st.text())
def test_a_file_that_somebody_else_wrote_keeps_no_route(backend: str, content: str) -> None:
    assert parse(backend, content) == frozenset()
