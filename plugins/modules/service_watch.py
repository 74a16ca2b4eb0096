#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Watch a service from outside while something happens to it."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: service_watch
short_description: Watch a service from outside while something happens to it
description:
  - Tries a service again and again, each time over a new connection, and tells how often it failed and for
    how long it was out. Changes nothing.
  - Meant to be run with C(async) and C(poll=0) beside what it measures; M(ansible.builtin.async_status)
    collects the figures.
  - It ends when O(stop_file) appears, or after O(limit) seconds.
options:
  address:
    description: Address to connect to by TCP. Either this with O(port), or O(url).
    type: str
  port:
    description: TCP port, V(1) to V(65535).
    type: int
  url:
    description: URL to ask, by plain HTTP and in ASCII.
    type: str
  body:
    description: Body of the request, which is a POST then, in UTF-8.
    type: str
  expect:
    description: Regular expression that a right answer's body matches; its status is 200.
    type: str
    default: ''
  interval:
    description: Seconds between the beginnings of two attempts, more than 0.
    type: float
    default: 0.2
  timeout:
    description: Seconds an attempt may take, more than 0.
    type: float
    default: 2
  limit:
    description: Seconds after which the watch ends in any case, more than 0.
    type: float
    default: 600
  stop_file:
    description: File on the watching host whose appearance ends the watch. It is removed then, and so is one
      that an earlier watch has left, at the start.
    type: path
attributes:
  check_mode:
    description: Changes nothing, so it does the same in check mode.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Watch a server from outside while it reboots
  service_watch:
    address: 192.168.37.20
    port: 22
    stop_file: /tmp/rebooted
  async: 600
  poll: 0
  register: __watch
"""

RETURN = r"""
ended_by:
  description: What ended the watch, V(stop_file) or V(limit).
  returned: success
  type: str
tries:
  description: Number of attempts. Ansible itself uses C(attempts), for tasks with C(until).
  returned: success
  type: int
failures:
  description: How many of them failed.
  returned: success
  type: int
outages:
  description: >-
    Each row of failures, with C(after) and C(seconds), both in seconds, its number of C(failures) and the
    C(reasons).
  returned: success
  type: list
  elements: dict
longest_outage:
  description: Seconds of the longest of them, 0 if there was none.
  returned: success
  type: float
median_latency:
  description: Seconds that half of the successful attempts took at most.
  returned: success
  type: float
p99_latency:
  description: Seconds that all but one in a hundred took at most.
  returned: success
  type: float
"""

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.service_watch.attempt import connect_once, mistakes, request_once
from ansible.module_utils.service_watch.samples import Sample, summary


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str"},
            "port": {"type": "int"},
            "url": {"type": "str"},
            "body": {"type": "str"},
            "expect": {"type": "str", "default": ""},
            "interval": {"type": "float", "default": 0.2},
            "timeout": {"type": "float", "default": 2},
            "limit": {"type": "float", "default": 600},
            "stop_file": {"type": "path"},
        },
        required_one_of=[("address", "url")],
        mutually_exclusive=[("address", "url")],
        required_together=[("address", "port")],
        supports_check_mode=True,
    )
    params = module.params
    seconds = {name: params[name] for name in ("interval", "timeout", "limit")}
    if problems := mistakes(params["port"], params["url"], params["expect"], seconds):
        module.fail_json(msg="\n".join(problems))
    stop_file = Path(params["stop_file"]) if params["stop_file"] else None
    if stop_file:
        stop_file.unlink(missing_ok=True)
    samples: list[Sample] = []
    ended_by = "limit"
    end = time.monotonic() + params["limit"]
    while time.monotonic() < end:
        if params["url"]:
            sample = request_once(params["url"], params["body"], params["expect"], params["timeout"])
        else:
            sample = connect_once(params["address"], params["port"], params["timeout"])
        samples.append(sample)
        if stop_file and stop_file.exists():
            stop_file.unlink(missing_ok=True)
            ended_by = "stop_file"
            break
        time.sleep(max(0.0, sample.began + params["interval"] - time.monotonic()))
    module.exit_json(changed=False, ended_by=ended_by, **summary(samples))


if __name__ == "__main__":
    main()
