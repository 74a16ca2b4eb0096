"""The benchmark of `make lab`, in a checkout whose Makefile does little."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[3] / "benchmarks" / "lab.py"
MAKEFILE = """
bootstrap:
	ln -sfn "$$XDG_CACHE_HOME" .venv
lab: bootstrap
	readlink .venv > cache
	false
"""
COLD = "import lab\nwith lab.empty_cache() as empty: lab.seconds('make', 'lab', environment=empty)"


def test_a_cold_run_that_fails_leaves_the_usual_tools(tmp_path: Path) -> None:
    usual, benchmarks = tmp_path / "usual", tmp_path / "benchmarks"
    usual.mkdir()
    benchmarks.mkdir()
    shutil.copy(PROGRAM, benchmarks)
    (tmp_path / "Makefile").write_text(MAKEFILE)
    command = [sys.executable, "-c", COLD]
    environment = os.environ | {"XDG_CACHE_HOME": str(usual)}
    run = subprocess.run(command, cwd=benchmarks, env=environment, capture_output=True, check=False)
    assert run.returncode == 1
    cache = Path((tmp_path / "cache").read_text().strip())
    # Not in /tmp, which may be memory.
    assert cache.parent == Path("/var/tmp")
    assert not cache.exists()
    assert (tmp_path / ".venv").readlink() == usual
