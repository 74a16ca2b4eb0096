"""One module as Ansible runs it here, without an inventory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def ad_hoc(
    module: str, arguments: str, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a module on this machine, with the Python of the tests."""
    return subprocess.run(
        [
            "ansible",
            "localhost",
            "--inventory=localhost,",
            "--connection=local",
            f"--extra-vars=ansible_python_interpreter={sys.executable}",
            f"--module-name={module}",
            f"--args={arguments}",
            *options,
        ],
        cwd=ROOT,
        env=os.environ | {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json", "ANSIBLE_NOCOLOR": "true"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what the module has said, whether it failed or not."""
    told: dict[str, Any] = json.loads(done.stdout.partition("=>")[2])
    return told
