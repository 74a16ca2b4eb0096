"""Probes one flow from the machine this runs on. Kept small: slow guests import it."""

from __future__ import annotations

import errno
import json
import math
import os
import socket
import subprocess
import time
from dataclasses import dataclass

from .verdicts import BLOCKED, LOST, REACHABLE, REFUSED, UNREACHABLE, agrees

PROTOCOLS = ("tcp", "udp", "icmp", "http")

# The second is what a text raises that cannot be a name.
UNKNOWN_NAME = (socket.gaierror, UnicodeError)
# Both say no at once, but not in the same words: a filter may reset or reject.
_REFUSALS = (errno.ECONNREFUSED, errno.ECONNRESET)
# IP_RECVERR and IPV6_RECVERR of <linux/in.h> and <linux/in6.h>, which Python does not name.
_REPORT_ERRORS = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
PAUSE_SECONDS = 1.0
_NEGATIVE_ATTEMPTS = 2


class ProbeError(Exception):
    """The flow cannot be probed from here; the message says what is missing."""


@dataclass(frozen=True)
class Target:
    """What is probed: a protocol (tcp, udp, icmp or http) and where; the path is for http only."""

    protocol: str
    address: str
    port: int = 0
    path: str = "/"

    @property
    def command(self) -> str:
        """What the probe does, in a form for people."""
        if self.protocol == "icmp":
            return f"ping -c 1 {self.address}"
        if self.protocol == "http":
            return f"GET http://{self.address}:{self.port}{self.path}"
        return f"{self.protocol} {self.address}:{self.port}"


@dataclass(frozen=True)
class Outcome:
    """A verdict and, in a few words without figures of time, how it showed."""

    verdict: str
    detail: str


@dataclass(frozen=True)
class Observation:
    """An outcome, when the first attempt began (UTC, ISO 8601), how long all took, and their number."""

    outcome: Outcome
    started: str
    seconds: float
    attempts: int


def observe(target: Target, expected: str, timeout: float, patience: float) -> Observation:
    """Probe until the expected verdict shows, for at most ``patience`` seconds.

    A flow that should be lost or blocked gets two attempts instead, each of ``timeout`` seconds at most,
    and ends with the first that shows anything else.
    """
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    begin = time.monotonic()
    attempts = 0
    while True:
        outcome = probe(target, timeout)
        attempts += 1
        agreed = agrees(expected, outcome.verdict)
        if expected in (LOST, BLOCKED):
            done = not agreed or attempts == _NEGATIVE_ATTEMPTS
        else:
            done = agreed or time.monotonic() - begin >= patience
        if done:
            return Observation(outcome, started, round(time.monotonic() - begin, 3), attempts)
        time.sleep(min(PAUSE_SECONDS, timeout))


def probe(target: Target, timeout: float) -> Outcome:
    """Try once; ``timeout`` is in seconds."""
    kind = socket.SOCK_DGRAM if target.protocol == "udp" else socket.SOCK_STREAM
    try:
        family, kind, _, _, where = socket.getaddrinfo(target.address, target.port, type=kind)[0]
    except UNKNOWN_NAME:
        return unknown_name(target.address)
    if target.protocol == "icmp":
        return _ping(str(where[0]), timeout)
    with socket.socket(family, kind) as connection:
        connection.settimeout(timeout)
        if target.protocol == "udp":
            # Without it the kernel keeps all ICMP errors but "port unreachable" to itself.
            level, option = _REPORT_ERRORS[family]
            connection.setsockopt(level, option, 1)
        try:
            connection.connect(where)
        except OSError as error:
            return outcome_of(error, timeout)
        if target.protocol == "tcp":
            return Outcome(REACHABLE, "connected")
        return _talk(connection, target, timeout)


def unknown_name(name: str) -> Outcome:
    """The outcome where a destination has no address."""
    return Outcome(UNREACHABLE, f"the name {name} is not known here")


def _talk(connection: socket.socket, target: Target, timeout: float) -> Outcome:
    if target.protocol == "udp":
        prefix, request = "", b"\n"
    else:
        prefix = "connected, but "
        request = f"GET {target.path} HTTP/1.0\r\nHost: {target.address}:{target.port}\r\n\r\n".encode()
    try:
        connection.sendall(request)
        answer = connection.recv(256)
    except OSError as error:
        return outcome_of(error, timeout, prefix)
    if target.protocol == "udp":
        return Outcome(REACHABLE, "answered")
    line = answer.split(b"\r\n")[0].decode("latin-1")
    if line.startswith("HTTP/"):
        return Outcome(REACHABLE, line)
    return Outcome(REFUSED, prefix + ("closed without an answer" if not answer else "the answer is not HTTP"))


def outcome_of(error: OSError, timeout: float, prefix: str = "") -> Outcome:
    """The outcome that a socket's error shows."""
    if isinstance(error, TimeoutError):
        return Outcome(LOST, f"{prefix}no answer within {timeout:g} s")
    verdict = REFUSED if error.errno in _REFUSALS else UNREACHABLE
    return Outcome(verdict, prefix + os.strerror(error.errno or errno.EIO).lower())


def ping_outcome(status: int, output: str, timeout: float) -> Outcome:
    """The outcome that ping's exit status and output (of both streams, in the C locale) show."""
    if status == 0:
        return Outcome(REACHABLE, "reply")
    for line in output.splitlines():
        if line.startswith("ping: socket"):
            raise ProbeError(f"ping may not send: {line}")
        if any(word in line.lower() for word in ("unreachable", "prohibited", "filtered", "not permitted")):
            return Outcome(UNREACHABLE, line.rpartition("icmp_seq=1 ")[2].rpartition(": ")[2].lower())
    return Outcome(LOST, f"no answer within {timeout:g} s")


def next_hop(address: str) -> str:
    """Where the kernel sends packets for an address or name: a gateway's address, ``direct`` or ``none``."""
    try:
        resolved = str(socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError):
        return "none"
    done = subprocess.run(
        ["ip", "-json", "route", "get", resolved], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return "none"
    return str(json.loads(done.stdout)[0].get("gateway", "direct"))


def _ping(address: str, timeout: float) -> Outcome:
    command = ["ping", "-n", "-c", "1", "-W", str(math.ceil(timeout)), address]
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise ProbeError("there is no ping command; install the package iputils-ping on the source") from None
    return ping_outcome(done.returncode, done.stdout, timeout)
