"""What users outside get while services change, fail and are repaired."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lab import ROOT, evidence, host, member, owned, playbook, recap
from openstack.connection import Connection

PLAYBOOK = "openstack_calculator"
STOP_FILE = "/tmp/calculator-watch-is-over"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Connection]:
    with member() as connection:
        yield connection


@pytest.fixture(scope="module")
def url(cloud: Connection) -> str:
    """The frontend's address outside, the only one of its topology."""
    (address,) = owned(cloud.network.ips(), "calculator")
    return f"http://{address.floating_ip_address}:50000/"


def ask(url: str, expression: str) -> str:
    """Return the answer and its status, as in `result = 22 200`."""
    command = "curl --silent --show-error --max-time 60 --write-out ' %%{http_code}' --data %s %s"
    return " ".join(host("outside").check_output(command, expression, url).split())


@contextmanager
def watched(url: str) -> Iterator[dict[str, Any]]:
    """Ask from outside all the time; the figures are there when the block is over."""
    figures: dict[str, Any] = {}
    options = {
        "url": url,
        "body": "(5+6)*2",
        "expect": "^result = 22$",
        "timeout": 30,
        # Longer than any of this takes: the file ends it.
        "limit": 3000,
        "stop_file": STOP_FILE,
    }
    arguments = json.dumps(options)

    def watch() -> None:
        figures.update(host("outside").ansible("service_watch", arguments, check=False))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield figures
    finally:
        host("outside").check_output("touch %s", STOP_FILE)
        thread.join()


def test_every_operation_is_answered(url: str) -> None:
    assert ask(url, "(9-1)*2+6/3") == "result = 18 200"


def test_the_claims_were_reproduced() -> None:
    for claim in ("C29", "C30", "C31"):
        assert evidence(claim, PLAYBOOK)["verdict"] == "reproduced"


def test_a_new_version_goes_out_unnoticed(url: str, tmp_path: Path) -> None:
    source = tmp_path / "calculator"
    shutil.copytree(ROOT / "roles" / "calculator" / "files" / "calculator", source)
    (source / "__init__.py").write_text('"""The calculator."""\n\n__version__ = "1.0.1"\n')
    services = ["--limit", "app-sum,app-mul"]
    with watched(url) as figures:
        another = ["-e", "topology_rolling=true", "-e", f"calculator_source={source}"]
        output = playbook(PLAYBOOK, *services, *another)
        assert min(count["changed"] for count in recap(output).values()) > 0
        assert "app-sum: 1.0.0 -> 1.0.1" in output
        health = json.loads(host("outside").check_output("curl --silent --max-time 30 %shealthz", url))
        versions = {name: [one["version"] for one in ones] for name, ones in health["backends"].items()}
        assert versions["sum"] == versions["mul"] == ["1.0.1"]
    playbook(PLAYBOOK, *services)
    assert figures["ended_by"] == "stop_file"
    assert figures["tries"] > 20
    assert figures["failures"] == 0, figures["outages"]


def test_what_fails_is_named_and_one_run_repairs_it(url: str, cloud: Connection) -> None:
    host("app-mul").check_output("systemctl stop calculator")
    (div,) = [server for server in cloud.compute.servers() if server.name == "app-div"]
    cloud.compute.delete_server(div)
    cloud.compute.wait_for_delete(div, wait=120)
    assert ask(url, "1+2-3") == "result = 0 200"
    answer = ask(url, "2*3")
    assert "the service mul failed" in answer
    # Out of time: on a busy machine, while the frontend still tried.
    assert re.search(": (connection refused|timeout while connecting) 502$", answer), answer
    answer = ask(url, "6/3")
    assert "the service div failed" in answer
    assert answer.endswith(" 502")

    (frontend,) = [server for server in cloud.compute.servers() if server.name == "app-frontend"]
    cloud.compute.reboot_server(frontend, "HARD")
    # While it is away there is no connection, and curl says so.
    asked = (host("outside").run("curl --silent --max-time 5 %s", url).rc for _ in range(20))
    assert next((rc for rc in asked if rc != 0), 0) in (7, 28, 52, 56)
    output = playbook(PLAYBOOK)
    assert "+ server app-div" in output
    assert ask(url, "(9-1)*2+6/3") == "result = 18 200"
    assert all(count["changed"] == 0 for count in recap(playbook(PLAYBOOK)).values())
