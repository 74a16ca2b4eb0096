"""The edge to the machine: start an instance, ask it, look at its processes, stop it; note the seconds."""

from __future__ import annotations

import http.client
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from . import memory, processes

REPEATS = 3
"""Samples of what is measured for a while."""

# Between two attempts to get the first answer.
_PAUSE = 0.01
# Seconds until an attempt is given up, or this part of the time since the start if that is more. So late may
# the first answer be seen.
_GIVE_UP = 0.3
_GIVE_UP_PART = 0.05


class TrialError(Exception):
    """Something did not work; the message says what, and why if that is known."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance: the commands that start it, stop it and print its first process, and its address."""

    start: Sequence[str]
    stop: Sequence[str]
    pid: Sequence[str]
    url: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what the answer has to be."""

    body: str
    answer: str


def run(command: Sequence[str], seconds: float) -> str:
    """Run a command and return what it says; TrialError if it fails."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TrialError(f"{command[0]}: {error}") from None
    if done.returncode:
        raise TrialError(f"{' '.join(command[:3])}: status {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


class Caller:
    """A client that keeps its connection, as the calculator's frontend does."""

    def __init__(self, url: str, seconds: float) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)

    def ask(self, question: Question) -> float:
        """Ask once and return the seconds.

        OSError or HTTPException if there is no answer, TrialError if it is a wrong one.
        """
        began = time.perf_counter()
        answer = self.answer(question.body)
        seconds = time.perf_counter() - began
        if answer != question.answer:
            raise TrialError(f"the answer to {question.body} was {answer[:60]!r}, not {question.answer!r}")
        return seconds

    def answer(self, body: str) -> str:
        """Return what is answered, whatever that is; OSError or HTTPException if there is no answer."""
        self._connection.request("POST", "/", body)
        return self._connection.getresponse().read().decode(errors="replace").strip()

    def close(self) -> None:
        self._connection.close()


def first_answer(instance: Instance, question: Question, seconds: float) -> float:
    """Start an instance and return the seconds from the command to the first right answer."""
    began = time.perf_counter()
    run(instance.start, seconds)
    reason = "nothing was asked"
    while (passed := time.perf_counter() - began) < seconds:
        # A port forward takes a connection to a machine that boots, and never answers: give it up soon. A
        # machine that is too busy for that is given more time later.
        caller = Caller(instance.url, min(seconds - passed, max(_GIVE_UP, _GIVE_UP_PART * passed)))
        try:
            caller.ask(question)
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
            time.sleep(_PAUSE)
        else:
            return time.perf_counter() - began
        finally:
            caller.close()
    raise TrialError(f"{instance.url} gave no answer within {seconds:.0f} s: {reason}")


def answers(url: str, question: Question, count: int, seconds: float) -> list[float]:
    """Ask one question after the other on one connection and return the seconds of each."""
    caller = Caller(url, seconds)
    try:
        # Not counted: what is made at the first request only.
        caller.ask(question)
        return [caller.ask(question) for _ in range(count)]
    except (OSError, http.client.HTTPException) as error:
        raise TrialError(f"{url}: {error}") from None
    finally:
        caller.close()


def rate(url: str, question: Question, callers: int, seconds: float) -> float:
    """Ask from several connections at once for some time and return the answers a second."""
    counts = [0] * callers
    failures: list[str] = []
    end = time.perf_counter() + seconds

    def ask(number: int) -> None:
        caller = Caller(url, 30)
        try:
            while time.perf_counter() < end:
                caller.ask(question)
                counts[number] += 1
        except (OSError, http.client.HTTPException, TrialError) as error:
            failures.append(f"{url}: {error}")
        finally:
            caller.close()

    began = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise TrialError(failures[0])
    return sum(counts) / (time.perf_counter() - began)


def ask_all(instances: Mapping[str, tuple[str, float]], body: str) -> dict[str, str]:
    """Return what each instance answers, by its name; an empty string where nothing comes.

    An instance is its address and the seconds that it has for the answer. All are asked at the same time.
    """

    def ask(url: str, seconds: float) -> str:
        caller = Caller(url, seconds)
        try:
            return caller.answer(body)
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            caller.close()

    with ThreadPoolExecutor(max_workers=max(1, len(instances))) as pool:
        asked = {name: pool.submit(ask, *instance) for name, instance in instances.items()}
    return {name: answer.result() for name, answer in asked.items()}


def root(instance: Instance, seconds: float) -> int:
    """Return the first process of an instance."""
    said = run(instance.pid, seconds).strip()
    if not said.isdigit() or said == "0":
        raise TrialError(f"{instance.pid[0]}: {said!r} is no process")
    return int(said)


def everything() -> list[processes.Process]:
    """Return all processes of the machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        # It may have ended meanwhile.
        with suppress(OSError, ValueError):
            found.append(processes.parse(path.read_text(errors="replace")))
    return found


def members(pids: Sequence[int], supervisors: Sequence[str]) -> list[processes.Process]:
    """Return the processes of instances, each known by its first; TrialError if one of those is gone."""
    there = everything()
    families = {pid: processes.family(pid, there, supervisors) for pid in pids}
    if gone := [pid for pid, found in families.items() if not found]:
        raise TrialError(
            f"the process {gone[0]}, the first of its instance, is gone; where an answer still came, another "
            "program has given it"
        )
    return [process for found in families.values() for process in found]


def footprint(family: Sequence[processes.Process]) -> int:
    """Return the KiB that these processes take together; TrialError if the kernel does not say."""
    taken = 0
    for process in family:
        directory = Path("/proc") / str(process.pid)
        try:
            path = directory / "smaps_rollup"
            taken += memory.pss((path if path.exists() else directory / "smaps").read_text())
        except PermissionError as error:
            raise TrialError(f"{error.filename}: only root may read it") from None
        except OSError:
            # It has ended meanwhile.
            continue
    return taken


def idle(
    instances: Mapping[str, tuple[int, Sequence[str]]], seconds: float, repeats: int
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Return the percentages of one processor that each instance uses while nobody asks any, and who is gone.

    An instance is its first process and the names of its supervisors. One that is gone has a reason instead.
    """
    looks: list[tuple[float, dict[str, list[processes.Process]]]] = []
    gone: dict[str, str] = {}
    for number in range(repeats + 1):
        if number:
            time.sleep(seconds)
        seen: dict[str, list[processes.Process]] = {}
        for name, (pid, supervisors) in instances.items():
            try:
                seen[name] = members([pid], supervisors)
            except TrialError as error:
                gone.setdefault(name, str(error))
        looks.append((time.perf_counter(), seen))
    ticks = os.sysconf("SC_CLK_TCK")
    shares = {
        name: [
            processes.busy(before[name], after[name], ticks, end - begin)
            for (begin, before), (end, after) in pairwise(looks)
        ]
        for name in instances
        if name not in gone
    }
    return shares, gone


def tick(seconds: float) -> float:
    """Return the percentage of one processor that one tick of the kernel's clock makes in so many seconds."""
    return 100 / os.sysconf("SC_CLK_TCK") / seconds
