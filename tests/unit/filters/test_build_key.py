"""A key changes with what is built from, and with nothing else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from build_key import LENGTH, build_key

VALUES = {"suite": "trixie", "packages": ["curl", "nano"]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "files"
    (tree / "units").mkdir(parents=True)
    (tree / "program").write_text("#!/bin/sh\n")
    (tree / "units" / "lab.service").write_text("[Service]\n")
    return tree


def key(tree: Path) -> str:
    return build_key(VALUES, [str(tree)])


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: (tree / "program").write_text("#!/bin/bash\n"),
        lambda tree: (tree / "program").rename(tree / "programme"),
        lambda tree: (tree / "program").chmod(0o755),
        lambda tree: (tree / "units" / "lab.service").rename(tree / "lab.service"),
        lambda tree: (tree / "units" / "new.service").write_text(""),
        lambda tree: (tree / "units" / "lab.service").unlink(),
    ],
    ids=["content", "name", "executable bit", "directory", "new file", "removed file"],
)
def test_it_changes_with_the_files(tree: Path, change: Callable[[Path], object]) -> None:
    before = key(tree)
    change(tree)
    assert key(tree) != before


@pytest.mark.parametrize(
    "values", [{**VALUES, "suite": "sid"}, {**VALUES, "packages": ["nano", "curl"]}, {**VALUES, "more": None}]
)
def test_it_changes_with_the_values(values: object) -> None:
    assert build_key(values) != build_key(VALUES)


def test_it_is_short_and_knows_no_order_of_keys() -> None:
    assert build_key(VALUES) == build_key(dict(reversed(VALUES.items())))
    assert len(build_key(VALUES)) == LENGTH


def test_place_and_dates_do_not_matter(tree: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tree, tmp_path / "elsewhere" / tree.name)
    for path in copy.rglob("*"):
        os.utime(path, (0, 0))
    assert key(copy) == key(tree)


def test_compiled_python_does_not_matter(tree: Path) -> None:
    before = key(tree)
    (tree / "units" / "__pycache__").mkdir()
    (tree / "units" / "__pycache__" / "lab.cpython-311.pyc").write_bytes(b"\0")
    assert key(tree) == before


def test_a_file_alone_counts_with_its_name_and_content(tree: Path) -> None:
    program, other = tree / "program", tree / "other"
    shutil.copy(program, other)
    keys = [build_key(VALUES, [str(program)]), build_key(VALUES, [str(other)])]
    program.write_text("changed\n")
    assert len({*keys, build_key(VALUES, [str(program)]), build_key(VALUES)}) == 4


def test_a_path_that_is_not_there_is_named(tree: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"{tree}/nothing does not exist"):
        build_key(VALUES, [str(tree), f"{tree}/nothing"])
