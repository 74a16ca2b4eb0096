"""Nothing in the repository points at one machine, or hides a failure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FORBIDDEN = {
    "a host of a package registry or mirror": r"\b(?:archive|deb|files|index|mirrors?|ports|pypi"
    r"|registry(?:-\d)?|security)\.(?!example\b)[a-z0-9-]+\.(?:com|io|net|org)\b|\b(?:gcr|ghcr|quay)\.io\b|\bpypi\.org\b",
    "a path of one machine": r"(?<![\w.~-])/(?:Users|work|workspace|tmp/\w|home/(?!debian\b|ubuntu\b)\w+)/",
    "an ignored error": r"\bignore_errors\s*:|\bfailed_when:\s*(?:false|no)\b",
    "an unverified host key": r"StrictHostKeyChecking[= ](?:no|accept-new)"
    r"|host_key_checking\s*[=:]\s*[Ff]alse",
    "a silenced linter": r"#\s*noqa|#\s*type:\s*ignore|#\s*pylint:|#\s*yamllint disable",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_forbidden_is_written(what: str, project_files: list[Path], root: Path) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{path.relative_to(root)}:{number}: {line.strip()}"
        for path in project_files
        if path != Path(__file__) and path.suffix not in {".png", ".gz", ".ico"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"{what}:\n" + "\n".join(found)
