"""Run the molecule scenarios on a real cloud, one test each, in order, showing their output as it comes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What a scenario needs stands above it.
SCENARIOS = ("docker_host", "guest_image", "embedded_cloud", "client_topology")


def test_every_scenario_is_in_the_order() -> None:
    assert sorted(SCENARIOS) == sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str, capfd: pytest.CaptureFixture[str]) -> None:
    with capfd.disabled():
        print(f"\n=== molecule test -s {scenario}", flush=True)
        command = ["molecule", "--base-config", ".config/molecule/config.yml", "test", "-s", scenario]
        done = subprocess.run(command, cwd=ROOT, check=False)
    assert done.returncode == 0, f"run it alone with: molecule test -s {scenario}"
