#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Keep the evidence for claims of the report."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: evidence
short_description: Keep the evidence for claims of the report
description:
  - Writes one JSON file for each claim, with what was run where, what was observed and what follows from it.
  - The claim's section and statement come from the project's list of claims.
  - A file that shows the same is left as it is. When the observations were made and how long they took does
    not count.
options:
  directory:
    description: Where the files are kept. Made when it does not exist.
    type: path
    required: true
  playbook:
    description: The playbook that made the observations.
    type: str
    required: true
  environment:
    description: >-
      Where the observations were made, such as the kind of cloud, the host's kernel and whether guests are
      accelerated. Only what stays the same from run to run.
    type: dict
    default: {}
  claims:
    description: >-
      The claims and what speaks for or against each. One that proves nothing leaves the others to be written.
    type: list
    elements: dict
    required: true
    suboptions:
      claim:
        description: The claim's identifier, V(C01) to V(C34).
        type: str
        required: true
      verdict:
        description: >-
          What the observations say about the claim. V(depends) is for claims that hold in some of the
          observed cases only, V(measured) for claims about quantities.
        type: str
        choices: [reproduced, contradicted, depends, measured]
        default: reproduced
      holds:
        description: >-
          Whether what the playbook declares was seen. If not, the verdict is V(contradicted), whatever
          O(claims[].verdict) says, the explanation says so, and RV(refuted) names the file.
        type: bool
        default: true
      explanation:
        description: Why the verdict holds, in a sentence or two.
        type: str
        required: true
      observations:
        description: What was run and seen. At least one.
        type: list
        elements: dict
        required: true
        suboptions:
          host:
            description: The machine on which it was run.
            type: str
            required: true
          command:
            description: What was run.
            type: str
            required: true
          rc:
            description: The exit status, or 0 when it worked.
            type: int
            required: true
          output:
            description: >-
              What it said. Without times and other figures that change from run to run. Escape sequences and
              carriage returns, which are for a terminal, are left out.
            type: str
            required: true
          started:
            description: When it began, in ISO 8601.
            type: str
          seconds:
            description: How long it took.
            type: float
attributes:
  check_mode:
    description: Can run in check mode and predict changes.
    support: full
  diff_mode:
    description: Shows the file before and after.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Record the answer that the frontend gave
  evidence:
    directory: "{{ evidence_directory }}"
    playbook: playbooks/openstack_client_topology.yml
    environment: {cloud: embedded, acceleration: tcg}
    claims:
      - claim: C34
        holds: "{{ answer.stdout == 'result = 22' }}"
        explanation: The frontend reached all four services through the second router.
        observations:
          - host: outside
            command: curl -d '(5+6)*2' http://192.168.37.20:50000/
            rc: "{{ answer.rc }}"
            output: "{{ answer.stdout }}"
  delegate_to: localhost
"""

RETURN = r"""
refuted:
  description: The files of the claims that do not hold, by claim.
  returned: success
  type: dict
  sample: {C34: .lab/embedded/evidence/openstack_client_topology/C34.json}
"""

import os
import tempfile
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.evidence.record import VERDICTS, EvidenceError, Record, build, dump, shows_the_same


def read(path: Path) -> str | None:
    """The file's text, or None when there is none that could be read as text."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def write(module: AnsibleModule, path: Path, text: str) -> None:
    """Replace the file in one step, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    Path(temporary).chmod(0o644)
    module.atomic_move(temporary, str(path))


def keep(module: AnsibleModule, path: Path, record: Record) -> dict[str, str] | None:
    """Bring the file up to date; the difference, or None where it shows the same already."""
    before, after = read(path), dump(record)
    if shows_the_same(before, record):
        return None
    if not module.check_mode:
        write(module, path, after)
    return {
        "before_header": str(path),
        "after_header": str(path),
        "before": before or "",
        "after": after,
    }


def main() -> None:
    observation = {
        "host": {"type": "str", "required": True},
        "command": {"type": "str", "required": True},
        "rc": {"type": "int", "required": True},
        "output": {"type": "str", "required": True},
        "started": {"type": "str"},
        "seconds": {"type": "float"},
    }
    statement = {
        "claim": {"type": "str", "required": True},
        "verdict": {"type": "str", "choices": list(VERDICTS), "default": "reproduced"},
        "holds": {"type": "bool", "default": True},
        "explanation": {"type": "str", "required": True},
        "observations": {"type": "list", "elements": "dict", "required": True, "options": observation},
    }
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "playbook": {"type": "str", "required": True},
            "environment": {"type": "dict", "default": {}},
            "claims": {"type": "list", "elements": "dict", "required": True, "options": statement},
        },
        supports_check_mode=True,
    )
    params = module.params
    directory = Path(params["directory"])
    common = {
        "playbook": params["playbook"],
        "environment": params["environment"],
        "recorded": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    diffs: list[dict[str, str]] = []
    refuted: dict[str, str] = {}
    reasons: list[str] = []
    for claim in params["claims"]:
        path = directory / f"{claim['claim']}.json"
        try:
            diff = keep(module, path, build(**claim, **common))
        except (EvidenceError, OSError) as error:
            reasons.append(str(error))
            continue
        diffs += [diff] if diff else []
        refuted |= {} if claim["holds"] else {claim["claim"]: str(path)}
    result = {"changed": bool(diffs), "refuted": refuted, "diff": diffs}
    if reasons:
        module.fail_json(msg=" ".join(reasons), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
