"""Every verdict, observed between two real network namespaces (root only)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

MISSING = [command for command in ("ip", "ping") if shutil.which(command) is None]
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or bool(MISSING),
    reason=f"network namespaces need root, iproute2 and ping; missing: {MISSING}",
)

MODULE_UTILS = Path(__file__).parents[3] / "plugins/module_utils"
TIMEOUT = 1.0
NOTHING: dict[str, Any] = {"flows": [], "exposures": []}

# A web server on 80, a listener that never answers on 81, a datagram echo on 53.
SERVER = """
import http.server, socket, threading
silent = socket.create_server(("0.0.0.0", 81))
echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
echo.bind(("0.0.0.0", 53))
def answer():
    while True:
        data, sender = echo.recvfrom(100)
        echo.sendto(data, sender)
threading.Thread(target=answer, daemon=True).start()
server = http.server.ThreadingHTTPServer(("0.0.0.0", 80), http.server.BaseHTTPRequestHandler)
print("ready", flush=True)
server.serve_forever()
"""

# With as many open files as a process may have by default.
CLIENT = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
from connectivity.observe import observe_all
print(json.dumps(observe_all(**json.load(sys.stdin))))
"""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def client() -> Iterator[str]:
    """A client 10.77.0.1 beside a server 10.77.0.2, also a router to networks it refuses or swallows."""
    client, server = (f"lab-{name}-{os.getpid()}" for name in ("client", "server"))
    ip("netns", "add", client)
    ip("netns", "add", server)
    process = None
    try:
        ip("-n", client, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", server)
        for name, address in ((client, "10.77.0.1/24"), (server, "10.77.0.2/24")):
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "addr", "add", address, "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", client, "route", "add", "10.78.0.0/16", "via", "10.77.0.2")
        for kind, network in (
            ("blackhole", "10.78.1.0/24"),
            ("unreachable", "10.78.2.0/24"),
            ("prohibit", "10.78.3.0/24"),
        ):
            ip("-n", server, "route", "add", kind, network)
        forward = "open('/proc/sys/net/ipv4/ip_forward', 'w').write('1')"
        ip("netns", "exec", server, sys.executable, "-c", forward)
        process = subprocess.Popen(
            ["ip", "netns", "exec", server, sys.executable, "-c", SERVER],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield client
    finally:
        if process is not None:
            process.kill()
            process.wait()
        ip("netns", "del", client)
        ip("netns", "del", server)


def observe(client: str, patience: float = 0, **declared: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Observe from within the client's namespace."""
    asked = NOTHING | declared | {"timeout": TIMEOUT, "patience": patience}
    done = subprocess.run(
        ["ip", "netns", "exec", client, sys.executable, "-c", textwrap.dedent(CLIENT)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(MODULE_UTILS)},
    )
    observations: list[dict[str, Any]] = json.loads(done.stdout)
    return observations


def flow(protocol: str, address: str, port: int | None = None, expected: str = "reachable") -> dict[str, Any]:
    return {"id": "1", "from": "c", "to": "s", "address": address, "protocol": protocol, "port": port} | {
        "expected": expected
    }


VERDICTS = [
    (flow("tcp", "10.77.0.2", 80), "reachable", "connected"),
    (flow("tcp", "10.77.0.2", 82), "refused", "connection refused"),
    (flow("tcp", "10.78.1.9", 80), "lost", "no answer within 1 s"),
    (flow("tcp", "10.78.2.9", 80), "unreachable", "no route to host"),
    (flow("tcp", "10.78.3.9", 80), "unreachable", "no route to host"),
    (flow("tcp", "198.51.100.1", 80), "unreachable", "network is unreachable"),
    (
        flow("tcp", "no.such.name.invalid", 80),
        "unreachable",
        "the name no.such.name.invalid is not known here",
    ),
    (flow("udp", "10.77.0.2", 53), "reachable", "answered"),
    (flow("udp", "10.77.0.2", 54), "refused", "connection refused"),
    (flow("udp", "10.78.1.9", 53), "lost", "no answer within 1 s"),
    (flow("udp", "10.78.2.9", 53), "unreachable", "no route to host"),
    (flow("icmp", "10.77.0.2"), "reachable", "reply"),
    (flow("icmp", "10.78.1.9"), "lost", "no answer within 1 s"),
    (flow("icmp", "10.78.2.9"), "unreachable", "destination host unreachable"),
    (flow("icmp", "10.78.3.9"), "unreachable", "packet filtered"),
    (flow("icmp", "198.51.100.1"), "unreachable", "network is unreachable"),
    (flow("http", "10.77.0.2", 80), "reachable", "HTTP/1.0 501 Unsupported method ('GET')"),
    (flow("http", "10.77.0.2", 81), "lost", "connected, but no answer within 1 s"),
    (flow("http", "10.77.0.2", 82), "refused", "connection refused"),
    (flow("http", "10.78.1.9", 80), "lost", "no answer within 1 s"),
]


def test_each_verdict_is_told_from_the_others_and_all_flows_go_at_once(client: str) -> None:
    # Declared as expected, since a router limits its ICMP errors: some show at a later attempt only.
    declared = [flow | {"expected": verdict} for flow, verdict, _detail in VERDICTS]
    begin = time.monotonic()
    observations = observe(client, patience=15, flows=declared)
    wall = time.monotonic() - begin
    seen = [(o["command"], o["verdict"], o["detail"]) for o in observations]
    assert seen == [(o["command"], *wanted[1:]) for o, wanted in zip(observations, VERDICTS, strict=True)]
    assert wall < 0.7 * sum(o["seconds"] for o in observations)


def test_a_flow_that_should_be_lost_is_given_two_whole_attempts(client: str) -> None:
    (seen,) = observe(client, flows=[flow("tcp", "10.78.1.9", 80, expected="lost")])
    assert (seen["verdict"], seen["attempts"]) == ("lost", 2)
    assert seen["seconds"] >= 2 * TIMEOUT


def test_a_flow_that_should_be_blocked_but_is_not_shows_at_once(client: str) -> None:
    (seen,) = observe(client, patience=60, flows=[flow("tcp", "10.77.0.2", 80, expected="blocked")])
    assert (seen["verdict"], seen["attempts"]) == ("reachable", 1)


def test_a_flow_that_should_be_reachable_is_waited_for(client: str) -> None:
    (seen,) = observe(client, patience=1.5, flows=[flow("tcp", "10.77.0.2", 82)])
    assert (seen["verdict"], seen["attempts"]) == ("refused", 3)


def test_a_declared_next_hop_is_looked_up(client: str) -> None:
    flows = [
        flow("tcp", address, 80) | {"via": "10.77.0.2"}
        for address in ("10.78.2.9", "10.77.0.2", "198.51.100.1")
    ]
    assert [seen["via"] for seen in observe(client, flows=flows)] == ["10.77.0.2", "direct", "none"]


def test_the_next_hop_of_a_name_is_that_of_its_address(client: str) -> None:
    # Here only what is no name of the DNS has an address.
    flows = [flow("tcp", address, 80) | {"via": "direct"} for address in ("localhost", "nobody.invalid")]
    assert [seen["via"] for seen in observe(client, flows=flows)] == ["direct", "none"]


def test_many_exposures_at_once_open_no_more_files_than_there_may_be(client: str) -> None:
    exposure = {"id": "1", "from": "c", "to": "s", "address": "10.78.1.9", "open_ports": []}
    seen = observe(client, exposures=[exposure | {"scan": ["1-400"]}] * 9)
    assert [(one["open"], one["scanned"]) for one in seen] == [([], 400)] * 9


def test_exactly_the_open_ports_are_found(client: str) -> None:
    exposure = {"id": "1", "from": "c", "to": "s", "open_ports": [80, 8080]}
    open_server, closed_server = observe(
        client,
        exposures=[
            exposure | {"address": "10.77.0.2", "scan": ["1-1024"]},
            exposure | {"address": "10.78.1.9", "scan": ["22", "50000-50004"]},
        ],
    )
    assert (open_server["open"], open_server["scanned"]) == ([80, 81], 1025)
    assert (closed_server["open"], closed_server["scanned"]) == ([], 8)
