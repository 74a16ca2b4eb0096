"""What `make lab` says first: what it is about to install, for that lab. What `make clean` removes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).resolve().parents[3] / "Makefile"


@pytest.mark.parametrize(
    ("inventory", "embedded"),
    [("", True), ("inventories/embedded/", True), ("inventories/campus", False)],
)
def test_the_embedded_cloud_is_announced_where_it_is_built(
    tmp_path: Path, inventory: str, embedded: bool
) -> None:
    command = ["make", "--silent", f"--file={MAKEFILE}", "announce", f"INVENTORY={inventory}"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "its tools in a virtual environment" in said
    assert ("OpenStack in one container" in said) is embedded
    assert ("ARGS=-K" in said) is embedded


def test_the_link_to_the_tools_is_removed_and_nothing_else_in_its_place(tmp_path: Path) -> None:
    command = ["make", "--silent", f"--file={MAKEFILE}", "clean"]
    tools, link = tmp_path / "tools", tmp_path / ".venv"
    tools.mkdir()
    link.symlink_to(tools)
    subprocess.run(command, cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == [tools]
    tools.rename(link)
    subprocess.run(command, cwd=tmp_path, check=True)
    assert link.is_dir()
