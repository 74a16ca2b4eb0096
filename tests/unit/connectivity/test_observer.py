"""The observer as cloud-init installs it: rendered by the role, run on real sockets, read like a console."""

from __future__ import annotations

import base64
import gzip
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectivity.compare import compare
from connectivity.console import records
from connectivity.declare import declare
from connectivity.observer import default_gateway, short_addresses
from connectivity.waiting import view

ROOT = Path(__file__).parents[3]
DEADLINE = 60.0

# What iproute2 prints, cut down to what matters.
ADDRESSES: list[dict[str, Any]] = [
    {
        "ifname": "lo",
        "addr_info": [
            {"local": "127.0.0.1", "prefixlen": 8, "scope": "host", "valid_life_time": 4294967295},
        ],
    },
    {
        "ifname": "ens3",
        "addr_info": [
            {
                "local": "10.0.2.14",
                "prefixlen": 24,
                "scope": "global",
                "dynamic": True,
                "valid_life_time": 86321,
            },
            {"local": "10.0.2.15", "prefixlen": 24, "scope": "global", "valid_life_time": 4294967295},
        ],
    },
    {"ifname": "ens4", "addr_info": []},
]
ROUTES: list[dict[str, Any]] = [
    {"dst": "default", "gateway": "10.0.2.1", "metric": 200},
    {"dst": "default", "gateway": "10.0.2.254"},
]
SHORT = [
    {"interface": "ens3", "address": "10.0.2.14/24", "dynamic": True, "lease": 86321},
    {"interface": "ens3", "address": "10.0.2.15/24", "dynamic": False},
]


