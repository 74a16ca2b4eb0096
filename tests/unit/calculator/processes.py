"""The calculator's real processes on the loopback address, run from the archive that the role installs."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from python_archive import python_archive

ROLE = Path(__file__).parents[3] / "roles" / "calculator"
OPERATIONS = ("sum", "sub", "mul", "div")
# Passes a listening socket on as systemd does: as descriptor 3, to the process of this id.
WITH_SOCKET = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
START_TIMEOUT = 30.0
REQUEST_TIMEOUT = 30.0


def build_program(directory: Path) -> Path:
    """Write the archive into *directory* and return its path."""
    program = directory / "calculator.pyz"
    program.write_bytes(base64.b64decode(python_archive(str(ROLE / "files" / "calculator"))))
    return program


@dataclass(frozen=True)
class Reply:
    status: int
    body: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Service:
    """One process; port 0 is any free one, and a restart keeps it."""

    program: Path
    config: dict[str, Any]
    log: Path
    kept: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def port(self) -> int:
        return int(self.config["port"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def launch(self) -> None:
        """Start the process without waiting for it."""
        path = self.log.with_suffix(".json")
        path.write_text(json.dumps(self.config))
        passed = [self.kept.fileno()] if self.kept else []
        wrapper = ["-c", WITH_SOCKET, str(passed[0])] if passed else []
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, *wrapper, "-I", self.program, "--config", path],
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=passed,
            )

    def wait(self) -> None:
        """Wait until the process listens, and learn its port."""
        deadline = time.monotonic() + START_TIMEOUT
        while not (found := re.search(r"listens at \S+ port (\d+)", self.log.read_text())):
            assert self.process and self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"{self.config} does not start"
            time.sleep(0.02)
        self.config["port"] = int(found[1])

    def start(self) -> None:
        self.launch()
        self.wait()

    def send_signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    def stop(self) -> int:
        """Ask the process to end; return its exit status."""
        assert self.process
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        return self.process.wait(timeout=30)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Make the process take connections, which the kernel does, and never answer."""
        self.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.send_signal(signal.SIGCONT)

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=REQUEST_TIMEOUT)
        with contextlib.closing(connection):
            connection.request(
                method, path, body, {name.replace("_", "-"): text for name, text in headers.items()}
            )
            response = connection.getresponse()
            return Reply(response.status, response.read().decode(), dict(response.getheaders()))

    def ask(self, body: str) -> Reply:
        """Send *body* as curl -d does."""
        return self.request("POST", "/", body, Content_Type="application/x-www-form-urlencoded")

    def ask_json(self, expression: Any) -> Reply:
        return self.request(
            "POST", "/", json.dumps({"expression": expression}), Content_Type="application/json"
        )


@dataclass
class Calculator:
    """Five processes that know each other."""

    frontend: Service
    services: dict[str, Service]


class Launcher:
    """Starts services and ends them all at the end."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._program = build_program(directory)
        self._started: list[Service] = []

    def service(
        self, name: str, *, start: bool = True, kept: socket.socket | None = None, **settings: Any
    ) -> Service:
        config = {"service": name, "port": 0, "bind_address": "127.0.0.1", **settings}
        service = Service(self._program, config, self._directory / f"{len(self._started)}-{name}.log", kept)
        self._started.append(service)
        service.launch()
        if start:
            service.wait()
        return service

    def frontend(self, services: dict[str, list[str]], **settings: Any) -> Service:
        return self.service("frontend", backends=services, **settings)

    def calculator(self) -> Calculator:
        """Start all five, the services at the same time."""
        services = {name: self.service(name, start=False) for name in OPERATIONS}
        for service in services.values():
            service.wait()
        return Calculator(self.frontend({name: [item.url] for name, item in services.items()}), services)

    def stop(self) -> None:
        for service in self._started:
            if service.process and service.process.poll() is None:
                service.process.kill()
                service.process.wait()
