"""The module asks the Docker that everything else asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from ad_hoc import ad_hoc

ROOT = Path(__file__).resolve().parents[3]
NOWHERE, ELSEWHERE = "unix:///nonexistent/docker.sock", "unix:///nonexistent/other.sock"


@pytest.mark.parametrize(("option", "asked"), [("", NOWHERE), (f"docker_host={ELSEWHERE}", ELSEWHERE)])
def test_the_environment_names_the_docker_and_the_option_another(option, asked):
    pytest.importorskip("docker")
    done = ad_hoc("docker_snapshot", f"name=lab-test/none:1 state=absent {option}", DOCKER_HOST=NOWHERE)
    assert f"docker_host: Docker does not answer on {asked}" in " ".join(done.stdout.split())
