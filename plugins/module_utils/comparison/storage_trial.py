"""How long a directory takes to write a new file, and to change one byte of a file that lay there before.

Runs where the storage is, alone, with whatever Python is there:

    storage_trial.py prepare DIRECTORY COUNT MIB     write the files that are changed later
    storage_trial.py try DIRECTORY COUNT MIB         print the seconds of each attempt as JSON
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

_BLOCK = bytes(1 << 20)


def write(path: Path, mib: int) -> float:
    """Write a file until it is on the disk, and return the seconds."""
    began = time.perf_counter()
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(_BLOCK)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - began


def change(path: Path) -> float:
    """Change the first byte of a file until it is on the disk, and return the seconds."""
    began = time.perf_counter()
    with path.open("r+b") as file:
        file.write(b"x")
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - began


def prepare(directory: Path, count: int, mib: int) -> None:
    """Write the files that are changed later."""
    directory.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write(directory / f"old-{number}", mib)


def attempt(directory: Path, count: int, mib: int) -> dict[str, list[float]]:
    """Write new files and change the old ones, each for the first time."""
    old = [directory / f"old-{number}" for number in range(count)]
    new = [directory / f"new-{number}" for number in range(count)]
    # What was read before costs no disk: here the copies count, not the disk's place in it.
    for path in old:
        path.read_bytes()
    seconds = {"write": [write(path, mib) for path in new], "change": [change(path) for path in old]}
    for path in new:
        path.unlink()
    return seconds


def main() -> None:
    """Do what the arguments say."""
    action, directory, count, mib = sys.argv[1:]
    if action == "prepare":
        prepare(Path(directory), int(count), int(mib))
    else:
        print(json.dumps(attempt(Path(directory), int(count), int(mib))))


if __name__ == "__main__":
    main()
