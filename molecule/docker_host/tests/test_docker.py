"""Docker answers the one who ran the role, and has the network that the report's containers are on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from lab import INVENTORY, run


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


def asked(*variables: str) -> subprocess.CompletedProcess[str]:
    """Run the role on this machine, whatever comes of it."""
    role = ["-m", "ansible.builtin.include_role", "-a", "name=docker_host"]
    given = [f"--extra-vars={variable}" for variable in variables]
    return run("ansible", f"--inventory={INVENTORY}", "localhost", *role, *given)


def test_docker_answers(client: docker.DockerClient) -> None:
    assert client.ping()


def test_docker_has_a_bridge(client: docker.DockerClient) -> None:
    (bridge,) = (network for network in client.networks.list() if network.name == "bridge")
    assert bridge.attrs["Driver"] == "bridge"


def test_a_command_that_asks_another_docker_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    other = f"host=unix://{tmp_path}/other.sock"
    subprocess.run(["docker", "context", "create", "other", "--docker", other], check=True)
    monkeypatch.setenv("DOCKER_CONTEXT", "other")
    done = asked()
    assert done.returncode != 0
    said = " ".join(done.stdout.split())
    assert "docker_host: the command docker does not ask the Docker of /var/run/docker.sock (Cannot" in said
    assert "docker context use default" in said


def test_a_docker_that_does_not_run_and_may_not_be_started_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    done = asked("docker_host_socket=/nonexistent/docker.sock", "docker_host_start=false")
    assert done.returncode != 0
    assert "docker_host: Docker does not answer on /nonexistent/docker.sock" in " ".join(done.stdout.split())
