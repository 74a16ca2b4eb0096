"""A pid file stops the process that was started with it, and no other that has its number."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "playbooks/files/stop_own.sh"
PYTHON = str(Path(sys.executable).resolve())

pytestmark = pytest.mark.skipif(shutil.which("start-stop-daemon") is None, reason="needs start-stop-daemon")


@pytest.fixture
def process(tmp_path):
    """Give a process whose settings are process-1.json, with its pid file."""
    settings = tmp_path / "process-1.json"
    settings.write_text("import time\ntime.sleep(60)\n")
    with subprocess.Popen([PYTHON, str(settings)]) as started:
        (tmp_path / "process-1.pid").write_text(f"{started.pid}\n")
        yield started
        started.kill()


def stop(path, executable=PYTHON):
    done = subprocess.run(
        ["sh", str(SCRIPT), str(path), executable, "KILL/10"], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_what_was_started_is_stopped(process, tmp_path):
    assert "No " not in stop(tmp_path / "process-1.pid")
    assert process.wait(10) == -9
    assert not (tmp_path / "process-1.pid").exists()


def test_a_number_that_went_to_another_process_stops_nothing(process, tmp_path):
    stale = tmp_path / "process-2.pid"
    stale.write_text(f"{process.pid}\n")
    assert stop(stale) == f"No process of {stale} is there\n"
    assert process.poll() is None
    assert not stale.exists()


def test_another_executable_is_left_alone(process, tmp_path):
    assert stop(tmp_path / "process-1.pid", "/bin/sh").startswith("No ")
    assert process.poll() is None


@pytest.mark.parametrize("text", [None, "", "no number"])
def test_a_pid_file_without_a_process_is_nothing_to_stop(tmp_path, text):
    path = tmp_path / "machine-1.pid"
    if text is not None:
        path.write_text(text)
    assert stop(path).startswith("No ")
