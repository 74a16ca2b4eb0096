#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Observe flows from the machine the module runs on."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: connectivity_probe
short_description: Observe flows from the machine the module runs on
description:
  - Tries every flow from here, all at once, and says what became of it. Changes nothing, so it runs in check
    mode too.
  - A flow that should be lost or blocked is tried twice, each time for the whole O(probe_timeout). Every
    other flow is tried until its expected verdict shows or O(timeout) is over.
  - The verdict is V(reachable) for a connection, a reply, an answering datagram or an HTTP status line,
    V(refused) for a TCP reset or an ICMP port unreachable, V(unreachable) for any other ICMP error, a missing
    route or an unknown name, V(lost) for silence.
  - Nothing but Python's standard library is needed. C(icmp) needs the ping command, O(flows[].via) the ip
    command.
options:
  flows:
    description: The flows that begin here.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: A mark that the observation carries too.
        type: str
        required: true
      name:
        description: What the flow is, for people.
        type: str
      from:
        description: The name of the machine the module runs on.
        type: str
        required: true
      to:
        description: The name of the destination.
        type: str
        required: true
      address:
        description: The address, or a name that resolves here.
        type: str
        required: true
      protocol:
        description: What is tried.
        type: str
        choices: [tcp, udp, icmp, http]
        default: tcp
      port:
        description: The port, for all but C(icmp).
        type: int
      path:
        description: The path that C(http) asks for.
        type: str
        default: /
      expected:
        description: The expected verdict. V(blocked) is anything but reachable.
        type: str
        choices: [reachable, refused, lost, unreachable, blocked]
        required: true
      via:
        description: The expected next hop. When given, the one that the kernel would use is looked up.
        type: str
  exposures:
    description: Addresses whose open TCP ports are looked for.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: A mark that the observation carries too.
        type: str
        required: true
      name:
        description: What the exposure is, for people.
        type: str
      from:
        description: The name of the machine the module runs on.
        type: str
        required: true
      to:
        description: The name of the destination.
        type: str
        required: true
      address:
        description: The address, or a name that resolves here.
        type: str
        required: true
      open_ports:
        description: The ports that should be open. They are waited for, up to O(timeout).
        type: list
        elements: int
        required: true
      scan:
        description: The ports to try, such as C(["22", "1-1024"]).
        type: list
        elements: str
        required: true
  timeout:
    description: How long an expected verdict is waited for, in seconds.
    type: float
    default: 120
  probe_timeout:
    description: How long one attempt may take, in seconds, more than 0.
    type: float
    default: 4
attributes:
  check_mode:
    description: Changes nothing, so it does the same in check mode.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Observe the service from the frontend
  connectivity_probe:
    flows:
      - id: flow 1
        from: frontend
        to: sum
        address: 10.0.2.14
        port: 50001
        expected: reachable
        via: 192.168.56.253
"""

RETURN = r"""
observations:
  description: One entry for each flow and each exposure.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The mark of the flow or exposure.
      type: str
    from:
      description: The source, as given.
      type: str
    to:
      description: The destination, as given.
      type: str
    address:
      description: The address that was tried.
      type: str
    protocol:
      description: What was tried.
      type: str
    port:
      description: The port that was tried, of flows that have one.
      type: int
    command:
      description: What was done, in a form for people.
      type: str
    verdict:
      description: What became of the flow, or of an exposure whose address is not known.
      type: str
      sample: reachable
    detail:
      description: How the verdict showed.
      type: str
      sample: connected
    via:
      description: The kernel's next hop, C(direct) or C(none), of flows that declare one.
      type: str
    open:
      description: The open ports, of an exposure.
      type: list
      elements: int
    scanned:
      description: How many ports were tried, of an exposure.
      type: int
    attempts:
      description: How often the flow was tried.
      type: int
    started:
      description: When the first attempt began, in UTC.
      type: str
      sample: "2025-11-22T10:15:00Z"
    seconds:
      description: How long all attempts took.
      type: float
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.connectivity.observe import observe_all
from ansible.module_utils.connectivity.options import EXPOSURE, FLOW, PLANNED
from ansible.module_utils.connectivity.probe import ProbeError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "flows": {"type": "list", "elements": "dict", "default": [], "options": FLOW | PLANNED},
            "exposures": {"type": "list", "elements": "dict", "default": [], "options": EXPOSURE | PLANNED},
            "timeout": {"type": "float", "default": 120},
            "probe_timeout": {"type": "float", "default": 4},
        },
        supports_check_mode=True,
    )
    params = module.params
    # Sockets that wait for nothing see nobody.
    if not params["probe_timeout"] > 0:
        module.fail_json(msg=f"probe_timeout is {params['probe_timeout']:g}; choose a number greater than 0")
    try:
        observations = observe_all(
            params["flows"], params["exposures"], timeout=params["probe_timeout"], patience=params["timeout"]
        )
    except (ProbeError, OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, observations=observations)


if __name__ == "__main__":
    main()
