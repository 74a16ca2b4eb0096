"""One session of scenarios on a machine at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import alone
import pytest


@pytest.fixture
def address() -> str:
    """Return an address of this test's own, since a session that runs it may hold the real one."""
    return f"\0cloud-lab-{uuid4()}"


def test_a_second_one_is_refused_until_the_first_is_over(address: str) -> None:
    with alone.hold(address), pytest.raises(OSError, match="in use"):
        alone.hold(address)
    alone.hold(address).close()


def test_it_is_free_again_when_its_holder_is_killed(address: str) -> None:
    program = f"import alone, os; held = alone.hold({address!r}); os.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", program], cwd=Path(alone.__file__).parent, check=False)
    assert killed.returncode == -9
    alone.hold(address).close()
