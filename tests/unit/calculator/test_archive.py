"""The program as it is installed: one archive, always the same bytes."""

from __future__ import annotations

import base64
import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

from python_archive import gzip_b64, python_archive

ROLE = Path(__file__).parents[3] / "roles" / "calculator"
SOURCE = ROLE / "files" / "calculator"


def test_the_bytes_depend_on_the_source_alone(tmp_path: Path) -> None:
    copy = shutil.copytree(SOURCE, tmp_path / "calculator")
    for path in copy.iterdir():
        os.utime(path, (0, 0))
    (copy / "__pycache__").mkdir(exist_ok=True)
    assert python_archive(str(copy)) == python_archive(str(SOURCE))
    (copy / "page.html").write_text("changed")
    assert python_archive(str(copy)) != python_archive(str(SOURCE))


def test_compression_keeps_the_bytes_and_fits_into_user_data() -> None:
    encoded = python_archive(str(SOURCE))
    compressed = gzip_b64(encoded)
    assert gzip.decompress(base64.b64decode(compressed)) == base64.b64decode(encoded)
    # OpenStack takes 64 KiB of user data in base64; the unit and the configuration have to fit in, too.
    assert len(compressed) * 4 / 3 < 40_000


def test_the_archive_runs_and_names_what_is_wrong_with_its_configuration(tmp_path: Path) -> None:
    program = tmp_path / "calculator.pyz"
    program.write_bytes(base64.b64decode(python_archive(str(SOURCE))))
    config = tmp_path / "calculator.json"
    config.write_text('{"service": "pow", "port": 1}')
    run = subprocess.run(
        [sys.executable, "-I", str(program), "--config", str(config)],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == os.EX_CONFIG
    assert run.stderr == f"calculator: {config}: service: 'pow' is none of frontend, sum, sub, mul, div\n"
