#!/usr/bin/env python3
"""Time `make lab` on this machine and measure the cloud's memory: one Markdown table.

    .venv/bin/python benchmarks/lab.py [--cold]

`--cold` first removes the lab and the cloud's images, so that they are built again; it needs fifteen to
twenty minutes. Without it the table begins with a cloud made from the cached image.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLAYBOOK = ROOT / ".venv" / "bin" / "ansible-playbook"
# The proportional share of everything in the container that is not a server.
MEMORY = r"""
for process in /proc/[0-9]*; do
  case $(tr '\0' ' ' < $process/cmdline 2> /dev/null) in *qemu-system*) continue ;; esac
  awk '/^Pss:/ {print $2}' $process/smaps_rollup 2> /dev/null
done | awk '{sum += $1} END {printf "%d", sum / 1024}'
"""


def seconds(*command: str | Path) -> float:
    """Return how long ``command`` took; its output goes to the terminal, a failure ends the benchmark."""
    start = time.monotonic()
    subprocess.run(command, cwd=ROOT, check=True)
    return time.monotonic() - start


def idle_memory_mib() -> int:
    reply = subprocess.run(
        ["docker", "exec", "cloud-lab", "sh", "-c", MEMORY], capture_output=True, text=True, check=True
    )
    return int(reply.stdout)


def remove_images() -> None:
    listing = subprocess.run(
        ["docker", "image", "ls", "--quiet", "--filter", "reference=cloud-lab/*"],
        capture_output=True,
        text=True,
        check=True,
    )
    images = sorted(set(listing.stdout.split()))
    if images:
        subprocess.run(["docker", "image", "rm", "--force", *images], check=True, stdout=subprocess.DEVNULL)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cold", action="store_true", help="build the cloud's images again")
    cold = parser.parse_args(arguments).cold

    subprocess.run(["make", "destroy"], cwd=ROOT, check=True)
    if cold:
        remove_images()
    name = "`make lab`, images built" if cold else "`make lab`, images cached"
    rows = [(name, f"{seconds('make', 'lab'):.0f} s")]
    rows.append(("`make lab` again", f"{seconds('make', 'lab'):.0f} s"))
    topology = ROOT / "playbooks" / "openstack_client_topology.yml"
    rows.append(("the playbook, nothing to change", f"{seconds(PLAYBOOK, topology):.0f} s"))
    rows.append(("`make reset`", f"{seconds('make', 'reset'):.0f} s"))
    rows.append(("memory of the cloud without its servers", f"{idle_memory_mib()} MiB"))

    print("\n| what | figure |\n|---|---|")
    for what, figure in rows:
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
