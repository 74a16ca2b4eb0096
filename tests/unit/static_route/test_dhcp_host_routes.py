"""The filter that turns static routes into DHCP's."""

from __future__ import annotations

from dhcp_host_routes import dhcp_host_routes


def test_the_default_route_comes_along() -> None:
    routes = [{"destination": "10.0.2.0/24", "gateway": "192.168.56.253"}]
    assert dhcp_host_routes(routes, "192.168.56.254") == [
        {"destination": "0.0.0.0/0", "nexthop": "192.168.56.254"},
        {"destination": "10.0.2.0/24", "nexthop": "192.168.56.253"},
    ]
