#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Read from a server's console what its observer has seen."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: connectivity_console
short_description: Read from an OpenStack server's console what became of its flows
description:
  - For a server that nobody can log in to. An observer on it, which the entry point C(user_data) of the role
    C(connectivity) installs, tries the server's flows again and again and writes each round on the server's
    console. The console is read through the cloud's API.
  - Only rounds that began after the call count, which takes one to two of the observer's intervals. No clock
    is compared for that, the rounds are numbered.
  - A flow that should be lost or blocked is waited for until it agrees twice in succession, any other flow
    until it agrees, both for at most O(timeout).
  - The observations have the form of those of M(connectivity_probe).
options:
  cloud:
    description: Entry of clouds.yaml with the credentials.
    type: str
    required: true
  server:
    description: The server.
    type: dict
    required: true
    suboptions:
      id:
        description: Its id.
        type: str
        required: true
      name:
        description: Its name, for messages.
        type: str
        required: true
  flows:
    description:
      - The flows that begin on the server, as RV(connectivity_plan#module:sources) has them. The observer's
        are found by what they try (protocol, address, port and path).
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: A mark that the observation carries too.
        type: str
        required: true
      name:
        description: What the flow is, for people.
        type: str
      from:
        description: The name of the server.
        type: str
        required: true
      to:
        description: The name of the destination.
        type: str
        required: true
      address:
        description: The address that the observer tries.
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
        description: The expected next hop. The observer must have been told to look it up.
        type: str
  since:
    description:
      - The RV(newest) of an earlier call. Rounds that began after it count, even if they were written before
        this call. By default those that begin after this call.
    type: dict
    suboptions:
      run:
        description: The observer's process.
        type: str
        required: true
      sequence:
        description: The number of the round.
        type: int
        required: true
  timeout:
    description: How long expected verdicts are waited for once the observer is heard, in seconds.
    type: float
    default: 120
  boot_timeout:
    description: How long the observer may be silent, the server's first boot included, in seconds.
    type: float
    default: 600
requirements:
  - openstacksdk
attributes:
  check_mode:
    description: Only reads, so it does the same in check mode.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Read what the service sees of the internet
  connectivity_console:
    cloud: campus
    server:
      id: 0f0f3e0a-8a4f-4a6e-9f0f-1d3b6f8a2c11
      name: sum
    flows:
      - id: flow 1
        from: sum
        to: the internet
        address: 203.0.113.80
        port: 80
        expected: blocked
"""

RETURN = r"""
observations:
  description: One entry for each flow, as RV(connectivity_probe#module:observations).
  returned: success
  type: list
  elements: dict
addresses:
  description: The server's IPv4 addresses at the newest round, as the server itself knows them.
  returned: success
  type: list
  elements: dict
  contains:
    interface:
      description: The name of the interface.
      type: str
    address:
      description: The address with its prefix.
      type: str
      sample: 10.0.2.14/24
    dynamic:
      description: Whether it is only lent, by DHCP for instance.
      type: bool
    lease:
      description: The seconds for which it is still lent, if it is.
      type: int
gateway:
  description: The gateway of the server's default route at the newest round, or empty.
  returned: success
  type: str
newest:
  description: The newest round, for O(since).
  returned: success
  type: dict
  sample: {run: 5d1c2a90, sequence: 7}
time:
  description: When the newest round began, in UTC by the server's clock.
  returned: success
  type: str
  sample: "2025-11-22T10:15:00Z"
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.connectivity.console import Record, records
from ansible.module_utils.connectivity.options import FLOW, PLANNED
from ansible.module_utils.connectivity.waiting import Mark, Patience, View, WaitError, wait

try:
    from ansible.module_utils.openstack_topology.cloud import CloudError, connect, console_text
except ImportError as error:
    MISSING: str | None = str(error)
else:
    MISSING = None

POLL = 2.0
"""Seconds between two looks: a console's whole text is fetched each time."""

REMEDY = (
    "look at `openstack console log show {id}`, and check that the server was made with the user data of the "
    "role connectivity (connectivity_observer_flows with these flows)"
)


def read(params: dict[str, Any]) -> tuple[View, Record]:
    """Return what the console shows and its newest record; raises `CloudError` or `WaitError`."""
    flows = [{key: value for key, value in flow.items() if value is not None} for flow in params["flows"]]
    name, server_id, since = params["server"]["name"], params["server"]["id"], params["since"]
    compute = connect(params["cloud"]).compute
    seen: tuple[View, Record] = wait(
        lambda: records(console_text(compute, name, server_id)),
        flows,
        Mark(since["run"], since["sequence"]) if since else None,
        Patience(boot=params["boot_timeout"], verdicts=params["timeout"], poll=POLL),
    )
    return seen


def main() -> None:
    """Run the module."""
    name = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "cloud": {"type": "str", "required": True},
            "server": {"type": "dict", "required": True, "options": {"id": name, "name": name}},
            "flows": {"type": "list", "elements": "dict", "required": True, "options": FLOW | PLANNED},
            "since": {
                "type": "dict",
                "options": {"run": name, "sequence": {"type": "int", "required": True}},
            },
            "timeout": {"type": "float", "default": 120},
            "boot_timeout": {"type": "float", "default": 600},
        },
        supports_check_mode=True,
    )
    if MISSING is not None:
        module.fail_json(msg=missing_required_lib("openstacksdk"), exception=MISSING)
    server = module.params["server"]
    try:
        seen, record = read(module.params)
    except CloudError as error:
        module.fail_json(msg=str(error))
    except WaitError as error:
        module.fail_json(msg=f"server {server['name']}: {error}; {REMEDY.format(id=server['id'])}")
    module.exit_json(
        changed=False,
        observations=seen.observations,
        addresses=record.addresses,
        gateway=record.gateway,
        newest={"run": record.run, "sequence": record.sequence},
        time=record.time,
    )


if __name__ == "__main__":
    main()
