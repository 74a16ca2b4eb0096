"""Observes declared flows and exposures from the machine this runs on, all at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .probe import PAUSE_SECONDS, UNKNOWN_NAME, Observation, Target, next_hop, observe, unknown_name
from .scan import AT_ONCE, parse_ranges, scan

Record = dict[str, Any]


def observe_all(
    flows: Sequence[Mapping[str, Any]],
    exposures: Sequence[Mapping[str, Any]],
    timeout: float,
    patience: float,
) -> list[Record]:
    """One observation for each flow and each exposure, in their order.

    ``timeout`` is for one attempt, ``patience`` for all attempts at an expected verdict, in seconds.
    """

    def flow_call(flow: Mapping[str, Any]) -> Callable[[], Record]:
        return lambda: _observe_flow(flow, timeout, patience)

    def exposure_call(exposure: Mapping[str, Any]) -> Callable[[], Record]:
        return lambda: _observe_exposure(exposure, timeout, patience, at_once)

    # All exposures are scanned at the same time.
    at_once = max(1, AT_ONCE // max(1, len(exposures)))
    return all_at_once([*map(flow_call, flows), *map(exposure_call, exposures)])


def target_of(flow: Mapping[str, Any]) -> Target:
    """What a declared flow asks for."""
    return Target(flow["protocol"], flow["address"], flow.get("port") or 0, flow.get("path") or "/")


def observation(flow: Mapping[str, Any], seen: Observation, via: str) -> Record:
    """What was seen of a flow, in the form in which it is reported; ``via`` is the next hop, where known."""
    target = target_of(flow)
    record = _marks(flow) | {
        "protocol": target.protocol,
        "command": target.command,
        "verdict": seen.outcome.verdict,
        "detail": seen.outcome.detail,
        "attempts": seen.attempts,
        "started": seen.started,
        "seconds": seen.seconds,
    }
    if target.port:
        record["port"] = target.port
    if via:
        record["via"] = via
    return record


def all_at_once(calls: Sequence[Callable[[], Record]]) -> list[Record]:
    """Make every call in a thread of its own; the results are in order, and the first error is raised."""
    results: list[Record] = [{} for _ in calls]
    errors: list[Exception] = []

    def work(place: int) -> None:
        try:
            results[place] = calls[place]()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def _observe_flow(flow: Mapping[str, Any], timeout: float, patience: float) -> Record:
    target = target_of(flow)
    seen = observe(target, flow["expected"], timeout, patience)
    return observation(flow, seen, next_hop(target.address) if flow.get("via") else "")


def _observe_exposure(exposure: Mapping[str, Any], timeout: float, patience: float, at_once: int) -> Record:
    begin = time.monotonic()
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    address, declared = exposure["address"], set(exposure["open_ports"])
    ports = sorted(declared.union(parse_ranges(exposure["scan"])))
    try:
        found = set(scan(address, ports, timeout, at_once))
        deadline = time.monotonic() + patience
        # A service that is still starting is waited for, as with flows.
        while (closed := declared - found) and time.monotonic() < deadline:
            time.sleep(min(PAUSE_SECONDS, timeout))
            found.update(scan(address, sorted(closed), timeout, at_once))
        seen: Record = {"open": sorted(found), "scanned": len(ports)}
    except UNKNOWN_NAME:
        outcome = unknown_name(address)
        seen = {"verdict": outcome.verdict, "detail": outcome.detail}
    return _marks(exposure) | {
        "protocol": "tcp",
        "command": f"scan tcp {address} {','.join(exposure['scan'])}",
        **seen,
        "started": started,
        "seconds": round(time.monotonic() - begin, 3),
    }


def _marks(declared: Mapping[str, Any]) -> Record:
    return {key: declared[key] for key in ("id", "name", "from", "to", "address") if declared.get(key)}
