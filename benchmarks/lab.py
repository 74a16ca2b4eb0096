#!/usr/bin/env python3
"""Time `make lab` on this machine and measure the cloud's memory: one Markdown table.

    python3 benchmarks/lab.py [--cold]

Removes the lab first, and needs about fifteen minutes. `--cold` also removes the cloud's images and gives the
run an empty cache of its own, so that tools, base image, seeded cloud and guest image are made again; it
needs about twenty-five. Without it the table begins with a cloud made from the cached image.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLAYBOOK = ROOT / ".venv" / "bin" / "ansible-playbook"


def seconds(*command: str | Path, environment: Mapping[str, str]) -> float:
    """Return how long ``command`` took; its output goes to the terminal, a failure ends the benchmark."""
    start = time.monotonic()
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return time.monotonic() - start


@contextmanager
def empty_cache() -> Iterator[Mapping[str, str]]:
    """Give an environment whose caches are empty; afterwards the checkout has its usual tools again."""
    try:
        # /tmp may be memory, of which the lab needs much.
        with tempfile.TemporaryDirectory(dir="/var/tmp") as cache:
            yield os.environ | {"XDG_CACHE_HOME": cache}
    finally:
        subprocess.run(["make", "bootstrap"], cwd=ROOT, check=True)


def idle_memory_mib() -> int:
    script = Path(__file__).with_name("memory.sh").read_text()
    command = ["docker", "exec", "-i", "cloud-lab", "sh"]
    reply = subprocess.run(command, input=script, capture_output=True, text=True, check=True)
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
    parser.add_argument("--cold", action="store_true", help="with empty caches")
    cold = parser.parse_args(arguments).cold

    subprocess.run(["make", "destroy"], cwd=ROOT, check=True)
    if cold:
        remove_images()
    topology = ROOT / "playbooks" / "openstack_client_topology.yml"
    runs: tuple[tuple[str, tuple[str | Path, ...]], ...] = (
        (f"`make lab`, {'nothing' if cold else 'images'} cached", ("make", "lab")),
        ("`make lab` again", ("make", "lab")),
        ("the playbook, nothing to change", (PLAYBOOK, topology)),
        ("`make reset`", ("make", "reset")),
    )
    with empty_cache() if cold else nullcontext(os.environ) as environment:
        rows = [(what, f"{seconds(*command, environment=environment):.0f} s") for what, command in runs]
    rows.append(("memory of the cloud without its servers", f"{idle_memory_mib()} MiB"))

    print("\n| what | figure |\n|---|---|")
    for what, figure in rows:
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
