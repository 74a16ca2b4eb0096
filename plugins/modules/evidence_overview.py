#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Show what has become of each claim of the report."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: evidence_overview
short_description: Show what has become of each claim of the report
description:
  - Reads the files that M(evidence) has written, in one lab or in those of many groups, and changes nothing.
  - Where several files speak of a claim, one that contradicts it counts, and otherwise the newest.
  - It tells what the files say. Whether they come from a run is not to be seen in them.
options:
  labs:
    description: >-
      Directories, each with the evidence of one lab somewhere in it; C(*), C(?) and C([]) stand for parts of
      names, as in a shell.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Can run in check mode and changes nothing.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Compare what thirty groups have handed in
  evidence_overview:
    labs: [submissions/*]
"""

RETURN = r"""
lines:
  description: A table to be shown, by claim for one lab and by lab for several.
  returned: success
  type: list
  elements: str
verdicts:
  description: >-
    The verdict for each claim by lab: V(reproduced), V(measured), V(depends), V(contradicted), V(unreadable)
    for a file that is no evidence of it, and V(untried).
  returned: success
  type: dict
  sample: {submissions/group7: {C34: reproduced}}
"""

import glob
import os
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.evidence.claims import CLAIMS
from ansible.module_utils.evidence.overview import Trial, decisive, many_labs, one_lab, read


def trials(lab: Path) -> list[Trial]:
    """Return what the files below a directory say."""
    files = sorted(path for path in lab.rglob("C[0-9][0-9].json") if path.stem in CLAIMS)
    return [read(path.stem, text(path)) for path in files]


def text(path: Path) -> str:
    """Return what a file holds; nothing where it cannot be read, which is no evidence either."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def main() -> None:
    module = AnsibleModule(
        argument_spec={"labs": {"type": "list", "elements": "str", "required": True}},
        supports_check_mode=True,
    )
    found: dict[str, dict[str, Trial]] = {}
    for pattern in module.params["labs"]:
        directories = [
            path for path in sorted(glob.glob(str(Path(pattern).expanduser()))) if Path(path).is_dir()
        ]
        if not directories:
            module.fail_json(
                msg=f"labs: there is no directory {pattern!r}; name one that holds the evidence of a lab."
            )
        found |= {directory: decisive(trials(Path(directory))) for directory in directories}
    verdicts = {
        lab: {claim: trial.verdict for claim, trial in decided.items()} for lab, decided in found.items()
    }
    if len(found) == 1:
        lines = one_lab(*found.values())
    else:
        common = os.path.commonpath(found)
        lines = many_labs({os.path.relpath(lab, common): decided for lab, decided in found.items()})
    module.exit_json(changed=False, lines=lines, verdicts=verdicts)


if __name__ == "__main__":
    main()
