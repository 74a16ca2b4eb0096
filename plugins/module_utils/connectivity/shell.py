"""Flows of a source that has a shell and no Python: what the shell is to run, and what it has seen."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence

from .declare import DeclarationError, Record
from .probe import Outcome, Target, ping_outcome
from .verdicts import LOST, REACHABLE, REFUSED, UNREACHABLE

PROTOCOLS = ("tcp", "http", "icmp")

_ATTEMPTS = 3
_BEGIN, _VIA, _END = "LAB-FLOW", "LAB-VIA", "LAB-STATUS"
_PART = re.compile(
    rf"^{_BEGIN} (?P<id>.*?)$(?P<output>.*?)^{_END} (?P<status>\d+)$(?:\s*^{_VIA} (?P<via>.*?)$)?",
    re.MULTILINE | re.DOTALL,
)
_NO_ROUTE = re.compile(r"unreachable|no route|prohibited|bad address|not permitted", re.IGNORECASE)


def script(source: Mapping[str, Sequence[Record]], timeout: float) -> str:
    """Return the lines that try all flows of a source, one after the other; DeclarationError if they cannot.

    A flow that should arrive is tried a few times, any other once. `timeout` is that of an attempt, in
    seconds.
    """
    if source["exposures"]:
        raise DeclarationError("a source of connectivity_shells does not look for open ports")
    if not timeout > 0:
        raise DeclarationError(f"shell_timeout is {timeout:g}; choose a number greater than 0")
    lines = []
    for flow in source["flows"]:
        if flow["protocol"] not in PROTOCOLS:
            raise DeclarationError(
                f"{flow['id']}: {flow['protocol']} cannot be tried from a shell; use {', '.join(PROTOCOLS)}"
            )
        attempts = _ATTEMPTS if flow["expected"] == REACHABLE else 1
        begin = f"{_BEGIN} {flow['id']}"
        lines += [
            f"echo {shlex.quote(begin)}",
            f"n=1; while :; do {_command(flow, timeout)}; s=$?; "
            f"[ $s -eq 0 ] || [ $n -ge {attempts} ] && break; n=$((n+1)); sleep 1; done",
            f"echo; echo {_END} $s",
        ]
        if flow.get("via"):
            lines.append(f'echo {_VIA} "$(ip route get {shlex.quote(flow["address"])} 2>&1 | head -n 1)"')
    return "\n".join(lines)


def observed(flows: Sequence[Record], transcript: str) -> list[Record]:
    """Return the observations in what a shell has printed; of a flow that is not there, none."""
    by_id = {flow["id"]: flow for flow in flows}
    parts = [part for part in _PART.finditer(transcript.replace("\r", "")) if part["id"] in by_id]
    return [_observation(by_id[part["id"]], part) for part in parts]


def _observation(flow: Record, part: re.Match[str]) -> Record:
    outcome = _outcome(flow["protocol"], int(part["status"]), part["output"].strip())
    seen = {
        "id": flow["id"],
        "from": flow["from"],
        "to": flow["to"],
        "address": flow["address"],
        "protocol": flow["protocol"],
        "command": _command_for_people(flow),
        "verdict": outcome.verdict,
        "detail": outcome.detail,
        # The source's clock may be anybody's.
        "started": None,
        "seconds": None,
    }
    if flow.get("via"):
        seen["via"] = _next_hop(part["via"] or "")
    return seen


def _command(flow: Record, timeout: float) -> str:
    address, seconds = shlex.quote(flow["address"]), math.ceil(timeout)
    if flow["protocol"] == "icmp":
        return f"ping -c 1 -W {seconds} {address} 2>&1"
    if flow["protocol"] == "http":
        return f"wget -O /dev/null -T {seconds} {shlex.quote(_url(flow))} 2>&1"
    return f"nc -w {seconds} {address} {flow['port']} </dev/null 2>&1"


def _command_for_people(flow: Record) -> str:
    return Target(flow["protocol"], flow["address"], flow.get("port", 0), flow.get("path", "/")).command


def _url(flow: Record) -> str:
    return f"http://{flow['address']}:{flow['port']}{flow['path']}"


def _outcome(protocol: str, status: int, output: str) -> Outcome:
    """Return what the exit status and the words of busybox's or the usual programs show."""
    if protocol == "icmp":
        return ping_outcome(status, output, 0) if status == 0 else _failure(output)
    if status == 0:
        return Outcome(REACHABLE, "answered" if protocol == "http" else "connected")
    return _failure(output)


def _failure(output: str) -> Outcome:
    if re.search("refused", output, re.IGNORECASE):
        return Outcome(REFUSED, "connection refused")
    # An answer of HTTP that is no page is an answer.
    if found := re.search(r"HTTP/\d\.\d \d+[^\n]*", output):
        return Outcome(REACHABLE, found[0])
    if found := _NO_ROUTE.search(output):
        return Outcome(UNREACHABLE, found[0].lower())
    return Outcome(LOST, "no answer")


def _next_hop(route: str) -> str:
    """Return the next hop that `ip route get` names: an address, `direct` or `none`."""
    if found := re.search(r"\bvia (\S+)", route):
        return found[1]
    return "direct" if re.search(r"\bdev \S+", route) else "none"
