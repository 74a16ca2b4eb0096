"""Carry out a calculation: every operation is asked of somebody else, independent ones at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .expression import Calculation, Operand, Operation, Reference


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said: the number, the service's address and how long it took in seconds."""

    value: float
    service: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Step:
    """One operation that was carried out."""

    operation: str
    left: float
    right: float
    answer: Answer


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result, and the steps to it in the calculation's own order, whatever order they finished in."""

    result: float
    steps: tuple[Step, ...]


Ask = Callable[[str, float, float], Awaitable[Answer]]


async def evaluate(calculation: Calculation, ask: Ask) -> Outcome:
    """Carry out *calculation* by calling *ask*; its first error stops the rest and is raised here."""
    tasks: list[asyncio.Task[Step]] = []

    async def value(operand: Operand) -> float:
        return (await tasks[operand.index]).answer.value if isinstance(operand, Reference) else operand

    async def carry_out(operation: Operation) -> Step:
        left, right = await value(operation.left), await value(operation.right)
        return Step(operation.name, left, right, await ask(operation.name, left, right))

    try:
        async with asyncio.TaskGroup() as group:
            tasks.extend(group.create_task(carry_out(operation)) for operation in calculation.operations)
    except ExceptionGroup as failures:
        # An operation that waited for a failed one fails with the same error, so the first is the cause.
        raise failures.exceptions[0] from None
    return Outcome(await value(calculation.result), tuple(task.result() for task in tasks))
