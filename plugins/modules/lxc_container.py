#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Make, start, stop and remove an LXC system container."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lxc_container
short_description: Make, start, stop and remove an LXC system container
description:
  - Unpacks an archive as the root of a container, puts files into it, configures it, and starts it until its
    init has started everything. What it says names the variables of the role C(lxc_container), which builds
    the archive.
  - A container is known as made here by a file C(cloud-lab.container) beside its configuration, which holds
    its name, or as an empty directory. Another one is refused and stays.
  - What an interrupted run has left is finished or removed by the next one.
  - Files are put where the container itself would find their paths. A link in it leads nowhere else.
options:
  name:
    description: The container's name. Several only with O(state=absent).
    type: list
    elements: str
    required: true
  state:
    description:
      - V(started) runs the container, V(stopped) makes it and keeps it for later. V(absent) kills it and
        removes it with all that is in it.
    type: str
    choices: [started, stopped, absent]
    default: started
  archive:
    description: The root file system as a tar archive on this machine. Needed unless O(state=absent).
    type: path
  key:
    description: >-
      What the archive is known by. A container that was unpacked from another one is made anew. Needed unless
      O(state=absent).
    type: str
  tentative:
    description: >-
      Whether nothing is done, instead of failing, where the archive or LXC's programs are needed and missing.
      RV(missing) says so then, and whoever asked can build and install them.
    type: bool
    default: false
  suite:
    description: The release of Debian in the archive.
    type: str
    default: bookworm
  files:
    description: The files to put into the container. Those of an earlier run that are not among them go.
    type: list
    elements: dict
    default: []
    suboptions:
      dest:
        description: The path in the container. With a slash at its end the directory for O(files[].src).
        type: str
        required: true
      content:
        description: What the file holds.
        type: str
      src:
        description: >-
          A file or a directory instead. With a slash at its end what is in the directory, otherwise the
          directory itself.
        type: path
      remote_src:
        description: Whether O(files[].src) is on this machine. The module takes it from nowhere else.
        type: bool
        default: false
      mode:
        description: The mode of the files, a 0 and three or four octal digits, in quotes.
        type: str
        default: "0644"
  services:
    description: Units among these files that are started at boot.
    type: list
    elements: str
    default: []
  address:
    description: The container's only IPv4 address. Empty means no network but the loopback device.
    type: str
    default: ""
  interface:
    description: The device on this machine that leads to the container.
    type: str
    default: ""
  first_id:
    description: The first of the 65536 users of this machine that the container's are, or V(0).
    type: int
    default: 1000000
  config:
    description: More keys of LXC's configuration.
    type: dict
    default: {}
  dir:
    description: Where LXC keeps its containers.
    type: path
    default: /var/lib/lxc
  min_free_mib:
    description: MiB that must be free there while a container is made.
    type: int
    default: 1000
  start_timeout:
    description: Seconds until the init must have started everything.
    type: int
    default: 120
requirements: [lxc, tar, setpriv]
attributes:
  check_mode:
    description: Looks, refuses and plans, and changes nothing.
    support: full
  diff_mode:
    description: Shows the steps, and the files and the configuration before and after.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Run a system
  lxc_container:
    name: office
    archive: /var/cache/root.tar
    key: 0f1e2d3c4b5a6978
    address: 198.18.0.10
    interface: lxc-office
  become: true

- name: Remove two
  lxc_container:
    name: [office, shop]
    state: absent
  become: true
"""

RETURN = r"""
container:
  description: The container. C(pid) is its init's, 0 if it does not run.
  returned: unless it is removed
  type: dict
  sample: {name: office, running: true, pid: 4711, address: 198.18.0.10, root: /var/lib/lxc/office/rootfs}
missing:
  description: Sentences about what has to be installed or built first.
  returned: unless it is removed
  type: list
  elements: str
plan:
  description: What was, or in check mode would be, done.
  returned: success
  type: list
  elements: str
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.lxc_container.host import Host, HostError, Run, alone, look, read_items
from ansible.module_utils.lxc_container.model import Wanted
from ansible.module_utils.lxc_container.plan import (
    diffs,
    foreign,
    links,
    make,
    missing,
    mistakes,
    name_mistake,
    refusals,
    removal,
)


