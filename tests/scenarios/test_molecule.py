"""Run the molecule scenarios on a real cloud, one test each, in order, showing their output as it comes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

ROOT = Path(__file__).resolve().parents[2]

# What a scenario needs stands above it.
SCENARIOS = (
    "docker_host",
    "docker_containers",
    "lxc_container",
    "virtualbox",
    "guest_image",
    "virtualisation_compared",
    "embedded_cloud",
    "private_network",
    "connectivity",
    "server_lifecycle",
    "calculator",
    "client_topology",
)
# With these a run of all would take an hour and a half. Neither proves anything of the main job.
LONG = frozenset({"virtualbox", "virtualisation_compared"})


COMPLAINT = re.compile(r"\[ERROR\]: |fatal: \[|^\W*(?:E   |FAILED \S+::)")


def complaints(output: Sequence[str]) -> str:
    """Return the lines of a run that say what went wrong, each with what follows it; at most the last 80."""
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in output]
    marked = [number for number, line in enumerate(plain) if COMPLAINT.search(line)]
    shown = sorted(
        {number for first in marked for number in range(first, first + 8)} & set(range(len(plain)))
    )
    return "\n".join(plain[number] for number in shown[-80:])


def others_container() -> str:
    """Return the container, not of the tests' own lab, that has the address of the report's container."""
    try:
        client = docker.from_env()
        bridge = client.networks.get("bridge").attrs["Containers"]
        client.close()
    except DockerException:
        return ""
    there = (one["Name"] for one in bridge.values() if one["IPv4Address"].startswith("172.17.0.2/"))
    return next((name for name in there if not name.startswith("lab-molecule-")), "")


def test_every_scenario_is_in_the_order() -> None:
    assert sorted(SCENARIOS) == sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))


@pytest.mark.parametrize(
    "scenario", [pytest.param(name, marks=[pytest.mark.long] * (name in LONG)) for name in SCENARIOS]
)
def test_scenario(scenario: str, capfd: pytest.CaptureFixture[str]) -> None:
    if scenario == "docker_containers" and (other := others_container()):
        pytest.skip(f"the container {other} has the address 172.17.0.2; stop it to run this scenario")
    with capfd.disabled():
        print(f"\n=== molecule test -s {scenario}", flush=True)
        command = ["molecule", "--base-config", ".config/molecule/config.yml", "test", "-s", scenario]
        output = []
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as run:
            assert run.stdout is not None
            for line in run.stdout:
                print(line, end="", flush=True)
                output.append(line)
    assert run.returncode == 0, f"{complaints(output)}\nrun it alone with: molecule test -s {scenario}"
