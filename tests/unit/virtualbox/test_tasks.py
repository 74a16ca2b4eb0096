"""What the roles decide, by Ansible itself, where VirtualBox says what a test tells it to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
MODULE = """#!/usr/bin/python
# WANT_JSON
import json
import os

print(json.dumps(json.loads(os.environ["STAND_IN_ANSWERS"]).get({name!r}, {{"changed": False}})))
"""


@dataclass(frozen=True)
class Run:
    """How a run ended, and what it said, without line ends."""

    status: int
    said: str


class Roles:
    """Runs parts of roles on this machine, with stand-ins for the modules of VirtualBox."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._library = directory / "library"
        self._library.mkdir()
        for name in ("virtualbox_vm", "virtualbox_medium"):
            (self._library / f"{name}.py").write_text(MODULE.format(name=name))

    def run(self, role: str, tasks: str, answers: dict[str, Any] | None = None, **variables: Any) -> Run:
        """Run the file *tasks* of a role; *answers* are the modules' results by their names."""
        check = variables.pop("check", False)
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable, **variables},
            "tasks": [
                {
                    "ansible.builtin.include_role": {
                        "name": role,
                        "tasks_from": tasks,
                        "rolespec_validate": False,
                    }
                }
            ],
        }
        playbook = self.directory / "playbook.yml"
        playbook.write_text(json.dumps([play]))
        environment = os.environ | {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_LIBRARY": str(self._library),
            "ANSIBLE_NOCOLOR": "true",
            "STAND_IN_ANSWERS": json.dumps(answers or {}),
        }
        options = ["--check"] if check else []
        command: list[str | Path] = [ANSIBLE_PLAYBOOK, "--inventory", "localhost,", playbook, *options]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        return Run(done.returncode, " ".join((done.stdout + done.stderr).split()))


@pytest.fixture
def roles(tmp_path: Path) -> Roles:
    return Roles(tmp_path)


@pytest.mark.parametrize(("there", "mode"), [(True, 0o700), (False, 0o755)])
def test_a_directory_that_is_there_keeps_its_mode(roles: Roles, there: bool, mode: int) -> None:
    folder = roles.directory / "machines"
    if there:
        folder.mkdir(mode=0o700)
    run = roles.run(
        "virtualbox_vm",
        "disk",
        virtualbox_vm_name="web",
        virtualbox_vm_folder=str(folder),
        virtualbox_vm_disk_image=str(ROOT / "LICENSE"),
    )
    assert run.status == 0, run.said
    assert folder.stat().st_mode & 0o7777 == mode
