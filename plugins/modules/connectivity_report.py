#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Hold observed flows against declared ones."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: connectivity_report
short_description: Hold observed flows against declared ones
description:
  - Compares the observations of M(connectivity_probe) with what M(connectivity_plan) returned and makes a
    table of it. Touches no machine.
  - What was not observed, for instance because its source did not answer, differs.
options:
  declared:
    description: The flows and exposures, as RV(connectivity_plan#module:declared) returns them.
    type: list
    elements: dict
    required: true
  observations:
    description: The observations of all sources, as M(connectivity_probe) returns them.
    type: list
    elements: dict
    required: true
  transcripts:
    description: What the shells of sources without Python have printed, by the source.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Changes nothing, so it does the same in check mode.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Hold what was observed against what is declared
  connectivity_report:
    declared: "{{ __plan.declared }}"
    observations: "{{ __probe.observations }}"
"""

RETURN = r"""
table:
  description: One line for each flow and exposure, aligned, under a heading.
  returned: success
  type: str
differences:
  description: A sentence for each flow and exposure that is not as declared.
  returned: success
  type: list
  elements: str
observations:
  description: >-
    The declared flows and exposures in their order, each with its observation, C(service), such as C(tcp/22),
    and C(agreed). C(via) is the observed next hop.
  returned: success
  type: list
  elements: dict
evidence:
  description: The observations in the form that M(evidence) takes.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.connectivity.compare import compare, evidence, judged, table
from ansible.module_utils.connectivity.shell import observed


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "declared": {"type": "list", "elements": "dict", "required": True},
            "observations": {"type": "list", "elements": "dict", "required": True},
            "transcripts": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    declared = module.params["declared"]
    observations = module.params["observations"] + [
        observation
        for source, transcript in module.params["transcripts"].items()
        for observation in observed([flow for flow in declared if flow["from"] == source], transcript)
    ]
    rows = compare(declared, observations)
    module.exit_json(
        changed=False,
        table=table(rows),
        differences=[row.sentence for row in rows if not row.agreed],
        observations=judged(declared, observations, rows),
        evidence=evidence(observations),
    )


if __name__ == "__main__":
    main()
