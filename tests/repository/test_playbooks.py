"""Every playbook can be read by Ansible with the project's own settings."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

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
