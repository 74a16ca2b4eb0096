#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Make, change, start, stop and remove a virtual machine of VirtualBox."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: virtualbox_vm
short_description: Make, change, start, stop and remove a virtual machine of VirtualBox
description:
  - Compares every stated attribute with what VirtualBox has, and changes those that differ. What is not
    stated is left as it is.
  - A machine is known as made here by its extra data C(cloud-lab/machine), which holds its name. One that has
    no such mark is refused and stays.
  - No disk of a machine is ever deleted. Those that are attached to it are detached before it is removed,
    with what is on them then.
  - What an interrupted import of the module M(virtualbox_appliance) has left is called
    C(<name>.cloud-lab-import). V(absent) removes that too, with the disks in its directory.
  - A running machine is neither powered off nor restarted without O(force). Port forwards change while it
    runs. One that is to be V(saved) is not, even with it.
  - Disks are compared by their file. One that a snapshot has put in front of another counts as that, and is
    not detached while the snapshot is there, since what is on it would be lost.
options:
  name:
    description: The machine's name. It begins with a letter or a digit.
    type: str
    required: true
  state:
    description:
      - V(present) makes the machine and leaves it running or not. V(started) also starts it, or goes on with
        one that is paused or saved. V(stopped) presses its power button and waits, V(saved) keeps what it is
        doing on the disk, and V(absent) removes it.
    type: str
    choices: [present, started, stopped, saved, absent]
    default: present
  os_type:
    description: >-
      VirtualBox's name for the guest's system, as C(VBoxManage list ostypes) has them. For a new machine.
    type: str
  folder:
    description: >-
      The directory in which a new machine gets a directory of its own. It begins with a slash. VirtualBox's
      default if omitted.
    type: path
  cpus:
    description: Virtual processors.
    type: int
  memory:
    description: Memory in MiB.
    type: int
  video_memory:
    description: Memory of the graphics card in MiB, at most 256.
    type: int
  firmware:
    description: What the machine boots with.
    type: str
    choices: [bios, efi]
  boot_order:
    description: What it boots from, the first first, at most four devices.
    type: list
    elements: str
    choices: [disk, dvd, net, floppy, none]
  nics:
    description: Network cards, the first first. Further ones of the machine are left as they are.
    type: list
    elements: dict
    suboptions:
      attachment:
        description: What the card is attached to. V(none) takes it away, and nothing else is stated with it.
        type: str
        choices: [nat, hostonly, bridged, intnet, none]
        default: nat
      network:
        description: >-
          The addresses behind a C(nat), such as V(10.0.2.0/24), at least V(/27); the interface of the host
          for C(hostonly) and C(bridged); the name for C(intnet).
        type: str
      device:
        description: What the guest sees.
        type: str
        choices: [Am79C970A, Am79C973, 82540EM, 82543GC, 82545EM, virtio]
      mac:
        description: Its hardware address, twelve hexadecimal digits.
        type: str
      connected:
        description: Whether its cable is plugged in, which may change while the machine runs.
        type: bool
      forwards:
        description: The port forwards of a C(nat). These and no others are there afterwards, in any order.
        type: list
        elements: dict
        suboptions:
          name:
            description: The rule's name, of which a card has only one.
            type: str
            required: true
          protocol:
            description: What is forwarded.
            type: str
            choices: [tcp, udp]
            default: tcp
          host_ip:
            description: The host's address. Empty means all of them.
            type: str
            default: ""
          host_port:
            description: The host's port.
            type: int
            required: true
          guest_ip:
            description: The guest's address. Empty means the one that the card's DHCP gave out.
            type: str
            default: ""
          guest_port:
            description: The guest's port.
            type: int
            required: true
  controllers:
    description: >-
      Storage controllers. These and no others are there afterwards. One that goes must have no drives, or
      O(drives) says where those go.
    type: list
    elements: dict
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      bus:
        description: What kind it is. One of another kind, chip or number of ports is made anew.
        type: str
        choices: [ide, sata, scsi, virtio-scsi]
        required: true
      chip:
        description: VirtualBox's name for it. Of C(virtio-scsi) there is only one.
        type: str
        choices: [PIIX4, PIIX3, ICH6, IntelAhci, LsiLogic, BusLogic]
      ports:
        description: How many ports it has.
        type: int
  drives:
    description: What is attached to the controllers. These and nothing else are there afterwards.
    type: list
    elements: dict
    suboptions:
      controller:
        description: The controller's name.
        type: str
        required: true
      port:
        description: The controller's port.
        type: int
        default: 0
      device:
        description: The device at the port.
        type: int
        default: 0
      kind:
        description: A disk or a drive for discs.
        type: str
        choices: [hdd, dvddrive]
        default: hdd
      medium:
        description: The file. It begins with a slash. Empty for a drive without a disc.
        type: path
        default: ""
  console:
    description: >-
      A file of the host that gets what the guest writes on its first serial port. It begins with a slash.
    type: path
  force:
    description: >-
      The consent to power a running machine off, to lose the state of a saved one, or to remove a machine's
      snapshots with it, where what is asked for needs it. A running machine that is to be V(stopped) is
      powered off then, as by its plug, and its power button is not tried.
    type: bool
    default: false
  timeout:
    description: Seconds that the machine has to start, to stop or to be saved.
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
- name: Run a machine that SSH reaches through its host
  virtualbox_vm:
    name: tutorial-vm
    state: started
    os_type: Linux_64
    memory: 128
    nics:
      - attachment: nat
        network: 10.0.2.0/24
        forwards:
          - {name: ssh, host_ip: 192.168.56.1, host_port: 1234, guest_ip: 10.0.2.15, guest_port: 22}
    controllers:
      - {name: SATA, bus: sata, ports: 1}
    drives:
      - {controller: SATA, medium: /srv/machines/tutorial-vm.vdi}

