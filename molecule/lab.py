"""The tests' lab, for testinfra: its hosts, and its variables as Ansible sees them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import openstack
import testinfra
from openstack.connection import Connection
from testinfra.host import Host

INVENTORY = Path(__file__).with_name("inventory")
ROOT = INVENTORY.parents[1]


@cache
def host(name: str) -> Host:
    """Return a host of the inventory, reached by Ansible: it knows the namespaces and the jump host."""
    return testinfra.get_host(f"ansible://{name}?ansible_inventory={INVENTORY}&force_ansible=True")


@cache
def variable(name: str, of: str = "localhost") -> Any:
    """Return a variable of a host, with its templates filled in."""
    return host(of).ansible("ansible.builtin.debug", f"var={name}", check=False)[name]


@contextmanager
def member() -> Iterator[Connection]:
    """Give a connection to the tests' cloud as its plain member."""
    clouds = Path(variable("lab_state_dir")) / "clouds.yaml"
    config = openstack.config.OpenStackConfig(config_files=[str(clouds)])
    connection = Connection(config=config.get_one(cloud=variable("lab_cloud")))
    try:
        yield connection
    finally:
        connection.close()


def owned(resources: Iterable[Any], topology: str) -> list[Any]:
    """Return those of the cloud's resources that carry a topology's tag; there may be others beside it."""
    return [resource for resource in resources if f"topology:{topology}" in (resource.tags or ())]


def evidence(claim: str, playbook: str) -> dict[str, Any]:
    """Return what a run of a playbook has recorded for a claim."""
    record = Path(variable("lab_evidence_dir")) / playbook / f"{claim}.json"
    recorded: dict[str, Any] = json.loads(record.read_text())
    return recorded


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Ansible's from the repository's root, whatever comes of it, without colours."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    # Molecule forces colours on whatever it starts.
    environment |= {"ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def run_playbook(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook on the tests' lab, whatever comes of it."""
    return run("ansible-playbook", f"--inventory={INVENTORY}", f"playbooks/{name}.yml", *arguments)


def playbook(name: str, *arguments: str) -> str:
    """Run a playbook that must succeed, and return what it prints."""
    done = run_playbook(name, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def recap(output: str) -> dict[str, dict[str, int]]:
    """Return a playbook's last lines: the counts of each host, such as `{"mul": {"ok": 5, "changed": 0}}`."""
    lines = re.findall(r"(?m)^(\S+)\s+: (ok=.*)$", output.partition("PLAY RECAP")[2])
    assert lines, output
    return {
        name: {key: int(count) for key, count in re.findall(r"(\w+)=(\d+)", counts)} for name, counts in lines
    }
