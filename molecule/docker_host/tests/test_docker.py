"""Docker answers, to the one who ran the role as well."""

from __future__ import annotations

import docker


def test_docker_answers() -> None:
    with docker.DockerClient.from_env() as client:
        assert client.ping()


def test_docker_has_the_bridge_of_the_report() -> None:
    with docker.DockerClient.from_env() as client:
        (pool,) = client.networks.list(names=["bridge"])
        assert pool.attrs["Driver"] == "bridge"
