#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Draw what a comparison has measured."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: comparison_charts
short_description: Draw what a comparison has measured
description:
  - Draws the start time, the memory, the latency and the density of each kind of instance, each as a PNG and
    as an SVG file, on logarithmic scales. A chart without figures is not drawn, and its former
    files are removed.
  - The same figures give the same files, which are then left as they are.
options:
  directory:
    description: Where the files are kept. Made when it does not exist.
    type: path
    required: true
  seen:
    description: What was measured of each kind, as for M(comparison_verdicts).
    type: dict
    required: true
  note:
    description: One line below each chart, such as what it was measured on.
    type: str
    default: ""
requirements:
  - matplotlib
attributes:
  check_mode:
    description: Draws, and writes nothing.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Draw the figures
  comparison_charts:
    directory: /srv/www/comparison
    seen: "{{ seen }}"
    note: Without KVM
"""

RETURN = r"""
files:
  description: The files that hold the charts.
  returned: success
  type: list
  elements: str
"""

import os
import tempfile
import traceback
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.comparison.judge import seen

try:
    from ansible.module_utils.comparison.plots import FORMATS, TITLES, draw, points
except ImportError:
    MISSING: str | None = traceback.format_exc()
else:
    MISSING = None


def write(module: AnsibleModule, path: Path, content: bytes) -> bool:
    """Make a file hold this, in one step; return whether it did not."""
    if path.exists() and path.read_bytes() == content:
        return False
    if not module.check_mode:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=module.tmpdir)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).chmod(0o644)
        module.atomic_move(temporary, str(path))
    return True


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "seen": {"type": "dict", "required": True},
            "note": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    if MISSING is not None:
        module.fail_json(msg=missing_required_lib("matplotlib"), exception=MISSING)
    params = module.params
    directory = Path(params["directory"])
    try:
        charts = points({kind: seen(facts) for kind, facts in params["seen"].items()})
        files = {
            directory / f"{name}.{kind}": content
            for name, (title, drawn) in charts.items()
            for kind, content in draw(title, drawn, params["note"]).items()
        }
        changed = [write(module, path, content) for path, content in files.items()]
        # Of an earlier run, beside the report of this one.
        for path in {directory / f"{name}.{kind}" for name in TITLES for kind in FORMATS} - set(files):
            changed.append(path.exists())
            if not module.check_mode:
                path.unlink(missing_ok=True)
    except OSError as error:
        module.fail_json(msg=f"directory: {directory} cannot be written: {error}")
    except (KeyError, TypeError, ValueError) as error:
        module.fail_json(msg=f"seen cannot be drawn: {type(error).__name__}: {error}")
    module.exit_json(changed=any(changed), files=[str(path) for path in files])


if __name__ == "__main__":
    main()
