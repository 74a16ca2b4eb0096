#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Check declared flows and group them by their source."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: connectivity_plan
short_description: Check declared flows and group them by their source
description:
  - Checks flows and exposures as users declare them, finds the addresses of named destinations and groups all
    by source, ready for M(connectivity_probe). Touches no machine.
  - Every fault is named in one message.
options:
  flows:
    description: The declared flows.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the flow is, for people.
        type: str
      from:
        description: The source, an inventory host.
        type: str
        required: true
      to:
        description: The destination, a name of O(addresses) or an address.
        type: str
        required: true
      address:
        description: >-
          The address of the destination as seen from the source, when it is not the one of O(addresses).
        type: str
      protocol:
        description: What is tried.
        type: str
        choices: [tcp, udp, icmp, http]
        default: tcp
      port:
        description: The port, for all but C(icmp).
        type: int
      path:
        description: The path that C(http) asks for. It begins with C(/) and holds no white space.
        type: str
        default: /
      expected:
        description: The expected verdict. V(blocked) is anything but reachable.
        type: str
        choices: [reachable, refused, lost, unreachable, blocked]
        required: true
      via:
        description: The next hop that the source should use, an address or V(direct).
        type: str
  exposures:
    description: The declared exposures.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the exposure is, for people.
        type: str
      from:
        description: The source, an inventory host.
        type: str
        required: true
      to:
        description: The destination, a name of O(addresses) or an address.
        type: str
        required: true
      address:
        description: >-
          The address of the destination as seen from the source, when it is not the one of O(addresses).
        type: str
      open_ports:
        description: The ports that should be open, V(1) to V(65535), and no others.
        type: list
        elements: int
        required: true
      scan:
        description: The ports to try, such as C(["22", "1-1024"]).
        type: list
        elements: str
        required: true
  addresses:
    description: The addresses of named destinations. An empty one counts as not known.
    type: dict
    default: {}
  topology:
    description:
      - The topology, as M(openstack_topology) takes it. When given, every flow is predicted from it.
    type: dict
    default: {}
  deployed:
    description:
      - What only the cloud knows of the topology's servers, by name, as M(openstack_topology) returns it in
        C(servers).
    type: dict
    default: {}
  routes:
    description:
      - Routes inside the topology's servers, by name, each a list of C(destination) and C(gateway).
    type: dict
    default: {}
  hosts:
    description: The names that may be sources.
    type: list
    elements: str
    required: true
  shells:
    description: The sources that have a shell and no Python.
    type: list
    elements: str
    default: []
  shell_timeout:
    description: Seconds one attempt from a shell may take, more than 0.
    type: float
    default: 15
attributes:
  check_mode:
    description: Changes nothing, so it does the same in check mode.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Check the declared flows
  connectivity_plan:
    flows:
      - {from: outside, to: frontend, protocol: http, port: 50000, path: /healthz, expected: reachable}
    addresses: {frontend: 192.168.37.20}
    hosts: "{{ groups['all'] }}"
"""

RETURN = r"""
sources:
  description: For each source its C(flows) and C(exposures), each with C(id) and C(address).
  returned: success
  type: dict
declared:
  description: >-
    All flows and exposures, each with C(id) and C(address), in their order. A flow that the topology speaks
    of has C(predicted) too, with C(verdict) and C(why).
  returned: success
  type: list
  elements: dict
scripts:
  description: For each source that has a shell and no Python, what the shell is to run.
  returned: success
  type: dict
missing:
  description: The destinations of which no address is known.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.connectivity.declare import DeclarationError, declare
from ansible.module_utils.connectivity.options import EXPOSURE, FLOW
from ansible.module_utils.connectivity.predict import with_predictions
from ansible.module_utils.connectivity.shell import script
from ansible.module_utils.connectivity.topology import parse_topology


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "flows": {"type": "list", "elements": "dict", "default": [], "options": FLOW},
            "exposures": {"type": "list", "elements": "dict", "default": [], "options": EXPOSURE},
            "addresses": {"type": "dict", "default": {}},
            "topology": {"type": "dict", "default": {}},
            "deployed": {"type": "dict", "default": {}},
            "routes": {"type": "dict", "default": {}},
            "hosts": {"type": "list", "elements": "str", "required": True},
            "shells": {"type": "list", "elements": "str", "default": []},
            "shell_timeout": {"type": "float", "default": 15},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        declaration = declare(params["flows"], params["exposures"], params["addresses"], params["hosts"])
        sources = declaration.by_source()
        scripts = {
            source: script(sources[source], params["shell_timeout"])
            for source in params["shells"]
            if source in sources and not declaration.missing
        }
    except DeclarationError as error:
        module.fail_json(msg=str(error))
    flows = declaration.flows
    if params["topology"]:
        topology = parse_topology(params["topology"], params["deployed"], params["routes"])
        flows = with_predictions(flows, topology)
    module.exit_json(
        changed=False,
        sources=sources,
        scripts=scripts,
        declared=[*flows, *declaration.exposures],
        missing=declaration.missing,
    )


if __name__ == "__main__":
    main()
