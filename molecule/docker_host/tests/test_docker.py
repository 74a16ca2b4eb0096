"""Docker answers the one who ran the role, and has the network that the report's containers are on."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest


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
