#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Judge the report's theory by what was measured."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: comparison_verdicts
short_description: Judge the report's theory by what was measured
description:
  - Gives a verdict on each of the claims C01 to C10 for which there are figures, and a sentence that says
    what they are and what they depend on. Computes only; changes nothing and needs nothing.
  - A claim is V(reproduced) if all that it says was seen, V(contradicted) if none of it was, and otherwise it
    V(depends). One start is shorter than another, and storage slower, only if no sample of the two overlaps;
    answers are compared by their medians, which have to differ by a fifth, memory by the one look at it, with
    5 % between, and idle load by medians that differ by more than a tick of the kernel's clock. What differs
    by less was neither seen nor contradicted. Further instances share what the first has if they take at most
    a tenth of its disk and four fifths of its memory.
  - A claim on containers depends where one kind of them was not measured, unless a panic took more with it
    than its machine.
options:
  measured:
    description: >-
      What was measured. C(seen) has for each kind the figures of M(instance_trial) and
      M(instance_idle), with C(kernel),
      C(python), C(init), C(services), C(crash_means), C(disk_first) and C(disk_further). C(machine) says
      what this machine is, C(products) has the results of the commands that ask OpenStack and VirtualBox
      for their hypervisors. C(accelerator), C(storage), C(storage_mib), C(storage_driver), C(layered),
      C(crash) and C(lamp) hold what the parts of the comparison have found.
    type: dict
    required: true
  gaps:
    description: The parts that could not be measured, each with the reason.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Computes the same.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Judge the claims
  comparison_verdicts:
    measured: "{{ measured }}"
    gaps: {lxc: there is no LXC on this machine}
"""

RETURN = r"""
claims:
  description: The judged claims, each with C(claim), C(verdict), C(explanation) and C(observations).
  returned: success
  type: list
  elements: dict
missing:
  description: The other claims, each with the reason.
  returned: success
  type: dict
table:
  description: The figures side by side, line by line.
  returned: success
  type: list
  elements: str
layers:
  description: What lies beneath this machine, line by line.
  returned: success
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.comparison.judge import judge, layers, missing, observations, table


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "measured": {"type": "dict", "required": True},
            "gaps": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    measured, gaps = module.params["measured"], module.params["gaps"]
    try:
        judged = judge(measured)
        module.exit_json(
            changed=False,
            claims=[
                {
                    "claim": claim,
                    "verdict": verdict.verdict,
                    "explanation": verdict.sentence,
                    "observations": observations(measured, claim),
                }
                for claim, verdict in judged.items()
            ],
            missing=missing(judged, gaps),
            table=table(measured),
            layers=layers(measured).text(),
        )
    except (KeyError, TypeError, ValueError) as error:
        module.fail_json(msg=f"measured cannot be judged: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
