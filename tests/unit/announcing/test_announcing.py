"""Ansible's output as it comes: the heading of a long task while it runs, none of one that does not apply."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Do something short
      ansible.builtin.command: "true"
    - name: Do nothing
      ansible.builtin.command: "true"
      when: false
    - name: Wait for the test
      ansible.builtin.command: timeout 120 sh -c 'until test -e {file}; do sleep 0.1; done'
"""


def test_the_heading_of_a_long_task_comes_while_it_runs(tmp_path: Path) -> None:
    """The task ends only after its heading has been read."""
    go_on = tmp_path / "go-on"
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(PLAYBOOK.format(file=go_on))
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "true"}
    command = [Path(sys.executable).with_name("ansible-playbook"), playbook]
    lines = []
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            lines.append(line)
            if "Wait for the test" in line:
                go_on.touch()
    assert run.returncode == 0
    headings = [line.split("[")[1].split("]")[0] for line in lines if line.startswith("TASK [")]
    assert headings == ["Do something short", "Wait for the test"]
    assert sum(line.startswith("changed: ") for line in lines) == 2
