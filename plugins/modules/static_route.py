#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Keep static routes of a Linux guest, now and after a reboot."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: static_route
short_description: Keep static IPv4 routes of a Linux guest, now and after a reboot
description:
  - Reads the kernel's routes with C(ip -json), gives the declared ones, and writes the file that gives them
    again at the next boot.
  - The file is the module's own, so it holds exactly O(routes). A route that an earlier run kept and that is
    no longer declared goes away, from the file and from the kernel's table.
  - A wrong next hop of a declared destination is repaired. The default route, connected networks and all
    other routes are never touched.
  - Only metric 0 is looked at and written. A route to the same network with a higher metric, from DHCP for
    instance, stays.
  - With systemd-networkd the file is a drop-in C(50-static-routes.conf) of the .network file that configures
    the interface, with netplan it is C(/etc/netplan/60-static-routes.yaml), with ifupdown the hook
    C(/etc/network/if-up.d/static-routes). A file of that name which the module did not write is refused,
    and so is an interface that shares its .network file or netplan definition with another.
  - When a file of systemd-networkd or netplan has changed, C(networkctl reload) makes the running daemon know
    it. From systemd 257 on the interface keeps its addresses; earlier versions repeat the DHCP exchange,
    which open connections survive. After a run that ended before that, the next one does it.
options:
  routes:
    description:
      - The routes that the guest has through this module, all of them. None count with O(state=absent).
    type: list
    elements: dict
    default: []
    suboptions:
      destination:
        description: An IPv4 network such as C(10.0.2.0/24). Not the default route.
        type: str
        required: true
      gateway:
        description: The next hop, an address on a network to which the guest is connected.
        type: str
        required: true
  state:
    description:
      - V(present) keeps exactly O(routes).
      - V(absent) takes away every route that the module keeps, and none that came from elsewhere.
    type: str
    choices: [present, absent]
    default: present
  interface:
    description:
      - The interface through which the gateways are reached.
      - Left out, it is the one on whose connected network the gateway is.
    type: str
  backend:
    description:
      - What configures the guest's interfaces at boot. V(auto) finds it by the file from which
        systemd-networkd configures the interface, and otherwise asks C(ifquery) whether ifupdown knows it.
    type: str
    choices: [auto, networkd, netplan, ifupdown]
    default: auto
requirements: [iproute2]
attributes:
  check_mode:
    description: Can run in check mode and predict changes.
    support: full
  diff_mode:
    description: Shows the files and the live routes before and after.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Route the services' network through the inner router
  static_route:
    routes:
      - destination: 10.0.2.0/24
        gateway: 192.168.56.253
  become: true

- name: Take the routes away again
  static_route:
    state: absent
  become: true
"""

RETURN = r"""
backend:
  description: What keeps the routes over a reboot.
  returned: when routes are kept
  type: str
  sample: networkd
routes:
  description: The routes that are kept, each with its interface.
  returned: success
  type: list
  elements: dict
  sample: [{destination: 10.0.2.0/24, gateway: 192.168.56.253, interface: ens3}]
files:
  description: The files that were, or in check mode would be, written or removed.
  returned: success
  type: list
  elements: str
  sample: [/etc/systemd/network/10-cloud-init-ens3.network.d/50-static-routes.conf]
commands:
  description:
    - The commands that did, or in check mode would, correct the live routes and have the files read.
  returned: success
  type: list
  elements: str
  sample: [ip -4 route replace 10.0.2.0/24 via 192.168.56.253 dev ens3 proto static]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.static_route.files import render
from ansible.module_utils.static_route.guest import Guest
from ansible.module_utils.static_route.plan import make_diff, make_plan
from ansible.module_utils.static_route.routes import RouteError, bind, parse_hops


def converge(guest: Guest, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Bring the guest's routes to what ``params`` declares; RouteError when that cannot be."""
    hops = parse_hops(params["routes"])
    state = guest.read()
    result: dict[str, Any] = {}
    if params["state"] == "present" and hops:
        routes = bind(hops, state.interfaces, params["interface"])
        backend, units = guest.backend(routes, None if params["backend"] == "auto" else params["backend"])
        plan = make_plan(state, routes, render(backend, routes, units))
        result["backend"] = backend
    else:
        routes = ()
        plan = make_plan(state, routes, {})
    if not check_mode and not plan.empty:
        guest.apply(plan, routes)
    return result | {
        "changed": not plan.empty,
        "routes": [
            {
                "destination": str(route.hop.destination),
                "gateway": str(route.hop.gateway),
                "interface": route.interface,
            }
            for route in routes
        ],
        "files": [f"/{path}" for path in plan.paths],
        "commands": [" ".join(command) for command in (*plan.commands, *plan.reloads)],
        "diff": make_diff(state, routes, plan),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "routes": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "destination": {"type": "str", "required": True},
                    "gateway": {"type": "str", "required": True},
                },
            },
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "interface": {"type": "str"},
            "backend": {
                "type": "str",
                "choices": ["auto", "networkd", "netplan", "ifupdown"],
                "default": "auto",
            },
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**converge(Guest(module.run_command), module.params, module.check_mode))
    except (RouteError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