class Quiet(http.server.BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """Ports of 127.0.0.1: of a web server, one that is closed, and one that accepts and says nothing."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with server, socket.create_server(("127.0.0.1", 0)) as silent:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            free = closed.getsockname()[1]
        yield {"web": server.server_port, "silent": silent.getsockname()[1], "closed": free}
        server.shutdown()


@pytest.fixture(scope="module")
def flows(ports: dict[str, int]) -> list[dict[str, Any]]:
    flow = {"from": "localhost", "to": "127.0.0.1", "protocol": "tcp", "path": "/"}
    return [
        {**flow, "port": ports["web"], "expected": "reachable", "via": "10.0.2.254"},
        {**flow, "port": ports["closed"], "expected": "refused"},
        {**flow, "protocol": "http", "port": ports["web"], "path": "/healthz", "expected": "reachable"},
        {**flow, "protocol": "http", "port": ports["silent"], "expected": "lost"},
    ]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, flows: list[dict[str, Any]]) -> dict[str, bytes]:
    """The files that cloud-init writes, by path; beside them ``user_data`` itself and its ``runcmd``."""
    directory = tmp_path_factory.mktemp("role")
    icmp = {"from": "localhost", "to": "127.0.0.1", "protocol": "icmp", "expected": "reachable"}
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [
                {
                    "ansible.builtin.include_role": {"name": "connectivity", "tasks_from": "user_data"},
                    "vars": {
                        "connectivity_observer_flows": [*flows, icmp, flows[1]],
                        "connectivity_observer_interval": 0.1,
                        "connectivity_probe_timeout": 0.5,
                    },
                },
                {
                    "ansible.builtin.copy": {
                        "content": "{{ connectivity_user_data }}",
                        "dest": str(directory / "user_data"),
                        "mode": "0600",
                    }
                },
            ],
        }
    ]
    (directory / "play.yml").write_text(json.dumps(play))
    done = subprocess.run(
        ["ansible-playbook", "-i", "nobody,", directory / "play.yml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = (directory / "user_data").read_bytes()
    parsed = yaml.safe_load(text)
    decode = {"b64": base64.b64decode, "gz+b64": lambda content: gzip.decompress(base64.b64decode(content))}
    return {file["path"]: decode[file["encoding"]](file["content"]) for file in parsed["write_files"]} | {
        "user_data": text,
        "runcmd": json.dumps(parsed["runcmd"]).encode(),
    }


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> str:
    """What the observer has written after three rounds on a machine without ping."""
    directory = tmp_path_factory.mktemp("source")
    program, config, output = (directory / name for name in ("observer.pyz", "observer.json", "console"))
    program.write_bytes(files["/usr/local/lib/lab-observer.pyz"])
    config.write_bytes(files["/etc/lab-observer.json"])
    ip = directory / "ip"
    ip.write_text(
        "#!/bin/sh\n"
        f"case $* in *address) echo '{json.dumps(ADDRESSES)}';; *show*) echo '{json.dumps(ROUTES)}';;\n"
        """*get*) echo '[{"gateway": "10.0.2.254"}]';; esac\n"""
    )
    ip.chmod(0o755)
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-I", program, config],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={"PATH": str(directory)},
        )
        try:
            deadline = time.monotonic() + DEADLINE
            while len(records(output.read_text())) < 3 and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            process.kill()
            process.wait()
    return output.read_text()


def test_every_round_is_a_record_and_nothing_else_is_written(console: str) -> None:
    seen = records(console)
    assert [record.sequence for record in seen] == list(range(1, len(seen) + 1))
    assert len(seen) >= 3
    assert len({record.run for record in seen}) == 1
    assert console.count("\n") >= len(seen) >= console.count("\n") - 1


def test_the_flows_are_as_they_are(console: str, flows: list[dict[str, Any]]) -> None:
    declared = declare(flows, [], {}, ["localhost"]).flows
    seen = view(declared, records(console), None)
    assert (seen.waiting, seen.faults) == ((), ())
    assert [row.sentence for row in compare(declared, seen.observations) if not row.agreed] == []
    assert [entry["detail"] for entry in seen.observations] == [
        "connected",
        "connection refused",
        "HTTP/1.0 501 Unsupported method ('GET')",
        "connected, but no answer within 0.5 s",
    ]


def test_a_flow_that_cannot_be_tried_does_not_keep_the_others_from_it(console: str) -> None:
    flow = {"from": "localhost", "to": "127.0.0.1", "protocol": "icmp", "expected": "reachable"}
    seen = view(declare([flow], [], {}, ["localhost"]).flows, records(console), None)
    assert seen.faults == (
        "flow 1 (localhost -> 127.0.0.1, icmp): there is no ping command; "
        "install the package iputils-ping on the source",
    )


def test_the_record_tells_the_servers_addresses(console: str) -> None:
    last = records(console)[-1]
    assert (list(last.addresses), last.gateway) == (SHORT, "10.0.2.254")


def test_addresses_and_routes_in_short() -> None:
    assert short_addresses(ADDRESSES) == SHORT
    assert default_gateway(ROUTES) == "10.0.2.254"
    assert default_gateway(ROUTES[:1]) == "10.0.2.1"
    assert default_gateway([{"dst": "default", "dev": "ppp0"}]) == default_gateway([]) == ""


def test_cloud_init_starts_it_without_a_reload(files: dict[str, bytes]) -> None:
    assert files["user_data"].startswith(b"#cloud-config\n")
    assert json.loads(files["runcmd"]) == [
        ["systemctl", "--root=/", "enable", "lab-observer.service"],
        ["systemctl", "start", "--no-block", "lab-observer.service"],
    ]
    # OpenStack takes 64 KiB in base64; the calculator's user data may have to fit in as well.
    assert len(files["user_data"]) * 4 / 3 < 20_000


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_one_that_systemd_understands(files: dict[str, bytes], tmp_path: Path) -> None:
    unit = tmp_path / "lab-observer.service"
    text = files["/etc/systemd/system/lab-observer.service"].decode()
    unit.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert str(unit) not in done.stderr and "lab-observer" not in done.stderr, done.stderr
    assert "AmbientCapabilities=CAP_NET_RAW" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file or directory"),
        ("{}", "flows is missing"),
        ('{"flows": [{"protocol": "tcp"}]}', "address is missing"),
        ('{"flows": [], "interval": "often"}', "could not convert string to float: 'often'"),
        ('{"flows": [], "interval": 0}', "interval is 0; choose a number greater than 0"),
        ('{"flows": [], "timeout": -1}', "timeout is -1; choose a number greater than 0"),
    ],
    ids=["no file", "no flows", "no address", "no number", "no interval", "no timeout"],
)
def test_a_configuration_that_cannot_be_used_is_named(text, message, tmp_path, files):
    program, config = tmp_path / "observer.pyz", tmp_path / "observer.json"
    program.write_bytes(files["/usr/local/lib/lab-observer.pyz"])
    if text is not None:
        config.write_text(text)
    done = subprocess.run(
        [sys.executable, "-I", program, config], capture_output=True, text=True, check=False, timeout=DEADLINE
    )
    assert (done.returncode, done.stderr) == (os.EX_CONFIG, f"lab-observer: {config}: {message}\n")
