"""The filter dhcp_host_routes: static routes for a subnet's DHCP answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

DOCUMENTATION = r"""
---
name: dhcp_host_routes
short_description: Routes for a subnet's DHCP answers
description:
  - Turns static routes into the C(host_routes) of an OpenStack subnet, so that DHCP gives them to every guest
    of the subnet.
  - The default route is put in front. A guest that gets routes by DHCP option 121 ignores the router option
    (RFC 3442), so without it the guest would have no default route.
positional: gateway
options:
  _input:
    description: The routes, each with C(destination) and C(gateway).
    type: list
    elements: dict
    required: true
  gateway:
    description: The subnet's default gateway.
    type: str
    required: true
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
host_routes: "{{ static_route_routes | dhcp_host_routes('192.168.56.254') }}"
"""

RETURN = r"""
_value:
  description: The C(host_routes), each with C(destination) and C(nexthop).
  type: list
  elements: dict
"""


def dhcp_host_routes(routes: Sequence[dict[str, str]], gateway: str) -> list[dict[str, str]]:
    """The ``host_routes`` of a subnet that give ``routes`` and the default route by DHCP."""
    default = {"destination": "0.0.0.0/0", "nexthop": gateway}
    return [
        default,
        *({"destination": route["destination"], "nexthop": route["gateway"]} for route in routes),
    ]


class FilterModule:
    """Makes the filters known to Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"dhcp_host_routes": dhcp_host_routes}
