"""Begin a playbook and kill it, its modules included, when the cloud has one thing more of a kind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import openstack
from openstack.connection import Connection

PATIENCE = 1200
"""Seconds for it to appear."""
ROOT = Path(__file__).resolve().parents[1]
MARK = f"INTERRUPTED_RUN={uuid.uuid4()}"


def count_servers(cloud: Connection, *statuses: str) -> int:
    return sum(server.status in statuses for server in cloud.compute.servers())


KINDS: dict[str, Callable[[Connection], int]] = {
    "network": lambda cloud: len(list(cloud.network.networks())),
    "router": lambda cloud: len(list(cloud.network.routers())),
    "port": lambda cloud: len(list(cloud.network.ports())),
    "server": lambda cloud: len(list(cloud.compute.servers(details=False))),
    "floating_ip": lambda cloud: len(list(cloud.network.ips())),
    "snapshot": lambda cloud: len(list(cloud.image.images(owner=cloud.current_project_id))),
    "resize": lambda cloud: count_servers(cloud, "RESIZE", "VERIFY_RESIZE"),
    "rebuild": lambda cloud: count_servers(cloud, "REBUILD"),
}


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


def main(name: str, inventory: str, playbook: str, kind: str) -> None:
    """Run; the environment names clouds.yaml as openstacksdk wants it."""
    cloud = openstack.connect(cloud=name)
    count = KINDS[kind]
    before = count(cloud)
    command = ["ansible-playbook", f"--inventory={inventory}", playbook]
    variable, _, value = MARK.partition("=")
    environment = {**os.environ, variable: value, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while count(cloud) <= before:
            if run.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the run ended, or took too long, before there was any {kind} of its own")
            time.sleep(0.2)
    finally:
        killed = kill_all_marked()
        run.wait()
    print(f"killed {killed} processes with {count(cloud) - before} {kind} made")


if __name__ == "__main__":
    main(*sys.argv[1:])
