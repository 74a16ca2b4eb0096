"""Run steps in a thread pool, each as soon as those it needs are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Node(Protocol):
    """What the executor needs to know of a step."""

    @property
    def key(self) -> str:
        """The step's unique name."""

    @property
    def needs(self) -> frozenset[str]:
        """The keys of the steps that come before it."""


N = TypeVar("N", bound=Node)


@dataclass(frozen=True)
class Outcome(Generic[N]):
    """What came of a run: every step is in exactly one of the three."""

    done: tuple[N, ...]
    failed: tuple[tuple[N, Exception], ...]
    skipped: tuple[N, ...]


def execute(steps: Sequence[N], apply: Callable[[N], None], workers: int = 8) -> Outcome[N]:
    """Apply all `steps`, at most `workers` at a time.

    The first failure stops new steps; those under way are waited for, so that the outcome is the whole truth.
    Raises `ValueError` before anything is applied if a step needs an unknown one or steps need each other.
    """
    check(steps)
    waiting = list(steps)
    done: dict[str, N] = {}
    failed: list[tuple[N, Exception]] = []
    running: dict[Future[None], N] = {}
    with ThreadPoolExecutor(workers) as pool:
        while running or (waiting and not failed):
            if not failed:
                # Only as many as there are workers: what the pool has queued could not be called back.
                ready = [step for step in waiting if step.needs <= done.keys()][: workers - len(running)]
                waiting = [step for step in waiting if step not in ready]
                running |= {pool.submit(apply, step): step for step in ready}
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                step = running.pop(future)
                error = future.exception()
                if error is None:
                    done[step.key] = step
                elif isinstance(error, Exception):
                    failed.append((step, error))
                else:
                    raise error
    return Outcome(tuple(done.values()), tuple(failed), tuple(waiting))


def check(steps: Sequence[N]) -> None:
    """Raise `ValueError` unless the steps can be put in an order in which each comes after those it needs."""
    needs = {step.key: set(step.needs) for step in steps}
    if len(needs) < len(steps):
        raise ValueError("two steps have the same key")
    while needs:
        free = {key for key, before in needs.items() if not before & needs.keys()}
        unknown = {need for before in needs.values() for need in before} - {step.key for step in steps}
        if unknown or not free:
            raise ValueError(f"steps cannot be ordered: {sorted(unknown or needs)}")
        needs = {key: before for key, before in needs.items() if key not in free}
