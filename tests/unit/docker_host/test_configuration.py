"""A configuration of Docker's that cannot be read is refused in one sentence, before anything is changed."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from ad_hoc import ad_hoc

ROOT = Path(__file__).resolve().parents[3]


def parsed(text):
    """Return what the role says of a file with this text."""
    content = {"content": base64.b64encode(text.encode()).decode()}
    done = ad_hoc(
        "ansible.builtin.include_role",
        "name=docker_host tasks_from=parse",
        f"--extra-vars={json.dumps({'__docker_host_daemon_content': content})}",
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"debug" true}', "Expecting ':' delimiter: line 1 column 10 (char 9)"),
        ("debug", "Expecting value: line 1 column 1 (char 0)"),
        ("[]", "it holds no object"),
    ],
)
def test_a_file_that_docker_could_not_read_is_named_with_the_reason(text, reason):
    status, said = parsed(text)
    assert status
    assert f"daemon.json on localhost is no JSON that Docker could read ({reason}). Mend it" in said


@pytest.mark.parametrize("text", ['{"debug": true}', "", "\n"])
def test_a_file_that_docker_reads_is_kept(text):
    assert parsed(text)[0] == 0
