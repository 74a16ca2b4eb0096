"""Ansible's output as it comes: headings in time, none of what does not apply, refusals to the point."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "true"}
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
LONG_TASK = """
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

REFUSAL = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Check the input
      ansible.builtin.validate_argument_spec:
        argument_spec:
          lab_servers: {type: int, description: How many there are}
      vars: {lab_servers: lots}
"""

WAITING = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Ask until it is there
      ansible.builtin.shell: echo x >> {file}; wc -l < {file}
      register: found
      changed_when: false
      until: found.stdout | int == 13
      retries: 20
      delay: 0
"""


def test_the_heading_of_a_long_task_comes_while_it_runs(tmp_path: Path) -> None:
    """The task ends only after its heading has been read."""
    go_on = tmp_path / "go-on"
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(LONG_TASK.format(file=go_on))
    lines = []
    command = [ANSIBLE_PLAYBOOK, playbook]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            lines.append(line)
            if "Wait for the test" in line:
                go_on.touch()
    assert run.returncode == 0
    headings = [line.split("[")[1].split("]")[0] for line in lines if line.startswith("TASK [")]
    assert headings == ["Do something short", "Wait for the test"]
    assert sum(line.startswith("changed: ") for line in lines) == 2


@pytest.mark.parametrize(("options", "specification"), [((), False), (("-v",), True)])
def test_a_refusal_is_to_the_point(tmp_path: Path, options: tuple[str, ...], specification: bool) -> None:
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(REFUSAL)
    command: list[str | Path] = [ANSIBLE_PLAYBOOK, *options, playbook]
    run = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    said = run.stdout + run.stderr
    assert run.returncode == 2
    assert "argument 'lab_servers' is of type str and we were unable to convert to int" in said
    assert ("How many there are" in said) is specification


@pytest.mark.parametrize(("options", "tries"), [((), [1, 11]), (("-vvv",), [])])
def test_who_waits_has_not_failed(tmp_path: Path, options: tuple[str, ...], tries: list[int]) -> None:
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(WAITING.format(file=tmp_path / "asked"))
    command: list[str | Path] = [ANSIBLE_PLAYBOOK, *options, playbook]
    run = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    waiting = [f"waiting: [localhost] (try {number} of at most 21)" for number in tries]
    assert [line for line in lines if line.startswith("waiting:")] == waiting
    assert sum("RETRYING" in line for line in lines) == (0 if tries else 12)
    (heading,) = (number for number, line in enumerate(lines) if "TASK [Ask until" in line)
    assert all(lines.index(line) > heading for line in waiting)
