"""A part of a package as an archive; the calculator's tests cover whole ones."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from python_archive import python_archive


@pytest.fixture
def package(tmp_path: Path) -> Path:
    package = tmp_path / "package"
    package.mkdir()
    for name, text in (
        ("__init__.py", ""),
        ("start.py", "from .helper import STATUS\ndef main():\n    return STATUS\n"),
        ("helper.py", "STATUS = 7\n"),
        ("other.py", ""),
        ("page.html", ""),
    ):
        (package / name).write_text(text)
    return package


def names(encoded: str) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(base64.b64decode(encoded))).namelist()


def test_only_the_named_modules_are_packed_and_the_named_one_is_run(package: Path, tmp_path: Path) -> None:
    encoded = python_archive(str(package), main="start", modules=["start", "helper"])
    assert names(encoded) == ["__main__.py", "package/__init__.py", "package/helper.py", "package/start.py"]
    program = tmp_path / "program.pyz"
    program.write_bytes(base64.b64decode(encoded))
    assert subprocess.run([sys.executable, "-I", program], check=False).returncode == 7


def test_a_package_may_be_called_otherwise_than_its_directory(package: Path, tmp_path: Path) -> None:
    copy = package.rename(tmp_path / "package-1.1")
    with pytest.raises(ValueError, match=r"'package-1\.1' is no name of a package"):
        python_archive(str(copy), main="start")
    program = tmp_path / "program.pyz"
    program.write_bytes(base64.b64decode(python_archive(str(copy), package="package", main="start")))
    assert subprocess.run([sys.executable, "-I", program], check=False).returncode == 7


def test_the_order_of_the_modules_does_not_matter(package: Path) -> None:
    assert python_archive(str(package), modules=["start", "helper"]) == python_archive(
        str(package), modules=["helper", "start"]
    )


def test_a_module_that_does_not_exist_is_refused(package: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.py"):
        python_archive(str(package), modules=["nothing"])
