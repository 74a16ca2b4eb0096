"""Observes a server's flows from itself, round after round, and writes each round on standard output.

The program of a server that nobody can log in to: its output is the server's console.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .console import Record, lines
from .observe import all_at_once, target_of
from .probe import ProbeError, Target, next_hop, probe

INTERVAL = 10.0
"""Seconds from the beginning of a round to that of the next."""
PROBE_TIMEOUT = 4.0
"""Seconds for one attempt, as the role's connectivity_probe_timeout."""


class ConfigurationError(Exception):
    """What is wrong in the configuration, in one sentence."""


@dataclass(frozen=True)
class Settings:
    """The targets, each with whether its next hop is looked up, and the figures of time in seconds."""

    targets: Sequence[tuple[Target, bool]]
    interval: float
    timeout: float


def main() -> int:
    """Observe until the process is ended; the one argument is the path of the configuration."""
    try:
        settings = read_settings(sys.argv[1])
    except ConfigurationError as error:
        print(f"lab-observer: {sys.argv[1]}: {error}", file=sys.stderr)
        return os.EX_CONFIG
    # Of this process alone, since a counter begins anew when systemd or a reboot starts another one.
    run = os.urandom(4).hex()
    sequence = 0
    while True:
        begin = time.monotonic()
        sequence += 1
        for line in lines(observe_round(settings, run, sequence)):
            # One write for each line: a terminal takes it whole before it takes another program's.
            os.write(sys.stdout.fileno(), f"{line}\n".encode())
        time.sleep(max(0.0, begin + settings.interval - time.monotonic()))


def read_settings(path: str) -> Settings:
    """The settings of a file ``{interval, timeout, flows: [{protocol, address, port, path, via}]}``.

    Raises `ConfigurationError`.
    """
    try:
        with open(path, encoding="utf-8") as file:
            values = json.load(file)
        # Two declared flows may ask for the same.
        targets: dict[str, tuple[Target, bool]] = {}
        for flow in values["flows"]:
            target = target_of(flow)
            _, with_hop = targets.get(target.command, (target, False))
            targets[target.command] = (target, with_hop or bool(flow.get("via")))
        interval, timeout = _seconds(values, "interval", INTERVAL), _seconds(values, "timeout", PROBE_TIMEOUT)
        return Settings(tuple(targets.values()), interval, timeout)
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error)) from error
    except KeyError as error:
        raise ConfigurationError(f"{error.args[0]} is missing") from error
    except (TypeError, ValueError) as error:
        raise ConfigurationError(str(error)) from error


def observe_round(settings: Settings, run: str, sequence: int) -> Record:
    """Probe every target once, all at once, and read this machine's addresses."""
    started = _now()

    def call(target: Target, with_hop: bool) -> Callable[[], dict[str, Any]]:
        return lambda: _observe(target, with_hop, settings.timeout)

    flows = all_at_once([call(target, with_hop) for target, with_hop in settings.targets])
    return Record(
        run=run,
        sequence=sequence,
        time=started,
        known=len(flows),
        flows=tuple(flows),
        addresses=tuple(short_addresses(_ip("address"))),
        gateway=default_gateway(_ip("route", "show", "default")),
    )


def short_addresses(interfaces: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What ``ip -json -4 address`` says, without the loopback interface, in the form of a record."""
    found = []
    for interface in interfaces:
        for address in interface.get("addr_info") or ():
            if address.get("scope") == "host":
                continue
            entry = {
                "interface": interface["ifname"],
                "address": f"{address['local']}/{address['prefixlen']}",
                "dynamic": bool(address.get("dynamic")),
            }
            if entry["dynamic"]:
                entry["lease"] = address["valid_life_time"]
            found.append(entry)
    return found


def default_gateway(routes: Sequence[Mapping[str, Any]]) -> str:
    """The gateway of the default route in use, of those that ``ip -json -4 route show default`` lists."""
    used = min(routes, key=lambda route: int(route.get("metric", 0)), default={})
    return str(used.get("gateway", ""))


def _seconds(values: Mapping[str, Any], name: str, default: float) -> float:
    seconds = float(values.get(name, default))
    if not seconds > 0:
        raise ValueError(f"{name} is {seconds:g}; choose a number greater than 0")
    return seconds


def _observe(target: Target, with_hop: bool, timeout: float) -> dict[str, Any]:
    started, begin = _now(), time.monotonic()
    try:
        outcome = probe(target, timeout)
    except (ProbeError, OSError, ValueError) as error:
        # The other flows can be observed all the same.
        return {"id": target.command, "error": str(error)}
    record = {
        "id": target.command,
        "verdict": outcome.verdict,
        "detail": outcome.detail,
        "started": started,
        "seconds": round(time.monotonic() - begin, 3),
    }
    return record | {"via": next_hop(target.address)} if with_hop else record


def _ip(*arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(["ip", "-json", "-4", *arguments], capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
