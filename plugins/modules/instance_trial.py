#!/usr/bin/python
# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Measure one way to run a service."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: instance_trial
short_description: Measure one way to run a service
description:
  - Starts an instance of a service several times and notes the seconds from the command to the first right
    answer. Then starts further instances, looks at the memory that all take, and stops those; and asks the
    first one question after the other, and from several connections at once.
  - Memory is the kernel's proportional set size, in which what processes share is counted once. It is looked
    at once with the first instance alone and once with all of them, when each has given one answer.
  - Instances are whatever commands can start and stop, such as processes, containers and virtual machines.
    They exist and do not run when the module begins. Afterwards none runs, or with O(keep) the first does.
  - When something fails all instances are stopped.
options:
  start:
    description: >-
      The command that starts an instance and returns. C({n}) in it, and in the next three, stands for the
      instance's number, from 1.
    type: list
    elements: str
    required: true
  stop:
    description: The command that stops it.
    type: list
    elements: str
    required: true
  pid:
    description: The command that prints the number of its first process on this machine.
    type: list
    elements: str
    required: true
  url:
    description: Where it answers.
    type: str
    required: true
  count:
    description: How many instances there are. The first is measured, the others show what more of them cost.
    type: int
    default: 1
  body:
    description: What is asked.
    type: str
    default: "5 6"
  answer:
    description: What has to be answered, without space around it.
    type: str
    default: "11"
  supervisors:
    description: >-
      Names of processes that are a part of an instance if they are the parent of its first process, such as
      V(containerd-shim).
    type: list
    elements: str
    default: []
  starts:
    description: How often it is started.
    type: int
    default: 5
  requests:
    description: How many questions are asked one after the other.
    type: int
    default: 500
  callers:
    description: >-
      From how many connections at once it is asked. They are threads of one program, on the processors that
      the instance may run on too: a fast instance could answer more than is told.
    type: int
    default: 4
  load_seconds:
    description: How long it is asked from them, three times.
    type: float
    default: 3
  timeout:
    description: Seconds that an instance may take to its first answer, and a command to return.
    type: int
    default: 120
  keep:
    description: Whether the first instance runs on afterwards, for M(instance_idle).
    type: bool
    default: false
attributes:
  check_mode:
    description: Starts nothing and measures nothing.
    support: full
author: Cloud Lab maintainers
"""

EXAMPLES = r"""
- name: Measure the calculator in a container
  instance_trial:
    start: [docker, start, "sum-{n}"]
    stop: [docker, stop, "sum-{n}"]
    pid: [docker, inspect, "--format={{ '{{.State.Pid}}' }}", "sum-{n}"]
    url: http://127.0.0.1:800{n}/
    count: 3
    supervisors: [containerd-shim]
"""

RETURN = r"""
figures:
  description: >-
    The summaries C(start) and C(answer) in seconds and C(rate) in answers a second, each with count, median,
    low, high and usual; and C(memory_first) and C(memory_further) in MiB, the latter null with a O(count)
    of 1.
  returned: outside check mode
  type: dict
memory:
  description: MiB of all instances together, by how many ran.
  returned: outside check mode
  type: dict
tree:
  description: The processes of the first instance, as a tree of names.
  returned: outside check mode
  type: str
processes:
  description: How many processes the first instance has besides what supervises it.
  returned: outside check mode
  type: int
pid:
  description: The first process of the first instance.
  returned: outside check mode
  type: int
