"""What an inventory states for itself counts, and not what it shares with the others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml


def variables(root: Path, inventory: str, host: str) -> dict[str, Any]:
    """Return a host's variables as the playbooks get them, before they are templated."""
    done = subprocess.run(
        [
            "ansible-inventory",
            f"--inventory=inventories/{inventory}",
            "--playbook-dir=playbooks",
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
