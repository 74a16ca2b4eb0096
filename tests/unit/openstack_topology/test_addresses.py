"""What neutron is told of a floating IP."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from openstack_topology.cloud import Cloud
from openstack_topology.plan import Step


@pytest.mark.parametrize(
    ("server", "body"),
    [
        ("", {"port_id": None}),
        # In one request: between two a run could be killed.
        ("sum", {"port_id": None, "description": "sum [topology:client]"}),
    ],
)
def test_an_address_is_taken_and_named_in_one_request(server: str, body: dict[str, Any]) -> None:
    told: list[tuple[str, dict[str, Any]]] = []
    network = SimpleNamespace(update_ip=lambda id_, **attributes: told.append((id_, attributes)))
    connection = SimpleNamespace(network=network, compute=None, image=None, current_project_id="project")
    step = Step("update", "association", "192.168.37.9", {"id": "1", "server": server})
    Cloud(connection, "client", 60).apply(step)
    assert told == [("1", body)]
