"""Every linter finds nothing. `make lint` runs this file alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

LINTERS = (
    "ruff check",
    "ruff format --check",
    "mypy",
    "yamllint --strict .",
    "ansible-lint --nocolor -q",
    "scripts/role_readme.py --check",
)


@pytest.mark.parametrize("command", LINTERS)
def test_linter_finds_nothing(command: str, root: Path) -> None:
    done = subprocess.run(
        command.split(), cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
