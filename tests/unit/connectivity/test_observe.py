"""Exposures of this machine, observed on real sockets."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest

from connectivity.compare import compare, evidence
from connectivity.observe import observe_all

EXPOSURE: dict[str, Any] = {"id": "exposure 1", "from": "c", "to": "s", "address": "127.0.0.1"}


def free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [one.getsockname()[1] for one in sockets]


def test_closed_ports_are_waited_for_together() -> None:
    ports = free_ports(4)
    begin = time.monotonic()
    (seen,) = observe_all([], [EXPOSURE | {"open_ports": ports, "scan": []}], timeout=0.2, patience=1)
    assert (seen["open"], seen["scanned"]) == ([], 4)
    assert 1 <= time.monotonic() - begin < 3


def test_a_port_that_opens_while_it_is_waited_for_is_open() -> None:
    (port,) = free_ports(1)
    with socket.socket() as late:
        late.bind(("127.0.0.1", port))
        threading.Timer(0.5, late.listen).start()
        (seen,) = observe_all([], [EXPOSURE | {"open_ports": [port], "scan": []}], timeout=0.2, patience=30)
    assert seen["open"] == [port]


@pytest.mark.parametrize("name", ["a...b", "fe80::1%nowhere"])
def test_an_unknown_name_is_a_verdict_beside_the_other_observations(name: str) -> None:
    unknown = EXPOSURE | {"address": name, "to": name, "open_ports": [], "scan": ["22"]}
    known = EXPOSURE | {"id": "exposure 2", "open_ports": [], "scan": []}
    flow = EXPOSURE | {"id": "flow 1", "address": name, "protocol": "tcp", "port": 22, "expected": "blocked"}
    flow["via"] = "direct"
    seen = observe_all([flow], [unknown, known], timeout=0.2, patience=0)
    detail = f"the name {name} is not known here"
    assert [one.get("detail") for one in seen] == [detail, detail, None]
    (row,) = compare([unknown], seen)
    assert row.sentence == f"c -> {name}, tcp/22: expected open: none, observed unreachable ({detail})"
    assert (row.agreed, evidence(seen)[1]["output"]) == (False, f"unreachable: {detail}")
