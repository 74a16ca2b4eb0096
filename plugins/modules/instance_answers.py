#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Ask running instances of a service one question, all at the same time."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_answers
short_description: Ask running instances of a service one question, all at the same time
description:
  - Sends every instance the same question and waits for the answers. One that gives none is no failure.
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
      url:
        description: Where it answers, as C(http://10.0.2.15:50001/).
        type: str
        required: true
      seconds:
        description: How long its answer is waited for.
        type: float
        default: 30
  question:
    description: What is sent, as the body of a request C(POST).
    type: str
    required: true
attributes:
  check_mode:
    description: Changes nothing in any mode, and does the same.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Ask two that add
  instance_answers:
    question: 5 6
    instances:
      - {name: process, url: "http://127.0.0.1:50101/"}
      - {name: vm, url: "http://127.0.0.1:50111/", seconds: 1}
"""

RETURN = r"""
answers:
  description: What each has answered, by its name, and an empty string where nothing came.
  returned: success
  type: dict
  sample: {process: "11", vm: ""}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.comparison.trial import ask_all


def main() -> None:
    """Run the module."""
    instance = {
        "name": {"type": "str", "required": True},
        "url": {"type": "str", "required": True},
        "seconds": {"type": "float", "default": 30},
    }
    module = AnsibleModule(
        argument_spec={
            "instances": {"type": "list", "elements": "dict", "required": True, "options": instance},
            "question": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    instances = {one["name"]: (one["url"], one["seconds"]) for one in module.params["instances"]}
    module.exit_json(changed=False, answers=ask_all(instances, module.params["question"]))


if __name__ == "__main__":
    main()
