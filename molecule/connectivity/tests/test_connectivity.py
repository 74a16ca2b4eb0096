"""What is left of the exercise: a server with a floating IP, and a record of each stage."""

from __future__ import annotations

import json

import pytest
from lab import evidence, host, variable

PLAYBOOK = "openstack_connectivity"


def test_the_server_is_reached_from_outside_at_last() -> None:
    assert host("explorer").check_output("hostname") == "explorer"


def test_the_server_reaches_the_internet() -> None:
    page = host("explorer").check_output("curl --silent --max-time 30 http://203.0.113.80/")
    assert "<h1>The internet</h1>" in page


@pytest.mark.parametrize("claim", ["C24", "C25", "C26"])
def test_the_claim_was_reproduced(claim: str) -> None:
    assert evidence(claim, PLAYBOOK)["verdict"] == "reproduced"


def test_the_router_made_the_difference() -> None:
    before, router, gateway, after = evidence("C24", PLAYBOOK)["observations"]
    assert (before["host"], after["host"]) == ("explorer", "explorer")
    assert before["command"] == after["command"]
    assert (before["rc"], after["rc"]) == (1, 0)
    assert json.loads(router["output"]) == {"gateway": ["10.0.2.254"]}
    outside = json.loads(gateway["output"])["gateway"]
    assert outside["network"] == variable("lab_external_network")
    assert outside["addresses"]


def test_the_observer_runs_unprivileged() -> None:
    show = "systemctl show --value --property MainPID lab-observer"
    user = host("explorer").check_output(f"ps -o user= -p $({show})")
    assert user.strip() not in ("", "root")
