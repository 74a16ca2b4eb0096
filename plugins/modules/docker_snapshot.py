#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Keep a container's content as an image."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: docker_snapshot
short_description: Keep a container's content as an image
description:
  - Does what C(docker commit) does, once. Nothing happens if the image is there already and holds what the
    container holds now. Otherwise a new image takes the name, and the former one is removed unless
    something still needs it. In that case it goes when the next one is taken or the snapshot is removed.
  - What counts is the content. Two files are the same if their bytes, their type, their mode and their owner
    are. When they were written does not count. The container's image and what a commit keeps of its
    configuration (command, environment, user and the like) count as well.
  - To compare, the whole file system of the container is read once, which takes about a second for 200 MB.
  - Volumes are not part of a container and not of its snapshot.
  - An image is known as a snapshot by labels, never by its name alone. C(cloud-lab.snapshot.of) is the
    container, C(cloud-lab.snapshot.name) the snapshot, C(cloud-lab.snapshot.content) a digest of the
    content. Whatever else has the name is refused and stays.
options:
  docker_host:
    description: Where Docker answers. If it is not given the environment variable E(DOCKER_HOST) is used.
    type: str
    default: unix:///var/run/docker.sock
  container:
    description: Name of the container, running or not. Needed for O(state=present).
    type: str
  name:
    description: Name of the image, such as C(lab/web:before). Without a tag it is C(latest).
    type: str
    required: true
  state:
    description:
      - V(present) keeps the container's content as the image. V(absent) removes the image; it is refused
        while a container is made of it.
    type: str
    choices: [present, absent]
    default: present
  labels:
    description: More labels for the image. They are set when a snapshot is taken, and do not count later.
    type: dict
    default: {}
  pause:
    description: Whether the container's processes are held while the snapshot is taken.
    type: bool
    default: true
  timeout:
    description: Seconds that Docker may take for one answer.
    type: int
    default: 120
requirements:
  - docker (the SDK for Python)
attributes:
  check_mode:
    description: Compares, and takes and removes nothing.
    support: full
  diff_mode:
    description: Shows the files that make the difference between the container and its image.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Keep the web server as it is
  docker_snapshot:
    container: web
    name: lab/web:before-exercise

- name: Delete the snapshot
  docker_snapshot:
    name: lab/web:before-exercise
    state: absent
"""

RETURN = r"""
snapshot:
  description: The snapshot, or null if there is none afterwards. In check mode null if it is yet to be taken.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    id:
      description: Id of the image.
      type: str
    created:
      description: When it was taken.
      type: str
    size:
      description: Bytes of all its layers, unpacked.
      type: int
    layers:
      description: Each layer that is not empty, the lowest first, with its size in bytes and its comment.
      type: list
      elements: dict
files:
  description: How many files the container has added, modified and deleted.
  returned: with O(state=present)
  type: dict
  sample: {added: 102, deleted: 0, modified: 7}
content:
  description: The digest of what the container holds.
  returned: with O(state=present)
  type: str
"""

import traceback
from contextlib import nullcontext
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible.module_utils.docker_snapshot.plan import Plan, absent, marks, present, reference

try:
    from ansible.module_utils.docker_snapshot.engine import Engine, EngineError
except ImportError:
    MISSING: str | None = traceback.format_exc()
else:
    MISSING = None

SIGNS = {"added": "+", "modified": "~", "deleted": "-"}


class RefusedError(Exception):
    """What is asked for cannot be done; the message is for the user."""


def check(plan: Plan) -> Plan:
    """Return a plan that can be carried out."""
    if plan.problem:
        raise RefusedError(plan.problem)
    return plan


def remove(module: AnsibleModule, engine: Engine, name: str) -> dict[str, Any]:
    """Make sure that there is no snapshot, and return what to say about it."""
    plan = check(absent(name, engine.image(name)))
    if plan.remove and not module.check_mode and not engine.remove(name):
        raise RefusedError(f"name: {name} is needed by an image that was made of it; remove that first")
    former = tidy(module, engine, name)
    lines = [f"- snapshot {name}\n"] * plan.remove + [f"- former snapshot {name}\n"] * len(former)
    return {"changed": bool(lines), "snapshot": None, "diff": {"prepared": "".join(lines)}}


def tidy(module: AnsibleModule, engine: Engine, name: str) -> list[str]:
    """Remove the former snapshots that nothing needs any more, and return their ids."""
    former = engine.former(name)
    return former if module.check_mode else [image for image in former if engine.remove(image)]


def take(module: AnsibleModule, engine: Engine, where: tuple[str, str]) -> dict[str, Any]:
    """Make sure that the snapshot holds what the container holds, and return what to say about it."""
    params, name = module.params, ":".join(where)
    container = engine.container(params["container"])
    if container is None:
        raise RefusedError(
            f"container: there is no container {params['container']}; start it, or name another one"
        )
    source, former = container["Name"][1:], engine.image(name)
    held = engine.content(container)
    plan = check(present(name, source, held.digest, former))
    if plan.take and not module.check_mode:
        with engine.still(container) if params["pause"] else nullcontext():
            # It may have written since.
            held = engine.content(container)
            engine.take(container["Id"], where, params["labels"] | marks(source, name, held.digest))
        tidy(module, engine, name)
    lines = [f"{SIGNS[kind]} {path}" for path, kind in held.files.items()]
    text = "\n".join([f"{'~' if former else '+'} snapshot {name}", *lines, ""]) if plan.take else ""
    is_there = former is not None if module.check_mode else True
    return {
        "changed": plan.changes,
        "snapshot": {"name": name} | engine.facts(name) if is_there else None,
        "files": held.counts,
        "content": held.digest,
        "diff": {"prepared": text},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "docker_host": {
                "type": "str",
                "default": "unix:///var/run/docker.sock",
                "fallback": (env_fallback, ["DOCKER_HOST"]),
            },
            "container": {"type": "str"},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "labels": {"type": "dict", "default": {}},
            "pause": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 120},
        },
        required_if=[("state", "present", ("container",))],
        supports_check_mode=True,
    )
    params = module.params
    if MISSING is not None:
        module.fail_json(msg=missing_required_lib("docker"), exception=MISSING)
    where = reference(params["name"])
    if where is None:
        module.fail_json(
            msg=f"name: {params['name']} is no name of an image; use lower-case letters, digits "
            "and ./_-, and at will a tag after a colon"
        )
    try:
        engine = Engine(params["docker_host"], params["timeout"])
        if params["state"] == "absent":
            module.exit_json(**remove(module, engine, ":".join(where)))
        module.exit_json(**take(module, engine, where))
    except (EngineError, RefusedError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
