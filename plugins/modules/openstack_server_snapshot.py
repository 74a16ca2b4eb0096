#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Take, restore, rotate and delete snapshots of a server."""

from __future__ import annotations

DOCUMENTATION = """
---
module: openstack_server_snapshot
short_description: Take, restore, rotate and delete snapshots of an OpenStack server
description:
  - A snapshot is an image of a server's root disk. This module takes it, brings the server back to it, and
    keeps only the newest ones. Before anything is changed, the whole input is checked against the cloud.
  - A snapshot is a point in time. If it is there already, nothing is taken, whatever has happened in the
    server since. Take another name for another point in time.
  - An image is known as a snapshot by properties that the module sets, never by its name alone.
    C(lab_snapshot_of) is the server's name, C(lab_topology) is O(topology) or empty, C(lab_snapshot_name)
    is the snapshot's own name. Nova copies the properties to every image that anybody takes of a server
    running from a snapshot, so an image whose C(lab_snapshot_name) is not its name is none of the module's.
    To take a snapshot out of the rotation, rename it.
  - Snapshots outlive their server, and a server made anew under the same name has those of its predecessor.
  - A running guest is not asked to stop writing, unless its image has C(hw_qemu_guest_agent=yes) and the
    agent runs in it. Otherwise the snapshot holds what a power cut would leave on the disk. Journaling file
    systems recover from that at the next boot; data that programs had not yet written is lost. Run C(sync)
    in the guest just before, or stop the server first where the last write counts. The memory is never part
    of it.
  - Only the root disk is taken. Volumes are not, and a server that boots from a volume is refused.
  - Restoring is nova's rebuild. The server keeps its id, its ports, its fixed addresses, its floating IPs,
    its key, its metadata and its user data, and loses everything written since the snapshot. A stopped
    server is stopped again afterwards.
  - Nova's rebuild keeps the id by which cloud-init knows a server. Restored from a snapshot of its own that
    was taken after its first boot, the server is not new to cloud-init, and nothing of a first boot is done
    again. The SSH host keys are those of the snapshot, hence those known already, unless somebody changed
    them in between. A stock image does not print them on the console again, so do not forget them.
  - It is a first boot again, with the user data run anew and other SSH host keys, if the snapshot was taken
    of another server of that name (a warning says so), before the first boot had finished, or after
    C(cloud-init clean). Then remove the lines that begin with the server's id from C(known_hosts), and read
    the keys from the console, as the role C(openstack_topology) does for every server whose id has no line
    there. Therefore take snapshots after C(cloud-init status --wait).
  - An interrupted run leaves nothing that the next run does not find. A snapshot still being saved, or a
    rebuild or reboot under way, is waited for; a snapshot that failed, or that nova has given up, is
    replaced.
options:
  cloud:
    description: Entry of clouds.yaml with the credentials.
    type: str
    required: true
  server:
    description:
      - Name or id of the server. For O(state=absent) a name is enough, the server need not exist any more.
    type: str
    required: true
  topology:
    description:
      - Owner of the server. Only servers with the tag C(topology:<topology>) count, and only snapshots
        taken with the same owner. Without it every server of the project counts, and only snapshots taken
        without an owner.
    type: str
  name:
    description:
      - Name of the snapshot, at most 255 characters. For V(present) no other image may have it.
    type: str
    required: true
  state:
    description:
      - V(present) takes the snapshot unless it is there. The server must be ACTIVE, SHUTOFF, PAUSED or
        SUSPENDED.
      - V(restored) rebuilds the server from the snapshot unless it runs from it. The server must be ACTIVE,
        SHUTOFF or in ERROR.
      - V(absent) deletes the snapshot. A server that runs from it goes on; a warning names it.
    type: str
    choices: [present, restored, absent]
    default: present
  keep:
    description:
      - With O(state=present), how many snapshots of the server to keep. Older ones are deleted once O(name)
        is complete, if it is the newest. Never deleted are O(name), a snapshot that a server of the project
        was made or rebuilt from, and one that is protected. All are kept if omitted.
    type: int
  force:
    description:
      - With O(state=restored), rebuild also a server that runs from the snapshot already. Otherwise changes
        in the server since it was last restored are not undone, since nova does not see them.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for a snapshot to be complete, and for a server to be rebuilt.
    type: int
    default: 600
requirements:
  - openstacksdk
  - nova API microversion 2.26 or newer if O(topology) is given
attributes:
  check_mode:
    description: Returns the plan without changing anything.
    support: full
  diff_mode:
    description: Shows the plan.
    support: full
author:
  - Cloud Lab maintainers
"""

