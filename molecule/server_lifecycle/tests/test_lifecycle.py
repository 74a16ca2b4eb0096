"""The servers after the exercise: what the cloud says, what is in them, and what was recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lab import evidence, host, member, owned
from openstack.connection import Connection

PLAYBOOK = "openstack_server_lifecycle"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Connection]:
    with member() as connection:
        yield connection


def test_both_servers_have_the_last_flavor_and_the_snapshot(cloud: Connection) -> None:
    snapshot = cloud.image.find_image("lifecycle-original@exercise")
    servers = {server.name: server for server in owned(cloud.compute.servers(), "lifecycle")}
    assert servers.keys() == {"original", "copy"}
    for server in servers.values():
        assert server.status == "ACTIVE"
        assert server.flavor["original_name"] == "large"
        assert server.image.id == snapshot.id


@pytest.mark.parametrize("name", ["original", "copy"])
def test_the_package_and_the_file_are_there(name: str) -> None:
    server = host(name)
    assert server.check_output("lab-mark") == "installed on original"
    assert server.check_output("cat /srv/marker") == "written on original before the snapshot"
    assert (
        server.check_output("dpkg-query --show --showformat '${Status}' lab-mark") == "install ok installed"
    )


def test_the_flavor_is_what_the_guest_sees() -> None:
    assert int(host("original").check_output("nproc")) == 2


def test_the_server_shuts_down_by_itself_when_it_is_told_to(cloud: Connection) -> None:
    """Its kernel says so in the end; one whose plug is pulled says nothing."""
    server = cloud.compute.find_server("copy")
    cloud.compute.stop_server(server)
    cloud.compute.wait_for_server(server, status="SHUTOFF", wait=180)
    console = host("cloud").check_output("cat /var/lib/nova/instances/%s/console.log", server.id)
    assert "reboot: Power down" in console[-2000:]


@pytest.mark.parametrize(("claim", "verdict"), [("C27", "reproduced"), ("C28", "depends")])
def test_the_claim_was_judged(claim: str, verdict: str) -> None:
    """A snapshot keeps no hardware: processors and memory come from the flavor."""
    assert evidence(claim, PLAYBOOK)["verdict"] == verdict


def test_the_evidence_says_nothing_to_a_terminal() -> None:
    outputs = [o["output"] for claim in ("C27", "C28") for o in evidence(claim, PLAYBOOK)["observations"]]
    assert not [output for output in outputs if "\r" in output or "\x1b" in output]


def test_the_outage_of_a_running_resize_was_measured() -> None:
    (watched,) = (o for o in evidence("C27", PLAYBOOK)["observations"] if o["host"] == "outside")
    figures = json.loads(watched["output"])
    assert figures["longest_outage"] > 1
    assert figures["tries"] > figures["failures"] > 0
