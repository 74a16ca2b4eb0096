#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Measure what running instances of a service cost while nobody asks them."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_idle
short_description: Measure what running instances of a service cost while nobody asks them
description:
  - Leaves all instances alone for the same time, and looks at the processor time that each has used.
options:
  instances:
    description: The instances.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What it is called in the result.
        type: str
        required: true
      pid:
        description: Its first process.
        type: int
        required: true
      supervisors:
        description: >-
          Names of processes that are a part of it if they are the parent of its first process, such as
          V(containerd-shim).
        type: list
        elements: str
        default: []
  seconds:
    description: How long they are left alone, three times.
    type: float
    default: 4
attributes:
  check_mode:
    description: Changes nothing in any mode, and does the same.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Measure two that run
  instance_idle:
    instances:
      - {name: process, pid: 1234}
      - {name: docker, pid: 1240, supervisors: [containerd-shim]}
  become: true
"""

RETURN = r"""
figures:
  description: >-
    By the instance's name: the summary C(idle) in percent of a processor, with count, median, low, high and
    usual, and C(idle_step), the percentage that one tick of the kernel's clock makes. Without those that are
    gone.
  returned: success
  type: dict
gone:
  description: Why there are no figures of an instance, by its name.
  returned: success
  type: dict
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.comparison.samples import summary
from ansible.module_utils.comparison.trial import REPEATS, idle, tick

# Time for what is done once after a start or a question, before an instance is called idle.
SETTLE_SECONDS = 0.5


def main() -> None:
    """Run the module."""
    instance = {
        "name": {"type": "str", "required": True},
        "pid": {"type": "int", "required": True},
        "supervisors": {"type": "list", "elements": "str", "default": []},
    }
    module = AnsibleModule(
        argument_spec={
            "instances": {"type": "list", "elements": "dict", "required": True, "options": instance},
            "seconds": {"type": "float", "default": 4},
        },
        supports_check_mode=True,
    )
    seconds = module.params["seconds"]
    if seconds < 0.1:
        module.fail_json(msg=f"seconds is {seconds}, but at least 0.1 is needed")
    instances = {one["name"]: (one["pid"], one["supervisors"]) for one in module.params["instances"]}
    time.sleep(SETTLE_SECONDS)
    shares, gone = idle(instances, seconds, REPEATS)
    step = tick(seconds)
    figures = {
        name: {"idle": summary(samples).facts(), "idle_step": step} for name, samples in shares.items()
    }
    module.exit_json(changed=False, figures=figures, gone=gone)


if __name__ == "__main__":
    main()