EXAMPLES = """
- name: Keep the state before the exercise, and the two before that
  openstack_server_snapshot:
    cloud: campus
    topology: demo
    server: frontend
    name: frontend@before-exercise-3
    keep: 3

- name: Undo the exercise
  openstack_server_snapshot:
    cloud: campus
    topology: demo
    server: frontend
    name: frontend@before-exercise-3
    state: restored
    force: true

- name: Delete the snapshot
  openstack_server_snapshot:
    cloud: campus
    topology: demo
    server: frontend
    name: frontend@before-exercise-3
    state: absent
"""

RETURN = """
snapshot:
  description: The snapshot, or null if there is none afterwards. In check mode null if it is yet to be taken.
  returned: success
  type: dict
  contains:
    id:
      description: Id of the image.
      type: str
    name:
      description: Its name.
      type: str
    status:
      description: Glance's status of it.
      type: str
    size:
      description: Bytes it takes in glance.
      type: int
    min_disk:
      description: GiB that a flavor's disk must have to boot it.
      type: int
    created_at:
      description: When it was begun.
      type: str
    server_id:
      description: Id of the server it was taken of.
      type: str
  sample:
    id: 5a1de1f4-0b7c-4f2a-8a75-0b3f0f9a8f67
    name: frontend@before-exercise-3
    status: active
    size: 412745728
    min_disk: 3
    created_at: '2026-03-01T10:00:00Z'
    server_id: 0f0f3e0a-8a4f-4a6e-9f0f-1d3b6f8a2c11
server:
  description: The server as it is afterwards, with C(id), C(name) and C(status), or null if it is gone.
  returned: success
  type: dict
  sample: {id: 0f0f3e0a-8a4f-4a6e-9f0f-1d3b6f8a2c11, name: frontend, status: ACTIVE}
taken:
  description: Whether this run has taken the snapshot.
  returned: success
  type: bool
seconds:
  description: Seconds that the changes took, waits included. 0 in check mode.
  returned: success
  type: float
deleted:
  description: Names of the snapshots that were deleted, or in check mode would be.
  returned: always once the plan is made
  type: list
  elements: str
changes:
  description: What was done, or in check mode would be; action (create, update, delete), kind, name and
    details.
  returned: always once the plan is made
  type: list
  elements: dict
plan:
  description: The same, one line each.
  returned: always once the plan is made
  type: list
  elements: str
  sample: ['+ snapshot web@3', '- snapshot web@1', '~ server web (rebuilt from web@1)']
problems:
  description: Each problem of the input.
  returned: when the input is wrong
  type: list
  elements: str
"""

import time
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.openstack_topology.model import InvalidInputError
from ansible.module_utils.server_snapshot.model import Image, Server, Wanted, mistakes
from ansible.module_utils.server_snapshot.plan import Action, Plan, make_plan

try:
    from ansible.module_utils.openstack_topology.cloud import CloudError, connect
    from ansible.module_utils.server_snapshot.cloud import Cloud, GivenUpError
except ImportError as error:
    MISSING: str | None = str(error)
else:
    MISSING = None


