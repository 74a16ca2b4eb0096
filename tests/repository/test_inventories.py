"""What an inventory states for itself counts, and not what it shares with the others."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml


def variables(root: Path, inventory: str | Path, host: str) -> dict[str, Any]:
    """Return a host's variables as the playbooks get them, before they are templated."""
    done = subprocess.run(
        [
            "ansible-inventory",
            f"--inventory={root / 'inventories' / inventory}",
            "--host",
            host,
        ],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_virtualbox_of_your_own_is_where_you_say(root: Path) -> None:
    found = variables(root, "campus", "tutorial-vm")
    groups = root / "inventories/campus/group_vars"
    for own in ("virtualbox", "virtualbox_machines"):
        stated = yaml.safe_load((groups / own / "yours.yml").read_text(encoding="utf-8"))
        assert {name: found[name] for name in stated} == stated
    # So does what is shared.
    assert found["machine_network"] == "10.0.2.0/24"


def test_no_template_is_shown_where_tasks_are_delegated_to_who_looks_from_outside(root: Path) -> None:
    """Ansible shows the `ansible_host` of whoever a task is delegated to as it is written."""
    for host in ("cloud", "outside", "internet"):
        found = variables(root, "embedded", host)
        assert "ansible_host" not in found
        assert found["ansible_docker_host"] == "{{ embedded_cloud_name }}"


def test_what_is_shared_can_be_stated_otherwise(root: Path, tmp_path: Path) -> None:
    mine = tmp_path / "inventories" / "mine"
    shutil.copytree(root / "inventories" / "campus", mine, symlinks=True)
    (tmp_path / "group_vars").symlink_to(root / "group_vars")
    with (mine / "group_vars" / "all" / "lab.yml").open("a", encoding="utf-8") as lab:
        lab.write("lab_container_internet: 198.51.100\n")
    assert variables(root, mine, "frontend")["lab_container_internet"] == "198.51.100"


@pytest.mark.parametrize("limit", ["client_topology", "private_network,client_topology"])
def test_no_two_topologies_have_one_name(root: Path, limit: str) -> None:
    """Each would be removed with the other."""
    # All but that of the first are called alike.
    name = "{{ 'own' if topology_group == 'private_network' else 'group7' }}"
    command = ["ansible-playbook", "--inventory=inventories/campus", "playbooks/destroy.yml"]
    options = [f"--limit={limit}", f"--extra-vars={json.dumps({'topology_name': name})}"]
    done = subprocess.run([*command, *options], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    said = " ".join(done.stdout.split())
    assert "topology_name: 'group7' is the name of calculator_topology and client_topology and " in said
