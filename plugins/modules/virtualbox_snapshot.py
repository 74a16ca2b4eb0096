#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Take, restore and delete snapshots of a virtual machine of VirtualBox."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: virtualbox_snapshot
short_description: Take, restore and delete snapshots of a virtual machine of VirtualBox
description:
  - A snapshot is a point in time. If it is there already, nothing is taken, whatever has happened in the
    machine since. Take another name for another point in time.
  - Only machines that the module M(virtualbox_vm) has made are touched. Their snapshots count whoever has
    taken them.
  - A machine that is off leaves its disks and its settings in the snapshot. One that runs, is paused or saved
    leaves its memory there too, and a running one is held for as long as it takes to write that.
  - No disk is deleted. What is attached to a machine and was not when the snapshot was taken is detached.
  - Restoring brings back the hardware and the port forwards of that time as well. Where the machine runs
    afterwards, and the host has too little memory for that or cannot listen there, it is refused before
    anything is lost. The snapshot stays, and so do those taken later.
options:
  machine:
    description: The machine's name.
    type: str
    required: true
  name:
    description: >-
      The snapshot's name, or its identifier. VirtualBox lets several have one name; by that none of them is
      restored or deleted.
    type: str
    required: true
  state:
    description:
      - V(present) takes the snapshot unless it is there.
      - V(restored) brings the machine back to it. Afterwards it runs if it ran, or if the snapshot holds its
        memory, with which it goes on; otherwise it is off. Where it ran and a run is cut off in between, it
        stays off until it is started. A machine that is off and has not been touched since it was restored is
        left alone, one that runs is restored again.
      - V(absent) deletes the snapshot and keeps what the machine is now. VirtualBox merges it with what comes
        after, and refuses where that is more than one.
    type: str
    choices: [present, restored, absent]
    default: present
  force:
    description: >-
      With O(state=restored), the consent to power a running machine off, and to lose the state of a saved
      one.
    type: bool
    default: false
  timeout:
    description: Seconds that the machine has to stop and to start.
    type: float
    default: 120
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
- name: Keep the machine as it is, its memory included if it runs
  virtualbox_snapshot:
    machine: tutorial-vm
    name: before the exercise

- name: Undo the exercise, even while it runs
  virtualbox_snapshot:
    machine: tutorial-vm
    name: before the exercise
    state: restored
    force: true

- name: Delete the snapshot
  virtualbox_snapshot:
    machine: tutorial-vm
    name: before the exercise
    state: absent
"""

RETURN = r"""
machine:
  description: >-
    The machine as it is afterwards, or in check mode as it is now, with C(name), C(state) and C(snapshot),
    the name of the one that it goes on from, empty if there is none; null if there is no machine.
  returned: success
  type: dict
snapshots:
  description: >-
    Its snapshots, each after the one before it, with C(uuid), C(name), C(parent) (the identifier of the one
    before) and C(has_memory).
  returned: success
  type: list
  elements: dict
plan:
  description: What was done, or in check mode would be, one line each.
  returned: success
  type: list
  elements: str
  sample: ['~ machine tutorial-vm (powered off)', '~ machine tutorial-vm (restored to before the exercise)']
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.virtualbox.manage import no_room, occupied
from ansible.module_utils.virtualbox.model import Machine
from ansible.module_utils.virtualbox.module import PROGRAM, refuse, virtualbox
from ansible.module_utils.virtualbox.plan import starts
from ansible.module_utils.virtualbox.snapshot import WantedSnapshot, make_plan, mistakes, needed, opened


def machine_facts(machine: Machine | None) -> dict[str, Any] | None:
    """Return what there is to say about the machine."""
    if machine is None:
        return None
    names = {snapshot.uuid: snapshot.name for snapshot in machine.history.snapshots}
    return {"name": machine.name, "state": machine.state, "snapshot": names.get(machine.history.current, "")}


def snapshot_facts(machine: Machine | None) -> list[dict[str, Any]]:
    """Return what there is to say about its snapshots."""
    return [
        {"uuid": one.uuid, "name": one.name, "parent": one.parent, "has_memory": one.has_memory}
        for one in (machine.history.snapshots if machine else ())
    ]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "machine": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "restored", "absent"], "default": "present"},
            "force": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 120},
            "program": PROGRAM,
        },
        supports_check_mode=True,
    )
    params = dict(module.params)
    del params["program"]
    timeout = params.pop("timeout")
    want = WantedSnapshot(**params)
    refuse(module, mistakes(want))
    with virtualbox(module) as manager:
        machine = manager.machine(want.machine)
        plan = make_plan(want, machine)
        problems = [*plan.problems]
        if machine is not None and starts(plan.steps):
            # Before anything is lost. The machine starts with what it had then.
            problems += no_room(want.machine, needed(want, machine))
            problems += occupied(opened(want, machine), is_trial=module.check_mode)
        refuse(module, problems)
        if plan.steps and not module.check_mode:
            manager.carry_out(want.machine, plan.steps, timeout)
            machine = manager.machine(want.machine)
    module.exit_json(
        changed=bool(plan.steps),
        machine=machine_facts(machine),
        snapshots=snapshot_facts(machine),
        plan=plan.lines,
        diff={"prepared": plan.text},
    )


if __name__ == "__main__":
    main()