"""

import time
from contextlib import suppress
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.comparison.density import growth
from ansible.module_utils.comparison.memory import mib
from ansible.module_utils.comparison.processes import draw
from ansible.module_utils.comparison.samples import summary
from ansible.module_utils.comparison.trial import (
    REPEATS,
    Instance,
    Question,
    TrialError,
    answers,
    first_answer,
    footprint,
    members,
    rate,
    root,
    run,
)

# Time for what an instance does once after a start or a question.
SETTLE_SECONDS = 0.3


class Trial:
    """The instances of one trial; `running` are to be stopped."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.instances = [self.instance(str(number)) for number in range(1, params["count"] + 1)]
        self.question = Question(params["body"], params["answer"])
        self.running: list[Instance] = []

    def instance(self, number: str) -> Instance:
        """Return the instance of a number."""
        start, stop, pid = (
            [word.replace("{n}", number) for word in self.params[name]] for name in ("start", "stop", "pid")
        )
        return Instance(start, stop, pid, self.params["url"].replace("{n}", number))

    def start(self, instance: Instance) -> float:
        """Start an instance; return the seconds to its first answer."""
        self.running.append(instance)
        seconds: float = first_answer(instance, self.question, self.params["timeout"])
        return seconds

    def stop(self, instance: Instance) -> None:
        """Stop an instance."""
        run(instance.stop, self.params["timeout"])
        self.running.remove(instance)

    def memory(self, pids: list[int]) -> float:
        """Return the MiB that instances take together when nobody asks them."""
        time.sleep(SETTLE_SECONDS)
        taken: float = mib(footprint(members(pids, self.params["supervisors"])))
        return taken

    def measure(self) -> dict[str, Any]:
        """Return all figures."""
        params, first = self.params, self.instances[0]
        starts = []
        for number in range(params["starts"]):
            if number:
                self.stop(first)
            starts.append(self.start(first))
        one = [root(first, params["timeout"])]
        # Before any load, which would leave this instance larger than the further ones.
        totals = {1: self.memory(one)}
        own = members(one, params["supervisors"])
        pids = list(one)
        for further in self.instances[1:]:
            self.start(further)
            pids.append(root(further, params["timeout"]))
        if len(pids) > 1:
            totals[len(pids)] = self.memory(pids)
        for further in self.instances[1:]:
            self.stop(further)
        asked = answers(first.url, self.question, params["requests"], params["timeout"])
        rates = [
            rate(first.url, self.question, params["callers"], params["load_seconds"]) for _ in range(REPEATS)
        ]
        if not params["keep"]:
            self.stop(first)
        memory_first, memory_further = growth(totals)
        return {
            "figures": {
                "start": summary(starts).facts(),
                "answer": summary(asked).facts(),
                "rate": summary(rates).facts(),
                "memory_first": memory_first,
                "memory_further": memory_further,
            },
            "memory": {str(count): total for count, total in totals.items()},
            "tree": draw(own),
            "processes": sum(process.name not in params["supervisors"] for process in own),
            "pid": one[0],
        }


def main() -> None:
    """Run the module."""
    words = {"type": "list", "elements": "str"}
    module = AnsibleModule(
        argument_spec={
            "start": words | {"required": True},
            "stop": words | {"required": True},
            "pid": words | {"required": True},
            "url": {"type": "str", "required": True},
            "count": {"type": "int", "default": 1},
            "body": {"type": "str", "default": "5 6"},
            "answer": {"type": "str", "default": "11"},
            "supervisors": words | {"default": []},
            "starts": {"type": "int", "default": 5},
            "requests": {"type": "int", "default": 500},
            "callers": {"type": "int", "default": 4},
            "load_seconds": {"type": "float", "default": 3},
            "timeout": {"type": "int", "default": 120},
            "keep": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    least = dict.fromkeys(("count", "starts", "requests", "callers", "timeout"), 1.0)
    least["load_seconds"] = 0.1
    for name, number in least.items():
        if params[name] < number:
            module.fail_json(msg=f"{name} is {params[name]}, but at least {number:g} is needed")
    if module.check_mode:
        module.exit_json(changed=True)
    trial = Trial(params)
    try:
        result = trial.measure()
    except (TrialError, ValueError) as error:
        for instance in reversed(trial.running):
            # The first reason is the one to tell; a command that cannot stop what never ran is no other.
            with suppress(TrialError):
                run(instance.stop, params["timeout"])
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, **result)


if __name__ == "__main__":
    main()
