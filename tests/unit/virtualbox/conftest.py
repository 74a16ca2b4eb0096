"""What VBoxManage 7.2.22 has printed, recorded from the real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

OUTPUTS = Path(__file__).with_name("outputs")


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], str]:
    """Return one of the recorded outputs by its name."""
    return lambda name: (OUTPUTS / (name if "." in name else f"{name}.txt")).read_text(encoding="utf-8")
