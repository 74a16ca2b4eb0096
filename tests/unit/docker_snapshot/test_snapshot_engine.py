"""What the edge asks of Docker, and what it makes of the answers."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

pytest.importorskip("docker")

from docker_snapshot.engine import Engine
from docker_snapshot.plan import marks


class Api:
    """A Docker that has one image, and remembers what it is asked to keep."""

    def __init__(self, **options: Any) -> None:
        self.kept: dict[str, Any] = {}
        self.paused: list[str] = []
        self.killed_by = 0

    def inspect_image(self, name: str) -> dict[str, Any]:
        # Packed, as containerd counts it.
        return {"Id": "sha256:i", "Created": "2025-11-22T10:16:00Z", "Size": 30}

    def history(self, image: str) -> list[dict[str, Any]]:
        return [
            {"Size": 20, "Comment": "snapshot of the container web"},
            {"Size": 0, "Comment": ""},
            {"Size": 70, "Comment": "base"},
        ]

    def commit(self, container: str, repository: str, tag: str, **options: Any) -> dict[str, str]:
        self.kept = options
        return {"Id": "sha256:i"}

    def pause(self, container: str) -> None:
        self.paused.append(container)
        if self.killed_by:
            os.kill(os.getpid(), self.killed_by)

    def unpause(self, container: str) -> None:
        self.paused.remove(container)


@pytest.fixture
def api(monkeypatch):
    made = Api()
    monkeypatch.setattr("docker.APIClient", lambda **options: made)
    return made


def test_the_size_is_that_of_the_layers(api):
    facts = Engine("unix:///docker.sock", 5).facts("lab/web:1")
    assert facts["size"] == 90
    assert [layer["size"] for layer in facts["layers"]] == [70, 20]


def test_labels_are_kept_as_they_are(api):
    labels = marks("web", "lab/web:1", "sha256:c") | {"note": 'in $HOME, "quoted",\nin two lines', "count": 3}
    Engine("unix:///docker.sock", 5).take("4f2a", ("lab/web", "1"), labels)
    assert api.kept["conf"] == {"Labels": labels | {"count": "3"}}
    assert "changes" not in api.kept


@pytest.mark.parametrize(
    ("running", "paused", "waits"), [(True, False, ["4f2a"]), (True, True, []), (False, False, [])]
)
def test_only_a_container_that_runs_is_paused_and_it_goes_on_afterwards(api, running, paused, waits):
    container = {"Id": "4f2a", "Name": "/web", "State": {"Running": running, "Paused": paused}}
    with pytest.raises(ZeroDivisionError), Engine("unix:///docker.sock", 5).still(container):
        assert api.paused == waits
        raise ZeroDivisionError
    assert api.paused == []


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
@pytest.mark.parametrize("while_it_pauses", [False, True])
def test_a_container_goes_on_when_the_module_is_ended(api, number, while_it_pauses):
    container = {"Id": "4f2a", "Name": "/web", "State": {"Running": True, "Paused": False}}
    api.killed_by = number if while_it_pauses else 0
    former = signal.getsignal(number)
    with pytest.raises(SystemExit), Engine("unix:///docker.sock", 5).still(container):
        assert signal.getsignal(number) is not former
        os.kill(os.getpid(), number)
    assert api.paused == []
    assert signal.getsignal(number) is former


def test_a_hangup_that_is_ignored_stays_so(api):
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    container = {"Id": "4f2a", "Name": "/web", "State": {"Running": True, "Paused": False}}
    try:
        with Engine("unix:///docker.sock", 5).still(container):
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, former)
