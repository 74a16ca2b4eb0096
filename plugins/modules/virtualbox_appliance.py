#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Put a virtual machine of VirtualBox into a file, and make one of such a file."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: virtualbox_appliance
short_description: Put a virtual machine of VirtualBox into a file, and make one of such a file
description:
  - The file holds the machine's settings and its disks, in the format OVA, which other programs read too.
    Snapshots and memory are not in it.
  - What a file holds is kept in VirtualBox's global extra data, with the file's size and the time of its last
    change. A file made of the machine as it is now is left alone, one made of the machine as it was before is
    replaced, and any other is refused. A machine is as it was if it has not run since, its settings are the
    same and nobody has written on its disks.
  - A machine that is imported gets disks of its own, other hardware addresses, and the mark by which the
    module M(virtualbox_vm) knows its machines. Everything else it has in common with the one that was
    exported, port forwards and the console's file among it. So state those anew, with M(virtualbox_vm),
    before both run.
options:
  path:
    description: The file. It begins with a slash and ends in C(.ova).
    type: path
    required: true
  machine:
    description: The name of the machine that is exported, or that is made. V(absent) needs none.
    type: str
    default: ""
  state:
    description:
      - V(exported) makes the file. The machine must be off or saved; of a saved one the disks are as a power
        cut would leave them, so have the guest write first what it has to (C(sync)).
      - V(imported) makes the machine in O(folder); it is off then. One that was imported from this file
        before is left alone, and any other machine of that name is refused. Until it is whole, the machine is
        called C(<machine>.cloud-lab-import). One that an interrupted import has left is gone on with, or
        removed with the disks in its directory and made anew.
      - V(absent) deletes the file if it was made here, and what an interrupted export has left of it. Any
        other stays, and a warning names it.
    type: str
    choices: [exported, imported, absent]
    default: exported
  folder:
    description: >-
      With O(state=imported), the directory in which the machine gets a directory of its own. Its disk is
      beside that, as C(<machine>.vdi), a second one as C(<machine>-2.vdi).
    type: path
    default: ""
  force:
    description: With O(state=exported), the consent to replace a file that was not made of this machine.
    type: bool
    default: false
  program:
    description: >-
      VBoxManage itself, not the script of that name in the path, which mixes warnings into the output.
    type: path
    default: /usr/lib/virtualbox/VBoxManage
attributes:
  check_mode:
    description: Returns the plan without changing anything.
    support: full
  diff_mode:
    description: Shows the plan.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Put the machine into a file
  virtualbox_appliance:
    path: /srv/machines/tutorial-vm.ova
    machine: tutorial-vm

- name: Make another machine of it
  virtualbox_appliance:
    path: /srv/machines/tutorial-vm.ova
    machine: tutorial-vm-of-march
    state: imported
    folder: /srv/machines

- name: Delete the file
  virtualbox_appliance:
    path: /srv/machines/tutorial-vm.ova
    state: absent
"""

RETURN = r"""
disks:
  description: The files of the machine's disks; none in check mode before it is made.
  returned: success
  type: list
  elements: str
plan:
  description: What was done, or in check mode would be, one line each.
  returned: success
  type: list
  elements: str
  sample: ['+ file /srv/machines/tutorial-vm.ova (of machine tutorial-vm)']
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.virtualbox.appliance import (
    There,
    WantedAppliance,
    disk_path,
    disk_paths,
    imports,
    make_plan,
    mistakes,
)
from ansible.module_utils.virtualbox.manage import has_files, systems_in
from ansible.module_utils.virtualbox.model import half_of, normal
from ansible.module_utils.virtualbox.module import PROGRAM, refuse, virtualbox
from ansible.module_utils.virtualbox.plan import Plan


def missing(want: WantedAppliance, there: There, plan: Plan) -> list[str]:
    """Return a sentence for each file and directory that is needed and not there."""
    found = []
    if want.state == "exported" and not Path(want.path).parent.is_dir():
        found.append(f"path: there is no directory {Path(want.path).parent}; make it first")
    if imports(plan) and there.file is None:
        found.append(f"path: there is no {want.path}; name another file, or export a machine first")
    return found


def obstacles(want: WantedAppliance, there: There) -> list[str]:
    """Return a sentence for each thing that forbids to make a machine of the file."""
    found = []
    if (number := systems_in(want.path)) > 1:
        found.append(
            f"path: {want.path} holds {number} machines, and VirtualBox would make them all; name a file of "
            "one"
        )
    if Path(disk_path(want, 1)).exists():
        found.append(
            f"folder: there is a file {disk_path(want, 1)} already; name another directory, or remove it"
        )
    # VirtualBox gives a directory no name that another has, even an empty one.
    own = Path(want.folder, want.machine)
    if own.exists():
        found.append(f"folder: there is {own} already; name another directory, or remove it")
    # Those of a machine that is there go with it.
    if there.half is None and has_files(half := Path(want.folder, half_of(want.machine))):
        found.append(
            f"folder: there are files in {half} already, where an import that was interrupted may still "
            "write; wait a minute, and if they stay, name another directory or remove them"
        )
    return found


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "machine": {"type": "str", "default": ""},
            "state": {"type": "str", "choices": ["exported", "imported", "absent"], "default": "exported"},
            "folder": {"type": "path", "default": ""},
            "force": {"type": "bool", "default": False},
            "program": PROGRAM,
        },
        supports_check_mode=True,
    )
    params = dict(module.params)
    del params["program"]
    for option in ("path", "folder"):
        params[option] = normal(params[option])
    want = WantedAppliance(**params)
    refuse(module, mistakes(want))
    with virtualbox(module) as manager:
        there = manager.appliance(want)
        plan = make_plan(want, there)
        problems = [*plan.problems]
        # In a trial run the file may be yet to be made.
        if plan.steps and not module.check_mode:
            problems += missing(want, there, plan)
        if imports(plan):
            problems += obstacles(want, there)
        refuse(module, problems)
        if plan.kept:
            module.warn(plan.kept)
        if plan.steps and not module.check_mode:
            if want.state == "exported":
                manager.export(want, there, plan.steps)
            elif want.state == "imported":
                manager.import_(want, plan.steps)
            else:
                manager.remove(want, there, plan.steps)
            there = manager.appliance(want)
    module.exit_json(
        changed=bool(plan.steps),
        disks=disk_paths(there.machine) if there.machine else [],
        plan=plan.lines,
        diff={"prepared": plan.text},
    )


if __name__ == "__main__":
    main()
