"""The embedded cloud as its user, and as the machine around it, see it."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest
import testinfra
from openstack.connection import Connection
from testinfra.host import Host

INVENTORY = "molecule/inventory"


def host(name: str) -> Host:
    return testinfra.get_host(f"ansible://{name}?ansible_inventory={INVENTORY}")


@pytest.fixture(scope="module")
def variables() -> dict[str, Any]:
    found: dict[str, Any] = host("cloud").ansible.get_variables()
    return found


@pytest.fixture(scope="module")
def clouds(variables: dict[str, Any]) -> Path:
    return Path(variables["lab_state_dir"]) / "clouds.yaml"


@pytest.fixture(scope="module")
def member(variables: dict[str, Any], clouds: Path) -> Iterator[Connection]:
    config = openstack.config.OpenStackConfig(config_files=[str(clouds)])
    connection = Connection(config=config.get_one(cloud=variables["lab_cloud"]))
    yield connection
    connection.close()


def test_credentials_are_private(clouds: Path) -> None:
    assert stat.S_IMODE(clouds.stat().st_mode) == 0o600


def test_guest_image_and_flavors_are_offered(member: Connection) -> None:
    assert "debian-13" in {image.name for image in member.image.images()}
    assert {"small", "medium"} <= {flavor.name for flavor in member.compute.flavors()}


def test_plain_member_may_not_use_the_external_network(member: Connection) -> None:
    external = member.network.find_network("insa")
    with pytest.raises(openstack.exceptions.ForbiddenException, match="not allowed to create port"):
        member.network.create_port(network_id=external.id)


def test_plain_member_is_no_administrator(member: Connection) -> None:
    with pytest.raises(openstack.exceptions.ForbiddenException):
        list(member.identity.users())


def test_apis_listen_on_the_loopback_address_alone(variables: dict[str, Any]) -> None:
    listening = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    addresses = [line.split()[3] for line in listening.splitlines()]
    for port in variables["embedded_cloud_ports"].values():
        assert [a for a in addresses if a.endswith(f":{port}")] == [f"127.0.0.1:{port}"]


@pytest.mark.parametrize("name", ["cloud", "outside"])
def test_no_way_out(name: str) -> None:
    assert host(name).check_output("ip route show default") == ""


def test_the_internet_has_a_name_and_a_page() -> None:
    outside = host("outside")
    assert "203.0.113.80" in outside.check_output("busybox nslookup www.example.net 203.0.113.80")
    assert "<h1>The internet</h1>" in outside.check_output("curl --silent http://203.0.113.80/")


def test_passwords_are_not_those_of_the_image() -> None:
    cloud = host("cloud")
    assert cloud.file("/var/lib/cloud-lab/personalised").exists
    assert cloud.file("/etc/cloud-lab/secrets.json").mode == 0o600


def test_idle_cloud_fits_in_its_memory() -> None:
    """PSS of everything in the container but the servers: 2.2 GiB is what the README promises."""
    command = (
        "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' < $p/cmdline 2>/dev/null) in *qemu-system*) ;;"
        " *) grep -h ^Pss: $p/smaps_rollup 2>/dev/null;; esac; done"
        " | awk '{s += $2} END {print int(s / 1024)}'"
    )
    assert int(host("cloud").check_output(command)) <= 2253