def report(changes: Sequence[Action]) -> dict[str, Any]:
    """Return what the module says about changes, made or planned."""
    lines = [action.line for action in changes]
    return {
        "changed": bool(changes),
        "changes": [action.change() for action in changes],
        "plan": lines,
        "deleted": [action.name for action in changes if action.verb == "delete"],
        "diff": {"prepared": "".join(f"{line}\n" for line in lines)},
    }


def snapshot_facts(image: Image | None) -> dict[str, Any] | None:
    """Return what the module says about a snapshot."""
    if image is None:
        return None
    names = ("id", "name", "status", "size", "min_disk", "created_at", "server_id")
    return {name: getattr(image, name) for name in names}


def server_facts(server: Server | None) -> dict[str, Any] | None:
    """Return what the module says about a server."""
    return None if server is None else {"id": server.id, "name": server.name, "status": server.status}


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, plan and apply; return the module's result. Raises `InvalidInputError` and `CloudError`."""
    options = {name: value for name, value in module.params.items() if name != "cloud"}
    wanted = Wanted(**{**options, "topology": options["topology"] or ""})
    if problems := mistakes(wanted):
        raise InvalidInputError(problems)
    cloud = Cloud(connect(module.params["cloud"]), wanted.topology, wanted.timeout)
    plan = planned(module, wanted, cloud)
    changes, seconds = list(plan.shown), 0.0
    if plan.actions and not module.check_mode:
        started = time.monotonic()
        changes = []
        try:
            apply(module, cloud, plan.actions, changes, again=True)
        except GivenUpError:
            # The cloud knows now which, and the next plan replaces it.
            plan = planned(module, wanted, cloud)
            apply(module, cloud, plan.actions, changes, again=False)
        seconds = round(time.monotonic() - started, 1)
    server, snapshot = plan.server, plan.snapshot
    if plan.actions and not module.check_mode:
        snapshot_id = cloud.taken or (snapshot.id if snapshot else "")
        snapshot = cloud.snapshot(snapshot_id) if snapshot_id else None
        server = cloud.server(server.id) if server else None
    return {
        **report(changes),
        "snapshot": snapshot_facts(snapshot),
        "server": server_facts(server),
        "taken": bool(cloud.taken),
        "seconds": seconds,
    }


def planned(module: AnsibleModule, wanted: Wanted, cloud: Cloud) -> Plan:
    """Return what there is to do; raises `InvalidInputError` and `CloudError`."""
    plan: Plan = make_plan(wanted, cloud.servers(), cloud.images())
    if plan.problems:
        raise InvalidInputError(plan.problems)
    for warning in plan.warnings:
        module.warn(warning)
    return plan


def apply(
    module: AnsibleModule, cloud: Cloud, actions: Sequence[Action], done: list[Action], *, again: bool
) -> None:
    """Carry out the actions, and add to `done` those that change something.

    Ends the module with what was done if one fails. Raises `GivenUpError` if there will be a plan `again`.
    """
    for number, action in enumerate(actions, start=1):
        try:
            cloud.apply(action)
        except (CloudError, GivenUpError) as error:
            if again and isinstance(error, GivenUpError):
                raise
            left = sum(other.shown for other in actions[number:])
            module.fail_json(
                msg=f"{action.verb} {action.kind} {action.name}: {error} ({len(done)} changes were made, "
                f"{left} were not begun; run again to go on from here)",
                **report(done) | {"changed": cloud.changed},
            )
        if action.shown:
            done.append(action)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "cloud": {"type": "str", "required": True},
            "server": {"type": "str", "required": True},
            "topology": {"type": "str"},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "restored", "absent"], "default": "present"},
            "keep": {"type": "int"},
            "force": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    if MISSING is not None:
        module.fail_json(msg=missing_required_lib("openstacksdk"), exception=MISSING)
    try:
        module.exit_json(**run(module))
    except InvalidInputError as error:
        module.fail_json(msg="\n".join(error.problems), problems=list(error.problems))
    except CloudError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
