"""A route on systems of three kinds, all restarted since it was declared. What was changed is repaired."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import testinfra
from lab import INVENTORY, recap, run, variable
from testinfra.host import Host

PLAYBOOK = Path(__file__).parents[1] / "converge.yml"

FILES = {
    "networkd": ("/etc/systemd/network/10-eth0.network.d/50-static-routes.conf", 0o644),
    "netplan": ("/etc/netplan/60-static-routes.yaml", 0o600),
    "ifupdown": ("/etc/network/if-up.d/static-routes", 0o755),
}
KINDS = pytest.mark.parametrize("kind", FILES)

ROUTER, NOBODY, DEFAULT = "192.168.56.253", "192.168.56.9", "192.168.56.254"


def converge(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the role on the guests."""
    return run("ansible-playbook", f"--inventory={INVENTORY}", str(PLAYBOOK), *arguments)


def changed(*arguments: str) -> set[str]:
    """Run the role on the guests, which must succeed, and return the kinds of those that it has changed."""
    done = converge(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return {name.removeprefix("route-") for name, counts in recap(done.stdout).items() if counts["changed"]}


@pytest.fixture(scope="module")
def guest() -> Callable[[str], Host]:
    """Return how to reach a guest: by Docker alone, which takes less time than Ansible."""
    prefix = f"docker://lab-{variable('lab_name')}-route-"
    return lambda kind: testinfra.get_host(prefix + kind)


@pytest.fixture
def second_card(guest: Callable[[str], Host]) -> Iterator[Host]:
    """Give the guest with ifupdown, with one more interface, of which ifupdown knows nothing."""
    machine = guest("ifupdown")
    machine.check_output("ip link add eth1 type veth peer name far")
    machine.check_output("ip address add 198.51.100.1/24 dev eth1")
    machine.check_output("ip link set eth1 up")
    yield machine
    machine.check_output("ip link delete eth1")


def gateway(machine: Host) -> str:
    (route,) = json.loads(machine.check_output("ip -json route get 10.0.2.7"))
    return str(route["gateway"])


def routes(machine: Host) -> dict[str, str]:
    """Return the next hop of each route that has one."""
    table = json.loads(machine.check_output("ip -json route"))
    return {route["dst"]: route["gateway"] for route in table if "gateway" in route}


def network_status(machine: Host) -> dict[str, object]:
    status: dict[str, object] = json.loads(machine.check_output("networkctl --json=short status eth0"))
    return status


def test_networkd_configures_the_interface(guest: Callable[[str], Host]) -> None:
    status = network_status(guest("networkd"))
    assert status["NetworkFile"] == "/etc/systemd/network/10-eth0.network"
    assert status["NetworkFileDropins"] == [FILES["networkd"][0]]
    assert status["AdministrativeState"] == "configured"


def test_netplan_configures_the_interface(guest: Callable[[str], Host]) -> None:
    machine = guest("netplan")
    status = network_status(machine)
    assert status["NetworkFile"] == "/run/systemd/network/10-netplan-eth0.network"
    assert status["AdministrativeState"] == "configured"
    assert (
        f"Destination=10.0.2.0/24\nGateway={ROUTER}\n" in machine.file(status["NetworkFile"]).content_string
    )
    assert not machine.file("/etc/systemd/network").listdir()


def test_ifupdown_configures_the_interface(guest: Callable[[str], Host]) -> None:
    machine = guest("ifupdown")
    assert machine.check_output("ifquery --state eth0") == "eth0=eth0"
    assert machine.run("systemctl is-active systemd-networkd").stdout.strip() == "inactive"


@KINDS
def test_the_route_is_there_after_the_restart(guest: Callable[[str], Host], kind: str) -> None:
    assert gateway(guest(kind)) == ROUTER
    assert routes(guest(kind)) == {"default": DEFAULT, "10.0.2.0/24": ROUTER}
    assert guest(kind).run("ping -c 1 -W 5 10.0.2.7").rc == 0


@KINDS
def test_its_file_belongs_to_root(guest: Callable[[str], Host], kind: str) -> None:
    path, mode = FILES[kind]
    file = guest(kind).file(path)
    assert (file.user, file.group, file.mode) == ("root", "root", mode)
    assert guest(kind).file(str(Path(path).parent)).mode == 0o755


def test_a_restart_leaves_nothing_to_do() -> None:
    assert changed() == set()


def test_a_route_removed_by_hand_is_planned_and_comes_back(guest: Callable[[str], Host]) -> None:
    for kind in FILES:
        guest(kind).check_output("ip route delete 10.0.2.0/24")
    done = converge("--check", "--diff")
    assert {count["changed"] for count in recap(done.stdout).values()} == {1}, done.stdout + done.stderr
    shown = f"+++ after: ip route\n@@ -0,0 +1 @@\n+10.0.2.0/24 via {ROUTER} dev eth0\n"
    assert done.stdout.count(shown) == len(FILES)
    assert {gateway(guest(kind)) for kind in FILES} == {DEFAULT}
    assert changed() == set(FILES)
    assert {gateway(guest(kind)) for kind in FILES} == {ROUTER}


def test_a_route_changed_by_hand_is_repaired_in_its_file_as_well(guest: Callable[[str], Host]) -> None:
    for kind, (path, _mode) in FILES.items():
        guest(kind).check_output(f"ip route replace 10.0.2.0/24 via {NOBODY}")
        guest(kind).check_output(f"sed -i s/{ROUTER}/{NOBODY}/ {path}")
    assert changed() == set(FILES)
    for kind, (path, _mode) in FILES.items():
        assert gateway(guest(kind)) == ROUTER
        assert NOBODY not in guest(kind).file(path).content_string
    assert changed() == set()


def test_an_interface_that_nothing_configures_is_refused(second_card: Host) -> None:
    declared = {"static_route_routes": [{"destination": "10.0.9.0/24", "gateway": "198.51.100.2"}]}
    done = converge("--limit=route-ifupdown", f"--extra-vars={json.dumps(declared)}")
    assert done.returncode != 0
    assert "eth1 is configured neither by systemd-networkd" in done.stdout
    assert "10.0.9.0/24" not in routes(second_card)


def test_it_goes_as_it_came(guest: Callable[[str], Host]) -> None:
    absent = "--extra-vars=static_route_state=absent"
    try:
        assert changed(absent) == set(FILES)
        for kind, (path, _mode) in FILES.items():
            assert routes(guest(kind)) == {"default": DEFAULT}
            assert not guest(kind).file(path).exists
        assert "10.0.2.0" not in guest("netplan").check_output(
            "cat /run/systemd/network/10-netplan-eth0.network"
        )
        assert changed(absent) == set()
    finally:
        changed()
