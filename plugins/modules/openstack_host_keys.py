#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Read servers' SSH host keys from their consoles."""

from __future__ import annotations

DOCUMENTATION = """
---
module: openstack_host_keys
short_description: Read the SSH host keys of OpenStack servers from their consoles
description:
  - cloud-init prints a server's host keys on its console at the end of the first boot, between C(BEGIN SSH
    HOST KEY KEYS) and C(END SSH HOST KEY KEYS). The console is read through the cloud's authenticated API,
    so the keys can be trusted before the first connection.
  - All servers are looked at in turn until each has printed its keys. After several boots the last ones
    count.
  - Needs cloud-init's module C(keys_to_console) in the image, where it is on by default. It prints a key of
    every type not excluded by C(ssh_key_console_blacklist).
options:
  cloud:
    description: Entry of clouds.yaml with the credentials.
    type: str
    required: true
  servers:
    description: Ids of the servers, by name.
    type: dict
    required: true
  timeout:
    description: Seconds to wait for the keys.
    type: int
    default: 600
requirements:
  - openstacksdk
attributes:
  check_mode:
    description: Only reads, so it does the same.
    support: full
author:
  - Cloud Lab maintainers
"""

EXAMPLES = """
- name: Read the host keys of a server
  openstack_host_keys:
    cloud: campus
    servers:
      frontend: 0f0f3e0a-8a4f-4a6e-9f0f-1d3b6f8a2c11
  register: console
"""

RETURN = """
host_keys:
  description: The keys of each server, by its name, each as type and base64.
  returned: success
  type: dict
  sample:
    frontend:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPuAvMvPJ7rD/kV92Zw22SvxBHOpO69yhxh3RbCD2xp5
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.openstack_topology.host_keys import host_keys

try:
    from ansible.module_utils.openstack_topology.cloud import CloudError, connect, console_text
except ImportError as error:
    MISSING: str | None = str(error)
else:
    MISSING = None

POLL = 2.0
"""Seconds between two looks: a console's whole text is fetched each time."""


def read(cloud: str, servers: dict[str, str], timeout: float) -> dict[str, list[str]]:
    """Return each server's keys; raises `CloudError` when the time is over."""
    if not servers:
        return {}
    connection = connect(cloud)
    compute = connection.compute
    deadline = time.monotonic() + timeout
    keys: dict[str, list[str]] = {}
    with ThreadPoolExecutor(4) as pool:
        while True:
            waiting = [name for name in servers if name not in keys]
            texts = pool.map(lambda name: console_text(compute, name, servers[name]), waiting)
            keys |= {
                name: found for name, text in zip(waiting, texts, strict=True) if (found := host_keys(text))
            }
            silent = [name for name in servers if name not in keys]
            if not silent:
                return {name: keys[name] for name in servers}
            if time.monotonic() > deadline:
                raise CloudError(
                    f"servers: {', '.join(silent)} printed no SSH host keys on the console within "
                    f"{timeout:g} s; look at `openstack console log show`. Where more was printed since than "
                    f"a console keeps, `openstack server reboot` helps, if the image prints them at every "
                    f"boot. Otherwise check that the image runs cloud-init with keys_to_console"
                )
            time.sleep(POLL)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "cloud": {"type": "str", "required": True},
            "servers": {"type": "dict", "required": True},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    if MISSING is not None:
        module.fail_json(msg=missing_required_lib("openstacksdk"), exception=MISSING)
    params: dict[str, Any] = module.params
    try:
        found = read(params["cloud"], params["servers"], params["timeout"])
    except CloudError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, host_keys=found)


if __name__ == "__main__":
    main()
