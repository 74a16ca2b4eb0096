"""The example inventory for a cloud of one's own, here with the tests' cloud in its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab import member, owned, run, variable


def test_the_plan_is_the_whole_topology_and_makes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(Path(variable("lab_state_dir")) / "clouds.yaml"))
    here = {name: variable(name) for name in ("lab_cloud", "lab_external_network", "lab_image", "lab_flavor")}
    extra = json.dumps(here | {"lab_topology_prefix": "campus-"})
    playbook = "playbooks/openstack_client_topology.yml"
    done = run("ansible-playbook", "-i", "inventories/campus", playbook, "--check", "--extra-vars", extra)
    assert done.returncode == 0, done.stdout + done.stderr
    for made in ("network client", "router inner", "server frontend", "server div", "floating_ip frontend"):
        assert f"+ {made}" in done.stdout
    with member() as cloud:
        assert (
            owned(cloud.network.routers(), "campus-client")
            == owned(cloud.compute.servers(), "campus-client")
            == []
        )
