#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Make and delete a disk of VirtualBox."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: virtualbox_medium
short_description: Make and delete a disk of VirtualBox
description:
  - Makes a disk of a raw image, of another disk, or an empty one. A disk that is there is left as it is,
    whatever is in it.
  - A disk is known as made here by VirtualBox's global extra data, under its identifier. Only such a disk is
    ever deleted, and only when no machine has it. In check mode a machine may have it, since that may be yet
    to be removed.
  - A copy of a disk has the identifier of the original, and VirtualBox takes only one of them. O(clone_of)
    gives the duplicate another one, as C(VBoxManage clonemedium) does.
options:
  path:
    description: The disk's file. It begins with a slash and ends as the format does.
    type: path
    required: true
  state:
    description: >-
      V(present) makes it, V(absent) deletes it if it was made here, and what an interrupted run has left of
      it. Any other stays, and a warning names it.
    type: str
    choices: [present, absent]
    default: present
  raw:
    description: The raw image to make it of.
    type: path
    default: ""
  clone_of:
    description: >-
      The disk to make it of. No running machine may have that, and no snapshot: it would be as it was then.
    type: path
    default: ""
  size:
    description: Make it empty, with this many MiB.
    type: int
    default: 0
  format:
    description: How the file is written.
    type: str
    choices: [VDI, VMDK, VHD]
    default: VDI
  program:
    description: >-
      VBoxManage itself, not the script of that name in the path, which mixes warnings into the output.
    type: path
    default: /usr/lib/virtualbox/VBoxManage
attributes:
  check_mode:
    description: Can run in check mode and predict changes.
    support: full
  diff_mode:
    description: Names the disk that is made or deleted.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Make the machine's disk
  virtualbox_medium:
    path: /srv/machines/tutorial-vm.vdi
    raw: /srv/images/tutorial.raw

- name: Duplicate it
  virtualbox_medium:
    path: /srv/machines/copy.vdi
    clone_of: /srv/machines/tutorial-vm.vdi

- name: Delete the duplicate
  virtualbox_medium:
    path: /srv/machines/copy.vdi
    state: absent
"""

RETURN = r"""
uuid:
  description: The disk's identifier; empty if there is no disk, as in check mode before it is made.
  returned: success
  type: str
"""

from dataclasses import replace
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.virtualbox.disk import FORMATS, WantedDisk, mistakes, part_of, plan
from ansible.module_utils.virtualbox.model import normal
from ansible.module_utils.virtualbox.module import PROGRAM, refuse, virtualbox


def missing(want: WantedDisk) -> str:
    """Return a sentence if there is nothing to make the disk of."""
    for option, path in (("raw", want.raw), ("clone_of", want.clone_of)):
        if path and not Path(path).exists():
            return f"{option}: there is no {path}; make it first, or name another file"
    if not Path(want.path).parent.is_dir():
        return f"path: there is no directory {Path(want.path).parent}; make it first"
    return ""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "raw": {"type": "path", "default": ""},
            "clone_of": {"type": "path", "default": ""},
            "size": {"type": "int", "default": 0},
            "format": {"type": "str", "choices": list(FORMATS), "default": "VDI"},
            "program": PROGRAM,
        },
        supports_check_mode=True,
    )
    params = dict(module.params)
    del params["program"]
    for option in ("path", "raw", "clone_of"):
        params[option] = normal(params[option])
    want = WantedDisk(**params)
    refuse(module, mistakes(want))
    with virtualbox(module) as manager:
        there = manager.disk(want.path)
        # In a trial run the machine that has it may be yet to be removed.
        seen = replace(there, users=()) if there and module.check_mode else there
        source = manager.disk(want.clone_of) if want.clone_of else None
        part = part_of(want.path)
        todo = plan(want, seen, source, lost=manager.lost(want.path), has_part=Path(part).exists())
        # In a trial run its source may be yet to be made.
        problem = todo.problem or (missing(want) if todo.make and not module.check_mode else "")
        refuse(module, [problem] if problem else [])
        if todo.kept:
            module.warn(todo.kept)
        if todo.make and not module.check_mode:
            manager.make(want)
            there = manager.disk(want.path)
        if todo.drop and not module.check_mode:
            manager.drop(want.path)
        if todo.delete and there is not None and not module.check_mode:
            manager.delete(want.path, there)
            there = None
    lines = (
        (todo.drop, f"- file {part}\n"),
        (todo.make, f"+ disk {want.path}\n"),
        (todo.delete, f"- disk {want.path}\n"),
    )
    text = "".join(line for is_done, line in lines if is_done)
    module.exit_json(changed=todo.changes, uuid=there.uuid if there else "", diff={"prepared": text})


if __name__ == "__main__":
    main()
