"""The image is whole, and the cache holds no half of one."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cloud-lab" / "guest-image"


def newest() -> Path:
    return max(CACHE.glob("*/debian-13.qcow2"), key=lambda path: path.stat().st_mtime)


def test_image_is_whole() -> None:
    subprocess.run(["qemu-img", "check", "-q", str(newest())], check=True)


def test_image_is_a_disk_of_the_declared_size() -> None:
    report = subprocess.run(
        ["qemu-img", "info", "--output=json", str(newest())], capture_output=True, text=True, check=True
    )
    info = json.loads(report.stdout)
    assert (info["format"], info["virtual-size"]) == ("qcow2", 2048 * 1024**2)


def test_no_build_is_left_over() -> None:
    assert {path.name for path in newest().parent.iterdir()} - {".lock"} == {"debian-13.qcow2"}
