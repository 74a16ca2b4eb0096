"""Filter ``build_key``: name a thing by everything it is built from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

LENGTH = 16
"""Hexadecimal digits of a key: 64 bits, ample for the handful of builds a cache holds."""


def build_key(values: Any, paths: Iterable[str] = ()) -> str:
    """Return a key for ``values`` (anything JSON can hold) and the files ``paths`` name or hold.

    The key changes with any value, file content, executable bit or file name below a path; it does not depend
    on where the files lie, on their dates or on their order. Compiled Python is left out.
    ``FileNotFoundError`` if a path does not exist.
    """
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"build_key: {path} does not exist")
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" in file.parts:
                continue
            name = file.relative_to(path.parent).as_posix()
            executable = bool(file.stat().st_mode & 0o100)
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{name}\0{executable}\0{content}\n".encode())
    return digest.hexdigest()[:LENGTH]


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., str]]:
        return {"build_key": build_key}
