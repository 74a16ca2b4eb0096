"""The edge to Ansible: what the modules for VirtualBox do alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .manage import ManageError, Manager, environment

PROGRAM: Mapping[str, Any] = {"type": "path", "default": "/usr/lib/virtualbox/VBoxManage"}
"""The option that names VBoxManage."""


def refuse(module: AnsibleModule, problems: Sequence[str]) -> None:
    """End the module if there are problems, each a sentence."""
    if problems:
        module.fail_json(msg="; ".join(problems), problems=list(problems))


@contextmanager
def virtualbox(module: AnsibleModule) -> Iterator[Manager]:
    """Give the VirtualBox that the module's option `program` names; what it refuses ends the module."""
    module.run_command_environ_update = environment()
    try:
        yield Manager(module.params["program"], module.run_command)
    except ManageError as error:
        refuse(module, [str(error)])
