"""What the role docker_host refuses before it installs or starts anything."""

from __future__ import annotations

import json

import pytest
from ad_hoc import ad_hoc

NOWHERE = "/nonexistent/docker.sock"


def refused(asked, **variables):
    """Return what the role says where everything else asks the Docker of ``asked``."""
    done = ad_hoc(
        "ansible.builtin.include_role",
        "name=docker_host tasks_from=preflight",
        f"--extra-vars={json.dumps(variables)}",
        DOCKER_HOST=asked,
    )
    assert done.returncode
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("asked", "shown"), [("", "not set"), ("unix:///run/docker.sock", "unix:///run/docker.sock")]
)
def test_a_socket_that_nothing_else_would_ask_is_refused(asked, shown):
    said = refused(asked, docker_host_socket=NOWHERE)
    assert f"DOCKER_HOST is {shown} in your environment, and docker_host_socket is {NOWHERE}." in said
    assert f"export DOCKER_HOST=unix://{NOWHERE}" in said


@pytest.mark.parametrize(
    ("asked", "socket"),
    [
        ("", "/var/run/nobody.sock"),
        ("", "/run/nobody.sock"),
        ("unix:///run/nobody.sock", "/var/run/nobody.sock"),
        ("unix:///var/run/nobody.sock", "/run/nobody.sock"),
    ],
)
def test_one_socket_is_one_however_its_path_is_written(asked, socket):
    said = refused(asked, docker_host_socket=socket, docker_host_start=False, _docker_host_installed=True)
    assert ("DOCKER_HOST is" in said) is (asked == "")


@pytest.mark.parametrize(("groups", "may"), [("users", False), ("users docker", True)])
def test_nothing_is_installed_for_somebody_who_may_not_use_it_and_wants_no_grant(groups, may):
    said = refused(
        f"unix://{NOWHERE}",
        docker_host_socket=NOWHERE,
        docker_host_grant_access=False,
        docker_host_minimum_version="99",
        _docker_host_usable=False,
        _docker_host_installed=True,
        _docker_host_version="20",
        __docker_host_groups={"stdout": groups},
    )
    assert ("is not in the group docker, and docker_host_grant_access is false" in said) is not may
