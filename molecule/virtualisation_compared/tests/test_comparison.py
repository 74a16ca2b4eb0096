"""Each claim has its verdict and its figures, the charts are there, and nothing runs any more."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest
from lab import evidence, variable

PLAYBOOK = "virtualisation_compared"
# What does not depend on how fast this machine is.
CERTAIN = {
    "C01": "reproduced",
    "C03": "depends",
    "C05": "reproduced",
    "C06": "reproduced",
    "C07": "reproduced",
}


@pytest.mark.parametrize("claim", sorted(CERTAIN))
def test_what_depends_on_no_speed_is_as_it_must_be(claim: str) -> None:
    assert evidence(claim, PLAYBOOK)["verdict"] == CERTAIN[claim]


@pytest.mark.parametrize("claim", ["C02", "C04", "C09", "C10"])
def test_what_was_measured_is_judged(claim: str) -> None:
    record = evidence(claim, PLAYBOOK)
    assert record["verdict"] in ("reproduced", "contradicted", "depends")
    assert record["observations"][0]["output"]


def test_the_panic_was_the_machines_own() -> None:
    seen = {entry["command"]: entry["output"] for entry in evidence("C05", PLAYBOOK)["observations"]}
    assert "Kernel panic - not syncing: sysrq triggered crash" in seen["echo c > /proc/sysrq-trigger"]
    assert seen["the question, after the panic"] == "answered by process, docker, lxc"


def test_no_container_was_given_a_way_to_crash_its_host() -> None:
    means = [
        entry["output"]
        for entry in evidence("C05", PLAYBOOK)["observations"]
        if entry["command"].startswith("inside.py: crash_means")
    ]
    assert len(means) == 2
    assert not any("open" in output for output in means)


@pytest.mark.parametrize("name", ["start_time", "memory", "latency", "density"])
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_charts_are_there(name: str, kind: str) -> None:
    chart = Path(variable("lab_evidence_dir")) / PLAYBOOK / f"{name}.{kind}"
    assert chart.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")


def test_nothing_runs_any_more() -> None:
    name = f"lab-{variable('lab_name')}-comparison"
    client = docker.from_env()
    try:
        assert [one.name for one in client.containers.list(all=True) if one.name.startswith(name)] == []
        assert [one.name for one in client.networks.list() if one.name == name] == []
        assert [one.name for one in client.volumes.list() if one.name == name] == []
    finally:
        client.close()
    assert list(Path("/var/lib/lxc").glob(f"{name}*")) == []
    state = Path(variable("lab_state_dir")) / "comparison"
    assert list(state.glob("*.pid")) == []
