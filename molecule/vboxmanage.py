"""The VirtualBox of the tests' lab: VBoxManage by hand, and the project's modules, run on its host."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import yaml
from lab import INVENTORY, host, run

MANAGE = "/usr/lib/virtualbox/VBoxManage"


def manage(*words: str) -> str:
    """Run VBoxManage on the host as somebody would by hand, and return what it prints."""
    quoted = " ".join(f"'{word}'" for word in words)
    return str(host("virtualbox-host").check_output(f"{MANAGE} {quoted}"))


def ansible(module: str, arguments: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a module on the host."""
    return run(
        "ansible", f"--inventory={INVENTORY}", "virtualbox-host", "-m", module, "-a", arguments, *options
    )


def words(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a run has said, without its line breaks."""
    return " ".join((done.stdout + done.stderr).split())


def module(which: str, /, **options: Any) -> dict[str, Any]:
    """Run a module on the host that must succeed, and return its result."""
    done = ansible(which, json.dumps(options))
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = yaml.safe_load(done.stdout.partition("=>")[2])
    return result


def states() -> dict[str, str]:
    """Return the state of each machine."""
    found = {}
    for line in manage("list", "vms").splitlines():
        name = line.split('"')[1]
        values = manage("showvminfo", name, "--machinereadable").splitlines()
        found[name] = next(value.split('"')[1] for value in values if value.startswith("VMState="))
    return found
