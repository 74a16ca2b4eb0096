"""Molecule passes over a step that has no playbook, and calls that a success."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = sorted(ROOT.glob("molecule/*/molecule.yml"))
# What a playbook of another name runs.
CONVERGING = {"check", "converge", "idempotence", "syntax"}
# What the verifier runs, which fails by itself where there are no tests.
VERIFYING = {"verify"}


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings.parent.name)
def test_each_step_has_its_playbook(settings: Path) -> None:
    content = yaml.safe_load(settings.read_text())
    playbooks = content["provisioner"]["playbooks"]
    for step in content["scenario"]["test_sequence"]:
        name, *files = step.split()
        if name in VERIFYING:
            assert list(settings.parent.glob("tests/test_*.py"))
            continue
        needed = playbooks.get("converge" if name in CONVERGING else name)
        assert needed, f"{name} is not among the playbooks"
        for file in (needed, *files):
            assert (settings.parent / file).is_file()
