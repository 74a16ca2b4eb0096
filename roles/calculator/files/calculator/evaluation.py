"""Carry out a calculation: every operation is asked of somebody else, independent ones at the same time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .expression import Calculation, Operand, Reference


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


# More would only wait, and what waits takes memory, for each of the users.
_AT_ONCE = 8

Ask = Callable[[str, float, float], Awaitable[Answer]]


async def evaluate(calculation: Calculation, ask: Ask) -> Outcome:
    """Carry out *calculation* by calling *ask*; its first error stops the rest and is raised here."""
    operations = calculation.operations
    steps: dict[int, Step] = {}
    user = {
        operand.index: index
        for index, operation in enumerate(operations)
        for operand in (operation.left, operation.right)
        if isinstance(operand, Reference)
    }

    def is_known(operand: Operand) -> bool:
        return not isinstance(operand, Reference) or operand.index in steps

    def is_ready(index: int) -> bool:
        return is_known(operations[index].left) and is_known(operations[index].right)

    def value(operand: Operand) -> float:
        return steps[operand.index].answer.value if isinstance(operand, Reference) else operand

    ready = deque(filter(is_ready, range(len(operations))))

    # Each result is used once, so a worker that has found one goes on with what that was for, if anything.
    async def work() -> None:
        while ready:
            index = ready.popleft()
            operation = operations[index]
            left, right = value(operation.left), value(operation.right)
            steps[index] = Step(operation.name, left, right, await ask(operation.name, left, right))
            if index in user and is_ready(user[index]):
                ready.append(user[index])

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(len(ready), _AT_ONCE)):
                group.create_task(work())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return Outcome(value(calculation.result), tuple(steps[index] for index in range(len(operations))))
