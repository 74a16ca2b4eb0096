"""The molecule scenarios on a real cloud, one test each, showing their output as it comes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from lanes import Lanes
from order import CLOUDLESS, LONG, SCENARIOS

ROOT = Path(__file__).resolve().parents[2]
COMPLAINT = re.compile(r"\[ERROR\]: |fatal: \[|^\W*(?:E   |FAILED \S+::)")


def complaints(output: Sequence[str]) -> str:
    """Return the lines of a run that say what went wrong, each with what follows it; at most the last 80."""
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in output]
    marked = [number for number, line in enumerate(plain) if COMPLAINT.search(line)]
    shown = sorted(
        {number for first in marked for number in range(first, first + 8)} & set(range(len(plain)))
    )
    return "\n".join(plain[number] for number in shown[-80:])


def how_to_repeat(scenario: str) -> str:
    """Return the command that runs one scenario with what it stands on."""
    if scenario in CLOUDLESS:
        return f"run it alone with: pytest tests/scenarios -m '' -k {scenario}"
    return (
        f"run it alone with: pytest tests/scenarios -m '' -k 'embedded_cloud or {scenario}'\n"
        "and remove the cloud with: ansible-playbook -i molecule/inventory playbooks/destroy.yml"
    )


def test_every_scenario_is_in_the_order() -> None:
    assert sorted(SCENARIOS) == sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))


@pytest.mark.parametrize(
    "scenario", [pytest.param(name, marks=[pytest.mark.long] * (name in LONG)) for name in SCENARIOS]
)
def test_scenario(scenario: str, lanes: Lanes, capfd: pytest.CaptureFixture[str]) -> None:
    run = lanes.scenarios[scenario]
    output = []
    with capfd.disabled():
        print(f"\n=== molecule test -s {scenario}", flush=True)
        for line in run.lines():
            print(line, end="", flush=True)
            output.append(line)
        print(f"=== {scenario}: {run.seconds:.0f} s", flush=True)
    if run.skipped:
        pytest.skip(run.skipped)
    assert run.returncode == 0, f"{complaints(output)}\n{how_to_repeat(scenario)}"
