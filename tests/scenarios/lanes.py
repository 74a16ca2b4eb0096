"""Run molecule scenarios in the background, side by side where they can be, each into a log of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

POLL = 0.2
"""Seconds between two looks at a log that is still being written."""
PATIENCE = 20
"""Seconds for an interrupted scenario to end by itself."""

Stages = Sequence[Sequence[Sequence[str]]]
"""One stage after another; the lanes of a stage at the same time; the scenarios of a lane in their order."""


class Scenario:
    """A run of one scenario, waiting, under way or over.

    `skipped` is the reason why it was not run, `seconds` how long it took. `returncode` is None where it
    could not begin.
    """

    def __init__(self, command: Sequence[str], root: Path, log: Path) -> None:
        self.command, self.root, self.log = command, root, log
        self.over = threading.Event()
        self.skipped = ""
        self.returncode: int | None = None
        self.seconds = 0.0
        self._starting = threading.Lock()
        self._stopped = False
        self._process: subprocess.Popen[bytes] | None = None
        log.write_bytes(b"")

    def run(self) -> None:
        """Run it to its end, unless that is forbidden; OSError if it cannot even begin."""
        begun = time.monotonic()
        with self.log.open("wb") as log:
            with self._starting:
                if self._stopped:
                    return
                # A group of its own: Ctrl-C reaches the tests alone, and they interrupt the rest.
                self._process = subprocess.Popen(
                    self.command, cwd=self.root, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
                )
            self.returncode = self._process.wait()
        self.seconds = time.monotonic() - begun

    def forbid(self) -> None:
        """Keep it from beginning."""
        with self._starting:
            self._stopped = True

    def interrupt(self) -> None:
        """End it, and all that it has started; by force where asking does not help."""
        # What is over has given its number back, and somebody else may have it by now.
        if self._process is None or self.over.is_set():
            return
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            # Its leader ends at once; Ansible, which it leaves behind, first ends its workers.
            while time.monotonic() < deadline:
                os.killpg(self._process.pid, 0)
                time.sleep(POLL)
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def lines(self) -> Iterator[str]:
        """Give the lines of its output as they come, until it is over."""
        begun = ""
        with self.log.open(errors="replace") as log:
            while True:
                last = self.over.is_set()
                for piece in iter(log.readline, ""):
                    begun += piece
                    if begun.endswith("\n"):
                        yield begun
                        begun = ""
                if last:
                    if begun:
                        yield begun
                    return
                self.over.wait(POLL)


class Lanes:
    """Scenarios that run in the background, in the order of their stages.

    `obstacle` is asked just before a scenario's turn and returns why it cannot run here, or nothing.
    """

    def __init__(
        self, stages: Stages, scenarios: dict[str, Scenario], obstacle: Callable[[str], str]
    ) -> None:
        self.scenarios = scenarios
        self._stages = stages
        self._obstacle = obstacle

    def start(self) -> None:
        """Begin; the scenarios' `over` tell how far it has come."""
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Interrupt what runs, and run nothing more."""
        for scenario in self.scenarios.values():
            scenario.forbid()
        for scenario in self.scenarios.values():
            scenario.interrupt()

    def _run(self) -> None:
        for stage in self._stages:
            lanes = [threading.Thread(target=self._run_lane, args=(lane,), daemon=True) for lane in stage]
            for lane in lanes:
                lane.start()
            for lane in lanes:
                lane.join()

    def _run_lane(self, names: Collection[str]) -> None:
        for name in names:
            scenario = self.scenarios.get(name)
            if scenario is None:
                continue
            try:
                scenario.skipped = self._obstacle(name)
                if not scenario.skipped:
                    scenario.run()
            except Exception as error:  # The lane goes on, and the log says what happened.
                with scenario.log.open("a") as log:
                    log.write(f"[ERROR]: {error!r}\n")
            finally:
                scenario.over.set()
