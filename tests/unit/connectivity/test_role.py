"""The role with variables as `--extra-vars` gives them: as text."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ad_hoc import ad_hoc, result

ROOT = Path(__file__).parents[3]


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def run(
    directory: Path, port: int, *extra: str, entry: str = "main", expected: str = "reachable"
) -> tuple[int, str]:
    """Return the status and the words, without line ends, of a play with a flow to a port of this machine."""
    flow = {"from": "localhost", "to": "127.0.0.1", "port": port, "expected": expected}
    role = {"name": "connectivity", "tasks_from": entry}
    variables = {"connectivity_flows": [flow], "connectivity_observer_flows": [flow]}
    tasks = [{"ansible.builtin.include_role": role, "vars": variables}]
    playbook = directory / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            "--inventory=localhost,",
            "--connection=local",
            f"--extra-vars=ansible_python_interpreter={sys.executable}",
            *(f"--extra-vars={one}" for one in extra),
            playbook,
        ],
        cwd=ROOT,
        env=os.environ | {"ANSIBLE_NOCOLOR": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("only_report", "expected", "status"),
    [("false", "reachable", 0), ("false", "blocked", 2), ("true", "blocked", 0)],
)
def test_whether_differences_are_left_to_the_reader(
    only_report: str, expected: str, status: int, tmp_path: Path, port: int
) -> None:
    ended, said = run(tmp_path, port, f"connectivity_only_report={only_report}", expected=expected)
    assert ended == status, said


@pytest.mark.parametrize("entry", ["main", "user_data"])
@pytest.mark.parametrize(
    "time",
    ["connectivity_probe_timeout=0", "connectivity_shell_timeout=-1", "connectivity_observer_interval=nan"],
)
def test_a_time_in_which_nothing_can_be_tried_is_refused(
    time: str, entry: str, tmp_path: Path, port: int
) -> None:
    ended, said = run(tmp_path, port, time, entry=entry, expected="blocked")
    assert ended == 2
    assert f"{time.replace('=', ' is ')}; choose a number of seconds greater than 0." in said


@pytest.mark.parametrize("timeout", [0, -1])
def test_the_module_refuses_it_too(timeout: int) -> None:
    told = result(ad_hoc("connectivity_probe", f"probe_timeout={timeout}"))
    assert told["msg"] == f"probe_timeout is {timeout}; choose a number greater than 0"
