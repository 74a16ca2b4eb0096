# Copyright: Cloud Lab maintainers
# SPDX-License-Identifier: Apache-2.0
"""Ansible's own screen output, but headings come in time, waiting is calm and refusals are to the point."""

from __future__ import annotations

DOCUMENTATION = """
name: announcing
type: stdout
short_description: Ansible's default output, in time and to the point
description:
  - With C(display_skipped_hosts=false) the default output prints a task's heading together with its first
    result, since a task that is skipped everywhere shall have none. This one prints the heading as soon as a
    task has taken three seconds.
  - A task that asks again until something is there has not failed. Of its tries this one prints the first and
    every tenth, as waiting; with C(-vvv) each, with its result.
  - Of a role's variables that are refused it prints what is wrong with them, without the specification of all
    its variables; with C(-v) that too.
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - set as stdout in configuration
"""

import sys
import threading
from typing import Any

from ansible.constants import COLOR_DEBUG
from ansible.plugins.callback.default import CallbackModule as DefaultCallback

PATIENCE = 3.0
"""Seconds without a result after which a task is worth a heading."""
EVERY = 10
"""Of so many tries to get what a task waits for, one is printed."""
VALIDATIONS = frozenset({"ansible.builtin.validate_argument_spec", "validate_argument_spec"})
BESIDES_THE_MESSAGE = ("argument_errors", "argument_spec_data", "validate_args_context")


class CallbackModule(DefaultCallback):
    """The default output with a clock and with fewer words."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "announcing"

    def __init__(self) -> None:
        super().__init__()
        self._printing = threading.RLock()
        self._clock = threading.Timer(0, lambda: None)
        self._running: Any = None

    def _start_clock(self, task: Any) -> None:
        """Give a task its time; None: nothing runs that could be announced."""
        self._clock.cancel()
        self._running = task
        if task is not None:
            self._clock = threading.Timer(PATIENCE, self._announce, [task])
            self._clock.daemon = True
            self._clock.start()

    def _announce(self, task: Any) -> None:
        with self._printing:
            # It may have ended while this waited to print.
            if self._running is task:
                self._print_task_banner(task)
                sys.stdout.flush()

    def _task_start(self, task: Any, prefix: str | None = None) -> None:
        with self._printing:
            super()._task_start(task, prefix)
            self._start_clock(task)

    def _print_task_banner(self, task: Any) -> None:
        with self._printing:
            if self._last_task_banner != task._uuid:
                super()._print_task_banner(task)

    def v2_runner_retry(self, result: Any) -> None:
        if self._run_is_verbose(result, verbosity=2):
            super().v2_runner_retry(result)
            return
        tries = result.result["attempts"]
        if tries % EVERY == 1:
            with self._printing:
                self._print_task_banner(result.task)
                of = f"try {tries} of at most {result.result['retries']}"
                self._display.display(f"waiting: [{self.host_label(result)}] ({of})", color=COLOR_DEBUG)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        with self._printing:
            self._start_clock(None)
            super().v2_playbook_on_play_start(play)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        with self._printing:
            self._start_clock(None)
            super().v2_playbook_on_stats(stats)

    def _clean_results(self, result: Any, task_name: str) -> None:
        super()._clean_results(result, task_name)
        if task_name in VALIDATIONS and not self._display.verbosity:
            for key in BESIDES_THE_MESSAGE:
                result.pop(key, None)
