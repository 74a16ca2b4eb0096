"""The filter docker_image_directories: where a Docker keeps its images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

DOCUMENTATION = r"""
---
name: docker_image_directories
short_description: Where a Docker keeps its images
description:
  - Docker's own directory has the images, unless Docker leaves them to a containerd that runs by itself. That
    keeps them in a directory of its own, which Docker does not know.
options:
  _input:
    description: What Docker says about itself, as C(host_info) of M(community.docker.docker_host_info).
    type: dict
    required: true
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
directories: "{{ docker.host_info | docker_image_directories }}"
"""

RETURN = r"""
_value:
  description: The likeliest directory first. Docker's own is always the last.
  type: list
  elements: str
"""

_CONTAINERD = "/var/lib/containerd"


def docker_image_directories(info: Mapping[str, Any]) -> list[str]:
    """The directories in which a Docker that says ``info`` may keep images, the likeliest first."""
    own = str(info["DockerRootDir"])
    left = ["driver-type", "io.containerd.snapshotter.v1"] in [
        list(pair) for pair in info.get("DriverStatus") or []
    ]
    # One that Docker has started itself works below Docker's directory. Old Dockers do not say which it is.
    address = str((info.get("Containerd") or {}).get("Address", ""))
    return (
        [_CONTAINERD, own] if left and not address.endswith("/docker/containerd/containerd.sock") else [own]
    )


class FilterModule:
    """Makes the filters known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"docker_image_directories": docker_image_directories}
