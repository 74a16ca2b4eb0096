"""Starts the selected scenarios before the first test, so that lint and unit tests run beside them."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import alone
import docker
import pytest
from docker.errors import DockerException
from lanes import Lanes, Scenario
from order import STAGES

ROOT = Path(__file__).resolve().parents[2]
MOLECULE = ("molecule", "--base-config", ".config/molecule/config.yml", "test", "-s")
ALL_SECTIONS_MIB = 11 * 1024

LANES = pytest.StashKey[Lanes]()
ALONE = pytest.StashKey[socket.socket]()


def obstacle(scenario: str) -> str:
    """Return why a scenario cannot run here: the memory, or the address of the report's container."""
    mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    if scenario == "site" and mib < ALL_SECTIONS_MIB:
        return f"this machine has {mib} MiB of memory, and all sections take {ALL_SECTIONS_MIB}"
    if scenario not in ("docker_containers", "site"):
        return ""
    try:
        client = docker.from_env()
        bridge = client.networks.get("bridge").attrs["Containers"]
        client.close()
    except DockerException:
        return ""
    there = (one["Name"] for one in bridge.values() if one["IPv4Address"].startswith("172.17.0.2/"))
    other = next((name for name in there if not name.startswith("lab-molecule-")), "")
    return f"the container {other} has the address 172.17.0.2; stop it to run this scenario" if other else ""


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Begin with what has been selected."""
    if session.config.option.collectonly or session.testsfailed:
        return
    asked = [item.callspec.params.get("scenario") for item in session.items if hasattr(item, "callspec")]
    if not any(asked):
        return
    try:
        session.config.stash[ALONE] = alone.hold()
    except OSError as error:
        pytest.exit(f"other tests use the lab 'molecule' on this machine; wait for their end ({error})", 1)
    # A terminal that is closed or a job that is cancelled ends what runs in the background, as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Whoever wants a run to outlive its terminal has it ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    logs = session.config.cache.mkdir("scenarios")
    scenarios = {name: Scenario((*MOLECULE, name), ROOT, logs / f"{name}.log") for name in asked if name}
    session.config.stash[LANES] = lanes = Lanes(STAGES, scenarios, obstacle)
    lanes.start()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave nothing running behind a session that has been interrupted."""
    if lanes := session.config.stash.get(LANES, None):
        lanes.stop()


@pytest.fixture
def lanes(request: pytest.FixtureRequest) -> Lanes:
    """Return the scenarios, which run already."""
    running = request.config.stash.get(LANES, None)
    if running is None:
        pytest.skip("no scenario was begun, since other tests could not be collected")
    return running
