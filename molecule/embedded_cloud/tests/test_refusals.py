"""A cloud that cannot run here is refused in one clear line, and nothing is made or removed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import docker
import pytest
import yaml
from docker.models.containers import Container
from lab import INVENTORY, ROOT, run, run_playbook

NAME = "cloud-lab-refused"
DEFAULTS = yaml.safe_load((ROOT / "roles" / "embedded_cloud" / "defaults" / "main.yml").read_text())
INTERNET = DEFAULTS["embedded_cloud_internet"]
PORTS = DEFAULTS["embedded_cloud_ports"]


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def stranger(client: docker.DockerClient) -> Iterator[Container]:
    """Somebody's container with the name that the cloud should have."""
    base = client.images.list("cloud-lab/base")[0]
    container = client.containers.create(base.id, name=NAME, entrypoint="/bin/true", network_mode="none")
    yield container
    container.remove()


@pytest.fixture
def accelerated(client: docker.DockerClient) -> Iterator[Container]:
    """What tells a cloud that was made with KVM from others."""
    base = client.images.list("cloud-lab/base")[0]
    labels = {"cloud-lab.image": "an image", "cloud-lab.virtualization": "kvm"}
    # One that never ran would be taken for what an interrupted run has left.
    container = client.containers.run(
        base.id,
        ["infinity"],
        name=NAME,
        entrypoint="/bin/sleep",
        network_mode="none",
        labels=labels,
        detach=True,
    )
    yield container
    container.remove(force=True)


def refusal(**variables: object) -> str:
    """Return what the playbook says when it refuses a cloud of that name."""
    extra = json.dumps({"embedded_cloud_name": NAME, **variables})
    done = run_playbook("embedded_cloud", "--extra-vars", extra)
    assert done.returncode != 0, done.stdout
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (
            {"embedded_cloud_min_memory_mib": 10**9},
            ["Too little memory", "embedded_cloud_min_memory_mib asks for 1000000000", "Close something"],
        ),
        ({}, ["of 127.0.0.1 is taken", "embedded_cloud_ports.", "choose another port"]),
        (
            {"embedded_cloud_internet": {**INTERNET, "host": "203.0.114.80"}},
            ["embedded_cloud_internet.host: 203.0.114.80 is no host of 203.0.113.0/24", "choose one"],
        ),
        (
            {"embedded_cloud_min_memory_mib": "lots"},
            ["'embedded_cloud_min_memory_mib'", "unable to convert to int"],
        ),
        (
            {"embedded_cloud_ports": {**PORTS, "image": PORTS["identity"]}},
            ["embedded_cloud_ports:", "must be different numbers"],
        ),
    ],
    ids=["memory", "port", "address", "type", "ports"],
)
def test_what_cannot_run_is_refused(
    client: docker.DockerClient, variables: dict[str, object], words: list[str]
) -> None:
    said = refusal(**variables)
    assert [word for word in words if word not in said] == [], said
    assert client.containers.list(all=True, filters={"name": NAME}) == []
    assert client.networks.list(names=[NAME]) == []


def test_a_container_that_is_not_ours_is_left_alone(stranger: Container) -> None:
    said = refusal()
    assert f"there is a container {NAME} that is no embedded cloud" in said
    stranger.reload()
    assert stranger.status == "created"


def test_a_cloud_is_not_told_to_run_servers_in_another_way(accelerated: Container) -> None:
    said = refusal(embedded_cloud_virtualization="qemu")
    assert f"embedded_cloud_virtualization: the cloud {NAME} was made with kvm, and qemu is asked for" in said
    accelerated.reload()
    assert accelerated.status == "running"


def look(tasks: str, **variables: object) -> subprocess.CompletedProcess[str]:
    """Run a part of the role that only looks at the machine."""
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    options = ["--inventory", str(INVENTORY), "--extra-vars", json.dumps(here | variables)]
    role = f"name=embedded_cloud tasks_from={tasks}"
    return run("ansible", "cloud", *options, "-m", "ansible.builtin.include_role", "-a", role)


def test_a_running_cloud_is_no_reason_to_refuse_itself() -> None:
    done = look("precheck")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("tasks", "variables", "words"),
    [
        ("precheck", {"embedded_cloud_min_disk_gib": 10**6}, "embedded_cloud_min_disk_gib asks for 1000000"),
        ("precheck", {"embedded_cloud_ports": {**PORTS, "image": 70000}}, "must be different numbers"),
        ("preflight", {}, "Docker does not answer"),
    ],
)
def test_a_machine_without_docker_is_looked_at_before_there_is_any(
    monkeypatch: pytest.MonkeyPatch, tasks: str, variables: dict[str, object], words: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/no-docker.sock")
    done = look(tasks, **variables)
    assert done.returncode != 0
    assert words in " ".join(done.stdout.split())
