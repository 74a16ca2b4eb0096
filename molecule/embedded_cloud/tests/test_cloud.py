"""The embedded cloud as its user, and as the machine around it, see it."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import openstack
import pytest
from lab import ROOT, host, member, variable
from openstack.connection import Connection


@pytest.fixture(scope="module")
def clouds() -> Path:
    return Path(variable("lab_state_dir")) / "clouds.yaml"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Connection]:
    with member() as connection:
        yield connection


def test_credentials_are_private(clouds: Path) -> None:
    assert stat.S_IMODE(clouds.stat().st_mode) == 0o600


def test_guest_image_and_flavors_are_offered(cloud: Connection) -> None:
    assert "debian-13" in {image.name for image in cloud.image.images()}
    assert {"small", "medium"} <= {flavor.name for flavor in cloud.compute.flavors()}


def test_plain_member_may_not_use_the_external_network(cloud: Connection) -> None:
    external = cloud.network.find_network("insa")
    with pytest.raises(openstack.exceptions.ForbiddenException, match="not allowed to create port"):
        cloud.network.create_port(network_id=external.id)


def test_plain_member_is_no_administrator(cloud: Connection) -> None:
    with pytest.raises(openstack.exceptions.ForbiddenException):
        list(cloud.identity.users())


def test_apis_listen_on_the_loopback_address_alone() -> None:
    listening = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    addresses = [line.split()[3] for line in listening.splitlines()]
    for port in variable("embedded_cloud_ports").values():
        assert [a for a in addresses if a.endswith(f":{port}")] == [f"127.0.0.1:{port}"]


@pytest.mark.parametrize("name", ["cloud", "outside"])
def test_no_way_out(name: str) -> None:
    assert host(name).check_output("ip route show default") == ""


def test_outside_is_another_network_than_the_containers() -> None:
    def addresses(name: str) -> set[str]:
        links = json.loads(host(name).check_output("ip -json -4 address"))
        return {address["local"] for link in links for address in link["addr_info"]} - {"127.0.0.1"}

    assert {"192.168.37.1", "192.168.37.50", "203.0.113.1"} == addresses("outside")
    assert addresses("internet") == {"203.0.113.80"}
    assert not addresses("cloud") & (addresses("outside") | addresses("internet"))


def test_the_internet_has_a_name_and_a_page() -> None:
    outside = host("outside")
    assert "203.0.113.80" in outside.check_output("busybox nslookup -type=a www.example.net 203.0.113.80")
    assert "<h1>The internet</h1>" in outside.check_output("curl --silent http://203.0.113.80/")


def test_secrets_are_not_those_of_the_image() -> None:
    read = "cat /etc/nova/nova.conf /etc/keystone/fernet-keys/0"
    name = subprocess.run(
        ["docker", "inspect", "--format", "{{.Config.Image}}", variable("embedded_cloud_name")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    command = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", name, "-c", read]
    seeded = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    running = host("cloud").check_output(read)

    def secrets(text: str) -> set[str]:
        lines = text.splitlines()
        return {
            line.split("=", 1)[1].strip() for line in lines if line.startswith(("password", "connection"))
        } | {lines[-1]}

    assert len(secrets(seeded)) >= 4
    assert not secrets(seeded) & secrets(running)


def test_idle_cloud_fits_in_its_memory() -> None:
    """At most 2.2 GiB."""
    script = (ROOT / "benchmarks" / "memory.sh").read_text()
    assert int(host("cloud").check_output("sh -c %s", script)) <= 2253


def test_an_interface_that_is_left_down_is_set_up() -> None:
    cloud = host("cloud")
    cloud.check_output("ip tuntap add tap-left-down mode tap")
    try:
        look = "ip link show tap-left-down | grep -q '[<,]UP[,>]'"
        assert cloud.run(f"for i in $(seq 20); do {look} && exit; sleep 1; done; exit 1").rc == 0
    finally:
        cloud.check_output("ip link del tap-left-down")


def test_programs_read_no_cache_of_plugins_that_another_may_be_writing() -> None:
    """Started together they wrote into one: valid, but without the plugin that nova logs in with."""
    find = "find /root/.cache /var/lib/*/.cache -path '*python-entrypoints/*'"
    caches = host("cloud").check_output(find).split()
    assert [Path(name).name for name in caches] == [".disable"] * 6


def test_the_bus_knows_no_name_that_it_may_not_start() -> None:
    """Asked for one of those, libvirt starts no server."""
    cloud = host("cloud")
    units = "busctl --no-pager --no-legend list --activatable | cut --delimiter=' ' --fields=1"
    names = cloud.check_output(f"{units} | grep ^org.freedesktop").split()
    assert "org.freedesktop.systemd1" in names
    assert not {"org.freedesktop.login1", "org.freedesktop.machine1"} & set(names)


def test_an_api_that_does_not_load_comes_up_once_it_can() -> None:
    cloud, log = host("cloud"), "/var/log/nova/nova-api.log"
    paste = "/etc/nova/api-paste.ini"
    seen = cloud.check_output("grep --count 'no app loaded' %s || true", log)
    cloud.check_output("mv %s %s.away && systemctl restart nova-api", paste, paste)
    try:
        again = f"[ $(grep --count 'no app loaded' {log}) -gt {seen} ]"
        assert cloud.run(f"for i in $(seq 60); do {again} && exit; sleep 1; done; exit 1").rc == 0
    finally:
        cloud.check_output("mv %s.away %s", paste, paste)
    cloud.check_output("/usr/local/lib/cloud-lab/ready apis 120")
