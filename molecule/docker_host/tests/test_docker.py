"""Docker answers the one who ran the role, and has the network that the report's containers are on."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest
from lab import INVENTORY, run


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


def test_docker_answers(client: docker.DockerClient) -> None:
    assert client.ping()


def test_docker_has_a_bridge(client: docker.DockerClient) -> None:
    (bridge,) = (network for network in client.networks.list() if network.name == "bridge")
    assert bridge.attrs["Driver"] == "bridge"


def test_a_docker_that_does_not_run_and_may_not_be_started_is_named() -> None:
    done = run(
        "ansible",
        f"--inventory={INVENTORY}",
        "localhost",
        "--module-name=ansible.builtin.include_role",
        "--args=name=docker_host",
        "--extra-vars=docker_host_socket=/nonexistent/docker.sock",
        "--extra-vars=docker_host_start=false",
    )
    assert done.returncode != 0
    assert "docker_host: Docker does not answer on /nonexistent/docker.sock" in " ".join(done.stdout.split())
