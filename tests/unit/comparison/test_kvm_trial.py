"""KVM is used where an image boots with it, and given up as soon as that is out of the question."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles" / "embedded_cloud" / "files" / "program" / "kvm-trial"


def trial(tmp_path: Path, machine: str, seconds: str = "30") -> int:
    """Run the script with a program in the place of QEMU."""
    fake = tmp_path / "qemu-system-x86_64"
    fake.write_text(f"#!/bin/sh\n{machine}\n")
    fake.chmod(0o755)
    return subprocess.run(
        ["bash", SCRIPT, "image.qcow2", seconds],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=False,
        timeout=60,
    ).returncode


@pytest.mark.parametrize(
    ("machine", "status"),
    [
        ("echo 'SeaBIOS'; echo 'Debian GNU/Linux 13 comparison ttyS0 login:'; exec sleep 50", 0),
        ("echo 'SeaBIOS'; echo 'KVM internal error. Suberror: 1' >&2; exec sleep 50", 1),
        ("echo 'Could not access KVM kernel module: No such file or directory' >&2; exit 1", 1),
    ],
    ids=["boots", "stops at the boot loader", "no KVM"],
)
def test_the_machines_words_decide(tmp_path, machine, status):
    begun = time.monotonic()
    assert trial(tmp_path, machine) == status
    assert time.monotonic() - begun < 25


def test_a_silent_machine_is_not_waited_for(tmp_path):
    assert trial(tmp_path, "echo SeaBIOS; exec sleep 50", "1") == 1
