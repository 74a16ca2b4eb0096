"""The documents name what exists."""

from __future__ import annotations

import re
from pathlib import Path


def test_the_readme_names_exactly_the_targets_of_make(root: Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z-]+):.*## ", makefile)) - {"help"}
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?m)(?:^ *|`|&& )make ([a-z-]+)", readme)) == targets


def test_relative_links_lead_somewhere(project_files: list[Path], root: Path) -> None:
    broken = [
        f"{path.relative_to(root)}: {target}"
        for path in project_files
        if path.suffix == ".md"
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:|#", target) and not (path.parent / target.partition("#")[0]).exists()
    ]
    assert not broken, "\n".join(broken)
