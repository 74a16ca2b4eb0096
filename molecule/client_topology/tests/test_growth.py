"""A host added to the inventory is built and wired; a limit touches what it names and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lab import ROOT, host, member, owned, playbook, recap, run_playbook, variable

SECOND_MUL = ROOT / "molecule" / "second_mul"
PLAYBOOK = "openstack_client_topology"


@pytest.fixture
def stopped() -> Iterator[list[str]]:
    """Two services that somebody has stopped."""
    names = ["mul", "sub"]
    for name in names:
        host(name).check_output("systemctl stop calculator")
    yield names
    for name in names:
        host(name).check_output("systemctl start calculator")


def test_a_limit_repairs_what_it_names_alone(stopped: list[str]) -> None:
    counts = recap(playbook("lab", "--limit", "mul"))
    assert set(counts) == {"mul"}
    assert counts["mul"]["changed"] > 0
    assert host("mul").check_output("systemctl is-active calculator") == "active"
    assert host("sub").run("systemctl is-active calculator").stdout.strip() == "inactive"


def test_no_part_of_a_topology_is_destroyed() -> None:
    done = run_playbook("destroy", "--limit", "frontend")
    assert done.returncode != 0
    said = " ".join(done.stdout.split())
    assert "--limit frontend: a topology is removed whole, and this leaves out" in said
    assert "Name the group client_topology." in said
    with member() as cloud:
        assert len(owned(cloud.compute.servers(), "client")) >= 5


def test_a_second_host_shares_the_work() -> None:
    output = playbook(PLAYBOOK, f"--inventory={SECOND_MUL}")
    assert "+ server mul-2" in output
    counts = recap(output)
    assert {name for name, count in counts.items() if count["changed"]} == {"frontend"}
    ask = "curl --silent --max-time 60 --header 'Content-Type: application/json' --data %s %s"
    body = json.dumps({"expression": "2*3*4*5*6"})
    port = variable("embedded_cloud_ports")["page"]
    answer = json.loads(host("localhost").check_output(ask, body, f"http://127.0.0.1:{port}/"))
    assert answer["result"] == 720
    assert len({step["service"] for step in answer["steps"]}) == 2
