"""What a user declares: read, refused, or bound to an interface."""

from __future__ import annotations

from ipaddress import IPv4Interface

import pytest

from static_route.routes import Hop, Interface, RouteError, bind, parse_hop, parse_hops

FRONTEND = (
    Interface("ens3", (IPv4Interface("192.168.56.14/24"),)),
    Interface("ens4", (IPv4Interface("172.20.0.9/16"),)),
)


def hops(destination: str, gateway: str) -> tuple[Hop, ...]:
    return parse_hops([{"destination": destination, "gateway": gateway}])


@pytest.mark.parametrize(
    ("destination", "gateway", "message"),
    [
        ("10.0.2.7/24", "192.168.56.253", r"has host bits set\)\. Is 10\.0\.2\.0/24 meant\?"),
        ("10.0.2.0/33", "192.168.56.253", "destination is not an IPv4 network"),
        ("fd00::/64", "192.168.56.253", "destination is not an IPv4 network"),
        ("ten", "192.168.56.253", "destination is not an IPv4 network"),
        ("10.0.2.0/24", "192.168.56", "gateway is not an IPv4 address"),
        ("0.0.0.0/0", "192.168.56.253", "default route belongs to DHCP"),
    ],
)
def test_a_malformed_route_is_refused_with_the_reason(destination: str, gateway: str, message: str) -> None:
    with pytest.raises(RouteError, match=f"^route {destination} via {gateway}: .*{message}"):
        parse_hop(destination, gateway)


def test_a_destination_may_be_declared_once() -> None:
    route = {"destination": "10.0.2.0/24", "gateway": "192.168.56.253"}
    with pytest.raises(RouteError, match=r"route 10\.0\.2\.0/24: the destination is declared twice"):
        parse_hops([route, route | {"gateway": "192.168.56.252"}])


def test_the_interface_is_the_one_on_the_gateways_network() -> None:
    (route,) = bind(hops("10.0.2.0/24", "172.20.3.4"), FRONTEND)
    assert route.interface == "ens4"


def test_the_more_specific_network_wins() -> None:
    nested = (*FRONTEND, Interface("ens5", (IPv4Interface("192.168.56.130/28"),)))
    (route,) = bind(hops("10.0.2.0/24", "192.168.56.129"), nested)
    assert route.interface == "ens5"


@pytest.mark.parametrize("destination", ["172.16.0.0/12", "172.20.3.0/24", "172.20.3.4/32"])
def test_the_gateway_may_lie_in_the_destination(destination: str) -> None:
    (route,) = bind(hops(destination, "172.20.3.4"), FRONTEND)
    assert route.interface == "ens4"


@pytest.mark.parametrize(
    ("destination", "gateway", "only", "message"),
    [
        ("10.0.2.0/24", "10.0.2.254", None, "gateway is not on a connected network"),
        (
            "10.0.2.0/24",
            "192.168.57.253",
            None,
            r"networks are 192\.168\.56\.0/24 on ens3, 172\.20\.0\.0/16 on ens4",
        ),
        ("10.0.2.0/24", "172.20.3.4", "ens3", r"networks are 192\.168\.56\.0/24 on ens3\.$"),
        ("10.0.2.0/24", "192.168.56.253", "eth0", "no interface eth0; there are ens3, ens4"),
        ("10.0.2.0/24", "192.168.56.14", None, "own address on ens3"),
        ("172.20.0.0/16", "192.168.56.253", None, "directly connected on ens4"),
        ("172.20.0.0/16", "192.168.56.253", "ens3", "directly connected on ens4"),
    ],
)
def test_a_route_that_cannot_work_here_is_refused(
    destination: str, gateway: str, only: str | None, message: str
) -> None:
    with pytest.raises(RouteError, match=message):
        bind(hops(destination, gateway), FRONTEND, only)
