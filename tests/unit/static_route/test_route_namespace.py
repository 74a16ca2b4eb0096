"""Apply, repair and take away in a real network namespace (root only)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from static_route.files import File, render
from static_route.guest import Guest, Runner
from static_route.plan import Plan, make_plan
from static_route.routes import Route, RouteError, bind, parse_hops

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="network namespaces need root and iproute2"
)

DECLARED = [{"destination": "10.0.2.0/24", "gateway": "192.168.56.253"}]


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def namespace() -> Iterator[str]:
    """A machine with one interface, 192.168.56.14/24, and a default route."""
    name = f"lab-route-{os.getpid()}"
    ip("netns", "add", name)
    try:
        ip("-n", name, "link", "add", "ens3", "type", "veth", "peer", "name", "far")
        for link in ("ens3", "far"):
            ip("-n", name, "link", "set", link, "up")
        ip("-n", name, "addr", "add", "192.168.56.14/24", "dev", "ens3")
        ip("-n", name, "route", "add", "default", "via", "192.168.56.254")
        yield name
    finally:
        ip("netns", "del", name)


@pytest.fixture
def guest(namespace: str, tmp_path: Path) -> Guest:
    """The namespace as a guest whose ens3 ifupdown configures."""

    def run(command: list[str]) -> tuple[int, str, str]:
        if command[0] == "ifquery":
            return int(command[1:] != ["ens3"]), "", ""
        if command[0] == "networkctl":
            return 0, "", ""
        done = subprocess.run(
            ["ip", "netns", "exec", namespace, *command], check=False, capture_output=True, text=True
        )
        return done.returncode, done.stdout, done.stderr

    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin/ifquery").touch()
    return Guest(run, tmp_path, settle_seconds=1)


def converge(guest: Guest, declared: list[dict[str, str]]) -> Plan:
    state = guest.read()
    routes = bind(parse_hops(declared), state.interfaces)
    files = {}
    if routes:
        backend, units = guest.backend(routes)
        files = render(backend, routes, units)
    plan = make_plan(state, routes, files)
    if not plan.empty:
        guest.apply(plan, routes)
    return plan


def until_a_route_goes(run: Runner) -> Runner:
    """Run commands up to one that takes a route away, and end there."""

    def ended(command: list[str]) -> tuple[int, str, str]:
        if "del" in command:
            raise KeyboardInterrupt
        return run(command)

    return ended


def via(namespace: str, address: str) -> str:
    (route,) = json.loads(ip("-n", namespace, "-json", "route", "get", address))
    return str(route["gateway"])


def test_the_route_comes_stays_and_goes(namespace: str, guest: Guest, tmp_path: Path) -> None:
    hook = tmp_path / "etc/network/if-up.d/static-routes"
    assert via(namespace, "10.0.2.14") == "192.168.56.254"

    assert not converge(guest, DECLARED).empty
    assert via(namespace, "10.0.2.14") == "192.168.56.253"
    assert hook.stat().st_mode & 0o777 == 0o755
    assert converge(guest, DECLARED).empty

    converge(guest, [])
    assert via(namespace, "10.0.2.14") == "192.168.56.254"
    assert not hook.exists()
    assert converge(guest, []).empty


def test_a_run_that_ended_early_forgets_no_route_that_is_to_go(
    namespace: str, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = {"destination": "10.0.3.0/24", "gateway": "192.168.56.253"}
    converge(guest, [*DECLARED, second])
    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(guest, "_run_command", until_a_route_goes(guest._run_command))
        converge(guest, DECLARED)
    assert via(namespace, "10.0.3.14") == "192.168.56.253"
    converge(guest, DECLARED)
    assert via(namespace, "10.0.3.14") == "192.168.56.254"


def test_a_wrong_next_hop_is_repaired_and_other_routes_stay(namespace: str, guest: Guest) -> None:
    converge(guest, DECLARED)
    ip("-n", namespace, "route", "add", "10.77.0.0/16", "via", "192.168.56.9")
    ip("-n", namespace, "route", "replace", "10.0.2.0/24", "via", "192.168.56.9")
    plan = converge(guest, DECLARED)
    assert (plan.paths, len(plan.commands)) == ((), 1)
    assert via(namespace, "10.0.2.14") == "192.168.56.253"
    assert via(namespace, "10.77.1.1") == "192.168.56.9"
    assert via(namespace, "198.51.100.1") == "192.168.56.254"


@pytest.mark.parametrize("destination", ["192.168.0.0/16", "192.168.56.192/26"])
def test_the_kernel_takes_a_gateway_that_lies_in_the_destination(
    namespace: str, guest: Guest, destination: str
) -> None:
    converge(guest, [{"destination": destination, "gateway": "192.168.56.253"}])
    assert via(namespace, str(IPv4Network(destination)[1])) == "192.168.56.253"
    assert converge(guest, [{"destination": destination, "gateway": "192.168.56.253"}]).empty


def test_a_removal_that_fails_is_tried_again(namespace: str, guest: Guest, tmp_path: Path) -> None:
    converge(guest, DECLARED)
    plan = make_plan(guest.read(), (), {})
    with pytest.raises(RouteError, match="ended with status"):
        guest.apply(Plan({}, plan.remove, (*plan.commands, *plan.commands)), ())
    assert (tmp_path / "etc/network/if-up.d/static-routes").exists()
    converge(guest, [])
    assert converge(guest, []).empty


def test_the_hook_gives_the_route_after_a_reboot(namespace: str, guest: Guest, tmp_path: Path) -> None:
    converge(guest, DECLARED)
    ip("-n", namespace, "route", "del", "10.0.2.0/24")
    run_hook(namespace, tmp_path, "ens3")
    assert converge(guest, DECLARED).empty


def test_the_hook_waits_for_the_address_that_leads_to_the_gateway(
    namespace: str, guest: Guest, tmp_path: Path
) -> None:
    """ifupdown runs it after each address, and gives up on the interface where it fails."""
    converge(guest, DECLARED)
    address = "192.168.56.14/24"
    ip("-n", namespace, "address", "del", address, "dev", "ens3")
    run_hook(namespace, tmp_path, "ens3")
    ip("-n", namespace, "address", "add", address, "dev", "ens3")
    run_hook(namespace, tmp_path, "ens3:1")
    assert via(namespace, "10.0.2.7") == "192.168.56.253"


def run_hook(namespace: str, root: Path, interface: str) -> None:
    """Run the hook as ifupdown does for an interface or an alias of it; it must succeed."""
    environment = os.environ | {"IFACE": interface, "ADDRFAM": "inet"}
    hook = root / "etc/network/if-up.d/static-routes"
    subprocess.run(["ip", "netns", "exec", namespace, hook], check=True, env=environment)


def test_a_command_that_fails_is_named(namespace: str, guest: Guest) -> None:
    ip("-n", namespace, "link", "set", "ens3", "down")
    with pytest.raises(RouteError, match=r"^ip -4 route replace 10\.0\.2\.0/24 .* ended with status 2: "):
        converge(guest, DECLARED)


def test_a_guest_that_nothing_configures_is_refused(guest: Guest, tmp_path: Path) -> None:
    (tmp_path / "sbin/ifquery").unlink()
    with pytest.raises(RouteError, match="ens3 is configured neither by systemd-networkd nor"):
        converge(guest, DECLARED)


@pytest.mark.parametrize(
    ("asked", "message"),
    [(None, "ens4 is configured neither by"), ("ifupdown", "ifupdown does not configure ens4 here")],
)
def test_an_interface_that_ifupdown_does_not_know_is_refused(
    guest: Guest, asked: str | None, message: str
) -> None:
    (hop,) = parse_hops(DECLARED)
    with pytest.raises(RouteError, match=message):
        guest.backend([Route(hop, "ens4")], asked)


def test_networkd_can_read_the_drop_in_whatever_the_umask(guest: Guest, tmp_path: Path) -> None:
    path = "etc/systemd/network/10-ens3.network.d/50-static-routes.conf"
    umask = os.umask(0o077)
    try:
        guest.apply(Plan({path: File("[Route]\n", 0o644)}, (), ()), ())
    finally:
        os.umask(umask)
    made = [tmp_path / directory for directory in list(Path(path).parents)[:-1]]
    assert {directory.stat().st_mode & 0o777 for directory in made} == {0o755}
