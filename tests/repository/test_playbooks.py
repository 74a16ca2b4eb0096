"""Every playbook can be read by Ansible with the project's own settings."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("playbook", sorted(ROOT.glob("playbooks/*.yml")), ids=lambda playbook: playbook.name)
def test_syntax(playbook: Path) -> None:
    done = subprocess.run(
        ["ansible-playbook", "--syntax-check", playbook],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_syntax_on_a_cloud_of_your_own() -> None:
    done = subprocess.run(
        [
            "ansible-playbook",
            "--inventory=inventories/campus",
            "--syntax-check",
            *ROOT.glob("playbooks/*.yml"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("limit", "only"),
    [((), []), (("--limit=one,two",), []), (("--limit=all",), []), (("--limit=one",), ["one"])],
    ids=["none", "every host", "all", "one"],
)
def test_a_limit_that_leaves_nobody_out_is_none(
    tmp_path: Path, limit: tuple[str, ...], only: list[str]
) -> None:
    """The play has one of the topology's servers, as those have that change a server."""
    tasks = yaml.safe_load((ROOT / "playbooks/tasks/build_topology.yml").read_text())
    (build,) = (task for task in tasks if "block" in task)
    expression = build["block"][0]["vars"]["openstack_topology_only"]
    variables = {"topology_hosts": ["one", "two"], **build["vars"]}
    task = {"ansible.builtin.debug": {"msg": expression}}
    play = {"hosts": "one", "gather_facts": False, "vars": variables, "tasks": [task]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "one,two,three", *limit, tmp_path / "play.yml"],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"]["one"]["msg"] == only