- name: Stop it by its power button
  virtualbox_vm:
    name: tutorial-vm
    state: stopped

- name: Remove it, even if it runs; its disk stays
  virtualbox_vm:
    name: tutorial-vm
    state: absent
    force: true
"""

RETURN = r"""
machine:
  description: >-
    The machine as it is afterwards, or in check mode as it is now; null if there is none. With C(name),
    C(uuid), C(state), C(cpus), C(memory), C(firmware), C(boot_order), C(nics), C(drives) and C(snapshots).
  returned: success
  type: dict
plan:
  description: What was done, or in check mode would be, one line each.
  returned: success
  type: list
  elements: str
  sample: ['+ machine tutorial-vm', '~ memory ? -> 128']
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.virtualbox.manage import no_room, occupied
from ansible.module_utils.virtualbox.model import (
    ATTACHMENTS,
    BOOT_DEVICES,
    BUSES,
    CHIPS,
    DEVICES,
    FIRMWARE,
    PROTOCOLS,
    Card,
    Controller,
    Drive,
    Forward,
    Machine,
    Place,
    Wanted,
    half_of,
    mistakes,
    normal,
    repeated,
)
from ansible.module_utils.virtualbox.module import PROGRAM, refuse, virtualbox
from ansible.module_utils.virtualbox.plan import make_plan, needed, opened, removal, starts, uncovers

FORWARD: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "protocol": {"type": "str", "choices": list(PROTOCOLS), "default": "tcp"},
    "host_ip": {"type": "str", "default": ""},
    "host_port": {"type": "int", "required": True},
    "guest_ip": {"type": "str", "default": ""},
    "guest_port": {"type": "int", "required": True},
}
NIC: dict[str, Any] = {
    "attachment": {"type": "str", "choices": list(ATTACHMENTS), "default": "nat"},
    "network": {"type": "str"},
    "device": {"type": "str", "choices": list(DEVICES)},
    "mac": {"type": "str"},
    "connected": {"type": "bool"},
    "forwards": {"type": "list", "elements": "dict", "options": FORWARD},
}
CONTROLLER: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "bus": {"type": "str", "choices": list(BUSES), "required": True},
    "chip": {"type": "str", "choices": list(CHIPS)},
    "ports": {"type": "int"},
}
DRIVE: dict[str, Any] = {
    "controller": {"type": "str", "required": True},
    "port": {"type": "int", "default": 0},
    "device": {"type": "int", "default": 0},
    "kind": {"type": "str", "choices": ["hdd", "dvddrive"], "default": "hdd"},
    "medium": {"type": "path", "default": ""},
}


def wanted(params: dict[str, Any]) -> Wanted:
    """Return what the module's options ask for."""
    controllers, drives = params["controllers"], params["drives"]
    return Wanted(
        name=params["name"],
        state=params["state"],
        os_type=params["os_type"],
        folder=params["folder"],
        cpus=params["cpus"],
        memory=params["memory"],
        video_memory=params["video_memory"],
        firmware=params["firmware"],
        boot_order=None if params["boot_order"] is None else tuple(params["boot_order"]),
        cards={number: card(nic) for number, nic in enumerate(params["nics"] or (), 1)},
        controllers=None
        if controllers is None
        else {one["name"]: Controller(one["bus"], one["chip"], one["ports"]) for one in controllers},
        drives=None
        if drives is None
        else {place(one): Drive(one["kind"], normal(one["medium"])) for one in drives},
        consoles={} if params["console"] is None else {1: params["console"]},
        force=params["force"],
    )


