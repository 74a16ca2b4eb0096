#!/usr/bin/env python3
"""Time one topology built by plain tasks, by a bare program and by the module, all on the same cloud.

Each side in turn builds it, runs again without a change, and removes it. Prints a table in Markdown with
medians in seconds. Needs a project with room for five servers, and for the plain tasks the collection
openstack.cloud.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
SIDES = ("plain", "bare", "module")
PHASES = ("fresh", "unchanged", "destroy")
AIMS = {
    ("fresh", "module / bare"): "at most 1.15",
    ("unchanged", "module / bare"): "at most 2.5",
    ("fresh", "plain / module"): "at least 6",
    ("unchanged", "plain / module"): "at least 15",
}


def command(side: str, state: str, options: argparse.Namespace) -> list[str]:
    """Return the command line of one side."""
    settings = {name: getattr(options, name) for name in ("cloud", "image", "flavor", "external_network")}
    if side == "bare":
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        return [sys.executable, str(HERE / "bare_program.py"), state, *flags]
    playbook = {"plain": "plain_tasks.yml", "module": "module.yml"}[side]
    variables = {**settings, "state": state, "ansible_python_interpreter": sys.executable}
    ansible = Path(sys.executable).with_name("ansible-playbook")
    return [
        str(ansible),
        "-i",
        "localhost,",
        "-c",
        "local",
        "-e",
        json.dumps(variables),
        str(HERE / playbook),
    ]


def timed(side: str, phase: str, options: argparse.Namespace) -> float:
    """Run one phase of one side and return its seconds; ends the program if it does not do what it should."""
    state = "absent" if phase == "destroy" else "present"
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    started = time.monotonic()
    result = subprocess.run(
        command(side, state, options), env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - started
    changed = re.search(r"changed=(\d+)", result.stdout)
    if result.returncode or changed is None:
        raise SystemExit(f"{side} {phase} failed:\n{result.stdout}\n{result.stderr}")
    if (changed[1] == "0") != (phase == "unchanged"):
        raise SystemExit(f"{side} {phase} reports {changed[0]}:\n{result.stdout}")
    print(f"{side} {phase}: {seconds:.1f} s", file=sys.stderr, flush=True)
    return seconds


def table(medians: dict[tuple[str, str], float]) -> str:
    """Return the table of the medians and their ratios."""
    sides = [side for side in SIDES if (side, PHASES[0]) in medians]
    ratios = [pair for pair in (("module", "bare"), ("plain", "module")) if set(pair) <= set(sides)]
    titles = ["phase", *(f"{side}, s" for side in sides)]
    for one, other in ratios:
        titles += [f"{one} / {other}", "aim"]
    lines = [titles, ["---"] * len(titles)]
    for phase in PHASES:
        line = [phase, *(f"{medians[side, phase]:.2f}" for side in sides)]
        for one, other in ratios:
            ratio = medians[one, phase] / medians[other, phase]
            line += [f"{ratio:.2f}", AIMS.get((phase, f"{one} / {other}"), "")]
        lines.append(line)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Run all sides."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cloud", required=True, help="entry of clouds.yaml")
    parser.add_argument("--image", required=True)
    parser.add_argument("--flavor", required=True)
    parser.add_argument("--external-network", required=True)
    parser.add_argument("--repeat", type=int, default=3, help="rounds, of which the median counts")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    options = parser.parse_args()
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(options.repeat):
        for side in options.sides:
            for phase in PHASES:
                times.setdefault((side, phase), []).append(timed(side, phase, options))
    print(table({key: statistics.median(values) for key, values in times.items()}))


if __name__ == "__main__":
    main()
