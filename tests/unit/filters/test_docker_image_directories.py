"""The room for images is measured where they lie."""

from __future__ import annotations

import pytest

from docker_image_directories import docker_image_directories

ROOT = {"DockerRootDir": "/var/lib/docker"}
STORE = {"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ({"DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]]}, "/var/lib/docker"),
        ({"DriverStatus": None}, "/var/lib/docker"),
        (STORE, "/var/lib/containerd"),
        (STORE | {"Containerd": {"Address": "/run/containerd/containerd.sock"}}, "/var/lib/containerd"),
        (STORE | {"Containerd": {"Address": "/run/docker/containerd/containerd.sock"}}, "/var/lib/docker"),
    ],
    ids=["overlay2", "no status", "containerd", "containerd of the system", "containerd of Docker"],
)
def test_images_lie_with_whoever_keeps_them(said, first):
    found = docker_image_directories(ROOT | said)
    assert found[0] == first
    assert found[-1] == "/var/lib/docker"
