"""The topology that docs/own-topology.md shows can be declared as it stands there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from openstack_topology.model import parse


@pytest.fixture
def lab(root: Path, tmp_path: Path) -> Path:
    """A checkout in which somebody has followed the page."""
    text = (root / "docs" / "own-topology.md").read_text(encoding="utf-8")
    servers, connected, playbook = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    for name in ("ansible.cfg", "group_vars", "roles", "plugins"):
        (tmp_path / name).symlink_to(root / name)
    shutil.copytree(root / "playbooks", tmp_path / "playbooks")
    (tmp_path / "playbooks" / "web_tier.yml").write_text(playbook, encoding="utf-8")
    mine = tmp_path / "inventories" / "mine"
    shutil.copytree(root / "inventories" / "embedded", mine, symlinks=True)
    hosts = yaml.safe_load((mine / "hosts.yml").read_text(encoding="utf-8"))
    hosts["topologies"]["children"] |= yaml.safe_load(servers)["topologies"]["children"]
    (mine / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    (mine / "group_vars" / "web_tier.yml").write_text(connected, encoding="utf-8")
    return tmp_path


def ansible(lab: Path, *command: str) -> str:
    """Return what a command of Ansible's says in a checkout."""
    return subprocess.run(command, cwd=lab, check=True, capture_output=True, text=True).stdout


def test_its_playbook_can_be_run(lab: Path) -> None:
    said = ansible(
        lab, "ansible-playbook", "-i", "inventories/mine", "playbooks/web_tier.yml", "--list-hosts"
    )
    assert re.search(r"pattern: \['web_tier'\]\s+hosts \(2\):", said)
    ansible(lab, "ansible-playbook", "-i", "inventories/mine", "playbooks/web_tier.yml", "--syntax-check")


def test_what_it_declares_is_a_topology(lab: Path) -> None:
    asked = {
        "name": "topology_name",
        "networks": "topology_networks",
        "routers": "topology_routers",
        "security_groups": "topology_security_groups",
        "servers": "topology_hosts | map('extract', hostvars) | map(attribute='topology_server')",
    }
    message = json.dumps({"msg": {option: "{{ " + value + " }}" for option, value in asked.items()}})
    said = ansible(lab, "ansible", "-i", "inventories/mine", "web1", "-m", "debug", "-a", message)
    topology = parse(yaml.safe_load(said.partition("=>")[2])["msg"])
    assert [server.name for server in topology.servers] == ["web1", "web2"]
    assert [bool(server.floating_ip) for server in topology.servers] == [True, False]
