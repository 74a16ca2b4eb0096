"""Begin the main job and kill it, the running module included, as soon as the cloud has its first server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import openstack

PATIENCE = 300
"""Seconds for the first server to appear."""
ROOT = Path(__file__).resolve().parents[2]
MARK = f"INTERRUPTED_RUN={uuid.uuid4()}"


def kill_all_marked() -> int:
    """Kill every process whose environment carries the mark; Ansible's workers leave their parent's group."""
    killed = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if MARK.encode() in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return killed


def main(cloud: str, inventory: str) -> None:
    """Run; the environment names clouds.yaml as openstacksdk wants it."""
    compute = openstack.connect(cloud=cloud).compute
    command = ["ansible-playbook", f"--inventory={inventory}", "playbooks/openstack_client_topology.yml"]
    name, _, value = MARK.partition("=")
    environment = {**os.environ, name: value, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while not list(compute.servers(details=False)):
            if run.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the run ended, or took too long, before there was any server")
            time.sleep(0.2)
    finally:
        killed = kill_all_marked()
        run.wait()
    print(f"killed {killed} processes with {len(list(compute.servers(details=False)))} of the servers made")


if __name__ == "__main__":
    main(*sys.argv[1:])
