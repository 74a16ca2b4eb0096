"""A bridge on which the container would not have the report's address is refused before anything is made."""

from __future__ import annotations

import json

import pytest
from ad_hoc import ad_hoc

FIRST = {
    "container_name": "lab-x",
    "container_network": "172.17.0.0/16",
    "container_address": "172.17.0.2",
}


def bridge(**addresses):
    """Return what Docker says of a bridge with the containers that have these addresses."""
    containers = {
        name: {"Name": name.replace("_", "-"), "IPv4Address": f"172.17.0.{address}/16"}
        for name, address in addresses.items()
    }
    network = {"IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}]}, "Containers": containers}
    return {"exists": True, "network": network}


def asked(answer):
    """Return how it ends where Docker says that, and what is said."""
    done = ad_hoc(
        "ansible.builtin.include_tasks",
        "tasks/docker_bridge.yml",
        # Nobody is there to ask.
        "--check",
        f"--extra-vars={json.dumps({'__bridge': answer, '_first': FIRST})}",
        DOCKER_HOST="unix:///nonexistent/docker.sock",
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"exists": False, "network": None}, "container_network: Docker's bridge has no addresses, and"),
        (bridge(other=2), "container_address: 172.17.0.2 is taken by the container other."),
        (bridge(other=2, lab_x=3), "container_address: 172.17.0.2 is taken by the container other."),
        (
            bridge(lab_x=3),
            "container_address: lab-x has 172.17.0.3, and 172.17.0.2 is declared and free. "
            "Start it anew (docker restart lab-x) and run this again",
        ),
    ],
    ids=["no bridge", "taken", "taken, ours runs", "ours has another"],
)
def test_a_bridge_with_other_addresses_is_refused(answer, words):
    status, said = asked(answer)
    assert status
    assert words in said


@pytest.mark.parametrize("answer", [bridge(), bridge(lab_x=2, other=3), bridge(other=3), {"failed": True}])
def test_any_other_bridge_is_taken(answer):
    status, said = asked(answer)
    assert status == 0, said