def place(drive: dict[str, Any]) -> Place:
    """Return where one of the options asks for a drive."""
    return Place(drive["controller"], drive["port"], drive["device"])


def card(nic: dict[str, Any]) -> Card:
    """Return the network card that one of the options asks for."""
    forwards = nic["forwards"]
    rules = None if forwards is None else frozenset(Forward(**forward) for forward in forwards)
    return Card(nic["attachment"], nic["network"], nic["device"], nic["mac"], rules, nic["connected"])


def facts(machine: Machine | None) -> dict[str, Any] | None:
    """Return what there is to say about a machine."""
    if machine is None:
        return None
    return {
        "name": machine.name,
        "uuid": machine.uuid,
        "state": machine.state,
        "cpus": machine.cpus,
        "memory": machine.memory,
        "firmware": machine.firmware,
        "boot_order": list(machine.boot_order),
        "nics": [
            {
                "number": number,
                "attachment": card.attachment,
                "network": card.network,
                "device": card.device,
                "mac": card.mac,
                "connected": card.is_connected,
                "forwards": [rule.rule for rule in sorted(card.forwards or ())],
            }
            for number, card in sorted(machine.cards.items())
        ],
        "drives": [
            {
                "controller": place.controller,
                "port": place.port,
                "device": place.device,
                "kind": drive.kind,
                "medium": drive.medium,
            }
            for place, drive in sorted(machine.drives.items())
        ],
        "snapshots": [snapshot.name for snapshot in machine.history.snapshots],
    }


def missing_media(want: Wanted) -> list[str]:
    """Return a sentence for each file that is to be attached and is not there."""
    return [
        f"drives: there is no {drive.medium} for {place.where}; make it "
        "(module virtualbox_medium), or name another file"
        for place, drive in sorted((want.drives or {}).items())
        if drive.medium and not Path(drive.medium).exists()
    ]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {
                "type": "str",
                "choices": ["present", "started", "stopped", "saved", "absent"],
                "default": "present",
            },
            "os_type": {"type": "str"},
            "folder": {"type": "path"},
            "cpus": {"type": "int"},
            "memory": {"type": "int"},
            "video_memory": {"type": "int"},
            "firmware": {"type": "str", "choices": list(FIRMWARE)},
            "boot_order": {"type": "list", "elements": "str", "choices": list(BOOT_DEVICES)},
            "nics": {"type": "list", "elements": "dict", "options": NIC},
            "controllers": {"type": "list", "elements": "dict", "options": CONTROLLER},
            "drives": {"type": "list", "elements": "dict", "options": DRIVE},
            "console": {"type": "path"},
            "force": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 120},
            "program": PROGRAM,
        },
        supports_check_mode=True,
    )
    want = wanted(module.params)
    controllers = [one["name"] for one in module.params["controllers"] or ()]
    places = [place(one).where for one in module.params["drives"] or ()]
    refuse(module, [*mistakes(want), *repeated("controllers", controllers), *repeated("drives", places)])
    with virtualbox(module) as manager:
        machine = known = manager.machine(want.name)
        if machine is not None and want.state != "absent" and uncovers(want, machine):
            known = manager.with_kept_rules(machine)
        plan = (
            removal(want, machine, manager.machine(half_of(want.name)))
            if want.state == "absent"
            else make_plan(want, known)
        )
        problems = [*plan.problems]
        if not problems and want.state != "absent":
            # In a trial run a disk may be yet to be made.
            problems += [] if module.check_mode else missing_media(want)
            if starts(plan.steps):
                problems += no_room(want.name, needed(want, machine))
            problems += occupied(opened(want, machine), is_trial=module.check_mode)
        refuse(module, problems)
        if plan.steps and not module.check_mode:
            manager.carry_out(want.name, plan.steps, module.params["timeout"])
            machine = manager.machine(want.name)
    module.exit_json(
        changed=bool(plan.steps), machine=facts(machine), plan=plan.lines, diff={"prepared": plan.text}
    )


if __name__ == "__main__":
    main()
