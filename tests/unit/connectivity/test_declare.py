"""Declared flows: refused with every fault named, or completed and grouped."""

from __future__ import annotations

from typing import Any

import pytest

from connectivity.declare import DeclarationError, declare

HOSTS = ["outside", "frontend", "sum"]
FLOW: dict[str, Any] = {
    "from": "outside",
    "to": "frontend",
    "address": None,
    "protocol": "tcp",
    "port": 22,
    "expected": "reachable",
}
EXPOSURE: dict[str, Any] = {"from": "outside", "to": "frontend", "open_ports": [22], "scan": ["1-1024"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"from": "inside"}, "from: inside is not a host of the inventory"),
        ({"expected": "open"}, "expected: open is not one of reachable, refused, lost, unreachable, blocked"),
        ({"protocol": "sctp"}, "protocol: sctp is not one of tcp, udp, icmp, http"),
        ({"protocol": "icmp"}, "port: icmp has none"),
        ({"port": None}, "port: tcp needs one within 1-65535"),
        ({"port": 70000}, "port: tcp needs one within 1-65535"),
        ({"via": "inner"}, "via: inner is neither an address nor 'direct'"),
        ({"address": "10.0.2.999"}, "address: 10.0.2.999 is neither an IPv4 address nor a name"),
        ({"address": "10.0.2"}, "address: 10.0.2 is neither an IPv4 address nor a name"),
        *(
            ({"protocol": "http", "path": path}, f"path: {path!r} does not begin with / or holds white space")
            for path in ("healthz", "", "/a b", "/a\tb", "/\x00")
        ),
    ],
)
def test_a_faulty_flow_is_refused_by_number_and_reason(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        declare([FLOW, FLOW | change], [], {"frontend": "192.0.2.7"}, HOSTS)
    (line,) = str(refused.value).splitlines()
    assert line.startswith("flow 2 (")
    assert line.endswith(message)


@pytest.mark.parametrize("ports", ["", "0", "22-", "90-80", "1-65536", "ssh"])
def test_a_faulty_range_of_ports_is_refused(ports: str) -> None:
    with pytest.raises(DeclarationError, match=r"^exposure 1 .*: scan: "):
        declare([], [EXPOSURE | {"scan": [ports]}], {"frontend": "192.0.2.7"}, HOSTS)


@pytest.mark.parametrize(("port", "address"), [(0, None), (70000, None), (22, "10.0.2.999")])
def test_an_exposure_that_cannot_be_scanned_is_refused(port: int, address: str | None) -> None:
    faulty = EXPOSURE | {"open_ports": [22, port], "address": address}
    wrong = (
        f"open_ports: {port} is not within 1-65535" if address is None else f"address: {address} is neither"
    )
    with pytest.raises(DeclarationError, match=rf"^exposure 1 .*: {wrong}"):
        declare([], [faulty], {"frontend": "192.0.2.7"}, HOSTS)


def test_a_next_hop_is_written_as_the_kernel_writes_it() -> None:
    flows = [FLOW | {"via": via} for via in ("FD00:0:0::1", "10.0.2.1", "direct")]
    declared = declare(flows, [], {"frontend": "192.0.2.7"}, HOSTS).flows
    assert [flow["via"] for flow in declared] == ["fd00::1", "10.0.2.1", "direct"]


def test_every_fault_is_named_at_once() -> None:
    flows = [FLOW | {"from": "nowhere", "port": 0}, FLOW | {"expected": "maybe"}]
    with pytest.raises(DeclarationError) as refused:
        declare(flows, [], {"frontend": "192.0.2.7"}, HOSTS)
    assert len(str(refused.value).splitlines()) == 3


def test_an_own_address_comes_before_a_known_one_and_a_literal_needs_none() -> None:
    flows = [FLOW, FLOW | {"address": "www.example.net"}, FLOW | {"to": "203.0.113.10"}]
    declaration = declare(flows, [], {"frontend": "192.0.2.7"}, HOSTS)
    assert [flow["address"] for flow in declaration.flows] == ["192.0.2.7", "www.example.net", "203.0.113.10"]
    assert declaration.missing == ()


@pytest.mark.parametrize("addresses", [{}, {"frontend": None}, {"frontend": ""}])
def test_destinations_without_an_address_are_listed(addresses: dict[str, str | None]) -> None:
    assert declare([FLOW], [EXPOSURE], addresses, HOSTS).missing == ("frontend",)


def test_flows_are_grouped_by_their_source() -> None:
    flows = [FLOW, FLOW | {"from": "sum"}, FLOW]
    sources = declare(flows, [EXPOSURE], {"frontend": "192.0.2.7"}, HOSTS).by_source()
    assert [flow["id"] for flow in sources["outside"]["flows"]] == ["flow 1", "flow 3"]
    assert [exposure["id"] for exposure in sources["outside"]["exposures"]] == ["exposure 1"]
    assert [flow["id"] for flow in sources["sum"]["flows"]] == ["flow 2"]
