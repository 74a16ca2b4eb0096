"""A server on a network without a way out; the attempt on the institution's network has left nothing."""

from __future__ import annotations

import json

import pytest
from lab import evidence, member, owned, variable

PLAYBOOK = "openstack_private_network"
TOPOLOGY = "private-network"


def test_only_the_private_server_is_there() -> None:
    with member() as cloud:
        (server,) = owned(cloud.compute.servers(), TOPOLOGY)
        assert (server.name, server.status) == ("lone-server", "ACTIVE")
        assert owned(cloud.network.ips(), TOPOLOGY) == []
        assert owned(cloud.network.routers(), TOPOLOGY) == []
        assert [port.name for port in cloud.network.ports(device_id=server.id)] == [
            "server lone-server@private"
        ]
        for name in variable("topology_attempts", of="lone-server"):
            assert list(cloud.compute.servers(name=f"^{name}$")) == []
            assert list(cloud.network.ports(name=name)) == []


@pytest.mark.parametrize("claim", ["C22", "C23"])
def test_the_claim_was_reproduced(claim: str) -> None:
    assert evidence(claim, PLAYBOOK)["verdict"] == "reproduced"


def test_both_refusals_were_recorded_as_they_came() -> None:
    port, _, server = (observation["output"] for observation in evidence("C22", PLAYBOOK)["observations"])
    assert "403" in port
    assert "not allowed to create port on this network" in port
    assert server.startswith("ERROR: ")
    assert "Failed to allocate the network" in server


def test_the_lease_is_what_the_cloud_says() -> None:
    given, leased = (observation["output"] for observation in evidence("C23", PLAYBOOK)["observations"])
    assert [entry["address"] for entry in json.loads(leased) if entry["dynamic"]] == [f"{given}/24"]
