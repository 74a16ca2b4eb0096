"""Reads the declared flows and exposures, finds their addresses, and groups them by source."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from .probe import PROTOCOLS
from .scan import parse_ranges
from .verdicts import EXPECTED

Record = dict[str, Any]

# The resolver refuses such text, or reads another address out of it: 10.0.2 is 10.0.0.2.
_LIKE_IPV4 = re.compile(r"[0-9.]+")
_PATH = re.compile(r"/[^\s\x00-\x1f\x7f]*")


class DeclarationError(ValueError):
    """What is wrong in the declaration, one line for each fault."""


@dataclass(frozen=True)
class Declaration:
    """Flows and exposures ready to be probed.

    Each has an ``id`` that its observation carries too and an ``address``; ``missing`` names the
    destinations of which no address is known.
    """

    flows: tuple[Record, ...]
    exposures: tuple[Record, ...]
    missing: tuple[str, ...]

    def by_source(self) -> dict[str, dict[str, list[Record]]]:
        """The flows and exposures of each source."""
        sources: dict[str, dict[str, list[Record]]] = {}
        for kind, records in (("flows", self.flows), ("exposures", self.exposures)):
            for record in records:
                sources.setdefault(record["from"], {"flows": [], "exposures": []})[kind].append(record)
        return sources


def declare(
    flows: Sequence[Mapping[str, Any]],
    exposures: Sequence[Mapping[str, Any]],
    addresses: Mapping[str, str | None],
    hosts: Collection[str],
) -> Declaration:
    """Check everything that is declared and find the addresses; DeclarationError names every fault.

    ``hosts`` are the names that may be sources, ``addresses`` gives those of named destinations.
    """
    faults: list[str] = []
    missing: set[str] = set()

    def complete(number: int, kind: str, entry: Mapping[str, Any]) -> Record:
        record = {key: value for key, value in entry.items() if value is not None}
        address = record.get("address") or addresses.get(record["to"]) or _literal(record["to"])
        if not address:
            missing.add(record["to"])
        record |= {"id": f"{kind} {number}", "address": address or ""}
        if record.get("via"):
            record["via"] = _literal(record["via"]) or record["via"]
        faults.extend(
            f"{record['id']} ({describe(record)}): {fault}" for fault in _faults(kind, record, hosts)
        )
        return record

    completed = {
        kind: tuple(complete(number, kind, entry) for number, entry in enumerate(entries, start=1))
        for kind, entries in (("flow", flows), ("exposure", exposures))
    }
    if faults:
        raise DeclarationError("\n".join(faults))
    return Declaration(completed["flow"], completed["exposure"], tuple(sorted(missing)))


def describe(record: Mapping[str, Any]) -> str:
    """A flow or exposure in a few words."""
    return f"{record['from']} -> {record['to']}, {service(record)}"


def service(record: Mapping[str, Any]) -> str:
    """What is asked for at the destination, such as ``tcp/22``."""
    if "scan" in record:
        return f"tcp/{','.join(record['scan'])}"
    protocol = str(record["protocol"])
    path = record.get("path", "") if protocol == "http" else ""
    return f"{protocol}/{record['port']}{path}" if "port" in record else protocol


def _faults(kind: str, record: Record, hosts: Collection[str]) -> list[str]:
    faults = []
    if record["from"] not in hosts:
        faults.append(f"from: {record['from']} is not a host of the inventory")
    if _LIKE_IPV4.fullmatch(record["address"]) and not _literal(record["address"]):
        faults.append(f"address: {record['address']} is neither an IPv4 address nor a name")
    if kind == "exposure":
        wrong = [str(port) for port in record["open_ports"] if not 1 <= port <= 65535]
        if wrong:
            faults.append(f"open_ports: {', '.join(wrong)} is not within 1-65535")
        try:
            parse_ranges(record["scan"])
        except ValueError as error:
            faults.append(f"scan: {error}")
        return faults
    if record["expected"] not in EXPECTED:
        faults.append(f"expected: {record['expected']} is not one of {', '.join(EXPECTED)}")
    if record["protocol"] not in PROTOCOLS:
        faults.append(f"protocol: {record['protocol']} is not one of {', '.join(PROTOCOLS)}")
    elif record["protocol"] == "icmp":
        if "port" in record:
            faults.append("port: icmp has none")
    elif not 1 <= record.get("port", 0) <= 65535:
        faults.append(f"port: {record['protocol']} needs one within 1-65535")
    if record["protocol"] == "http" and not _PATH.fullmatch(record.get("path", "/")):
        faults.append(f"path: {record['path']!r} does not begin with / or holds white space")
    if record.get("via", "direct") != "direct" and not _literal(record["via"]):
        faults.append(f"via: {record['via']} is neither an address nor 'direct'")
    return faults


def _literal(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
