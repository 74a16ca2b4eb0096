"""The module asks the Docker that everything else asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NOWHERE, ELSEWHERE = "unix:///nonexistent/docker.sock", "unix:///nonexistent/other.sock"


@pytest.mark.parametrize(("option", "asked"), [("", NOWHERE), (f"docker_host={ELSEWHERE}", ELSEWHERE)])
def test_the_environment_names_the_docker_and_the_option_another(option, asked):
    pytest.importorskip("docker")
    command = ["ansible", "localhost", "--inventory=localhost,", "--connection=local"]
    command.append(f"--extra-vars=ansible_python_interpreter={sys.executable}")
    done = subprocess.run(
        [*command, "--module-name=docker_snapshot", f"--args=name=lab-test/none:1 state=absent {option}"],
        cwd=ROOT,
        env=os.environ | {"DOCKER_HOST": NOWHERE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"docker_host: Docker does not answer on {asked}" in " ".join(done.stdout.split())