def wanted(params: dict[str, Any], name: str) -> Wanted:
    """Return what the module's options ask for."""
    return Wanted(
        name=name,
        state=params["state"],
        directory=params["dir"],
        key=params["key"] or "",
        archive=params["archive"] or "",
        suite=params["suite"],
        address=params["address"],
        interface=params["interface"],
        first_id=params["first_id"],
        config=params["config"],
        options=params["files"],
        services=params["services"],
        min_free_mib=params["min_free_mib"],
    )


def refuse(problems: list[str]) -> None:
    """End with these sentences, if there are any."""
    if problems:
        raise HostError(" ".join(problems))


def present(want: Wanted, params: dict[str, Any], run: Run, check_mode: bool) -> dict[str, Any]:
    """Make sure that there is the container, and return what to say about it."""
    refuse(mistakes(want))
    items = read_items(want.options) | links(want)
    host = Host(run, want)
    with alone(want.directory):
        found = look(run, want, items)
        refuse(refusals(want, found, items))
        lacking = missing(want, found)
        if lacking and params["tentative"] and not check_mode:
            return {"changed": False, "missing": lacking, "plan": []}
        refuse([] if check_mode else lacking)
        steps = make(want, found, items)
        for step in [] if check_mode else steps:
            host.do(step)
    if want.state == "started" and not check_mode:
        host.wait(params["start_timeout"])
    now = look(run, want, {}) if steps and not check_mode else found
    lines = [step.line for step in steps if step.line]
    return {
        "changed": bool(lines),
        "missing": lacking,
        "plan": lines,
        "diff": diffs(want, found, steps),
        "container": {
            "name": want.name,
            "running": now.status == "RUNNING",
            "pid": now.pid,
            "address": want.address,
            "root": want.root,
        },
    }


def absent(wants: list[Wanted], run: Run, check_mode: bool) -> dict[str, Any]:
    """Make sure that these containers are not there; one that has to stay keeps no other one."""
    refuse([sentence for want in wants if (sentence := name_mistake(want.name))])
    lines: list[str] = []
    problems: list[str] = []
    for want in wants:
        try:
            with alone(want.directory):
                found = look(run, want, {})
                refuse([sentence] if (sentence := foreign(want, found)) else [])
                steps = removal(want, found)
                for step in [] if check_mode else steps:
                    Host(run, want).do(step)
            lines += [step.line for step in steps if step.line]
        except (HostError, OSError) as error:
            problems.append(str(error))
    result = {
        "changed": bool(lines),
        "plan": lines,
        "diff": {"prepared": "".join(f"{line}\n" for line in lines)},
    }
    return result | ({"failed": True, "msg": " ".join(problems)} if problems else {})


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["started", "stopped", "absent"], "default": "started"},
            "archive": {"type": "path"},
            "key": {"type": "str", "no_log": False},
            "tentative": {"type": "bool", "default": False},
            "suite": {"type": "str", "default": "bookworm"},
            "files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "dest": {"type": "str", "required": True},
                    "content": {"type": "str"},
                    "src": {"type": "path"},
                    "remote_src": {"type": "bool", "default": False},
                    "mode": {"type": "str", "default": "0644"},
                },
            },
            "services": {"type": "list", "elements": "str", "default": []},
            "address": {"type": "str", "default": ""},
            "interface": {"type": "str", "default": ""},
            "first_id": {"type": "int", "default": 1000000},
            "config": {"type": "dict", "default": {}},
            "dir": {"type": "path", "default": "/var/lib/lxc"},
            "min_free_mib": {"type": "int", "default": 1000},
            "start_timeout": {"type": "int", "default": 120},
        },
        required_if=[("state", state, ("archive", "key")) for state in ("started", "stopped")],
        supports_check_mode=True,
    )
    # What is made here is for others to read, unless a mode says otherwise.
    os.umask(0o022)
    params = module.params
    wants = [wanted(params, name) for name in params["name"]]
    try:
        if params["state"] == "absent":
            result = absent(wants, module.run_command, module.check_mode)
        elif len(wants) == 1:
            result = present(wants[0], params, module.run_command, module.check_mode)
        else:
            raise HostError("name: only state=absent takes several containers")
    except (HostError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
