"""Expressions against Python's own arithmetic, and every way in which a text can fail to be one."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.evaluation import Answer, Outcome, evaluate
from calculator.expression import Calculation, Limits, MalformedExpressionError, Operation, Reference, parse
from calculator.service import COMPUTE

SIGNS: dict[str, Callable[[float, float], float]] = {
    "+": COMPUTE["sum"],
    "-": COMPUTE["sub"],
    "*": COMPUTE["mul"],
    "/": COMPUTE["div"],
}


async def compute(operation: str, left: float, right: float) -> Answer:
    return Answer(COMPUTE[operation](left, right), f"http://{operation}", 0.0)


def calculate(text: str) -> Outcome:
    return asyncio.run(evaluate(parse(text), compute))


@dataclass(frozen=True)
class Written:
    """An expression as text, its value by Python's arithmetic and how tightly its outermost part binds."""

    text: str
    value: float
    binding: int

    def inside(self, binding: int) -> str:
        return self.text if self.binding >= binding else f"({self.text})"


SUM, PRODUCT, SIGNED, ATOM = range(4)
spaces = st.sampled_from(["", "", "", " ", "\t", " \n "])
numbers = st.floats(min_value=0, max_value=1e9).map(
    lambda value: Written(repr(value), value, ATOM)
) | st.integers(0, 10**6).map(lambda value: Written(str(value), float(value), ATOM))


@st.composite
def binaries(draw: st.DrawFn, parts: st.SearchStrategy[Written]) -> Written:
    left, right, sign = draw(parts), draw(parts), draw(st.sampled_from("+-*/"))
    binding = SUM if sign in "+-" else PRODUCT
    text = f"{left.inside(binding)}{draw(spaces)}{sign}{draw(spaces)}{right.inside(binding + 1)}"
    return Written(text, SIGNS[sign](left.value, right.value), binding)


@st.composite
def signed(draw: st.DrawFn, parts: st.SearchStrategy[Written]) -> Written:
    inner, sign = draw(parts), draw(st.sampled_from("+-"))
    return Written(
        f"{sign}{draw(spaces)}{inner.inside(SIGNED)}", -inner.value if sign == "-" else inner.value, SIGNED
    )


def compound(parts: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    return (
        binaries(parts) | signed(parts) | parts.map(lambda part: Written(f"({part.text})", part.value, ATOM))
    )


expressions = st.recursive(numbers, compound, max_leaves=25)


@given(expressions)
def test_the_result_is_that_of_pythons_arithmetic(written: Written) -> None:
    limits = Limits(length=10_000, nesting=200)
    result = asyncio.run(evaluate(parse(written.text, limits), compute)).result
    assert result == written.value or (math.isnan(result) and math.isnan(written.value))


@given(expressions)
def test_python_itself_reads_the_same(written: Written) -> None:
    """The strategy's own value is only a proof if Python's parser agrees with how it places parentheses."""
    try:
        expected = eval(" ".join(written.text.split()), {"__builtins__": {}})
    except (ZeroDivisionError, OverflowError):
        return
    assert expected == pytest.approx(written.value, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("(5+6)*2", 22),
        ("2+3*4", 14),
        ("8-3-2", 3),
        ("10/2/5", 1),
        ("10/3", 10 / 3),
        ("0.1+0.2", 0.1 + 0.2),
        ("1e3+1", 1001),
        ("5", 5),
        ("5/0", math.inf),
        ("-3+2", -1),
        ("2*-3", -6),
        ("-(1+2)", -3),
        ("--3", 3),
        ("5--3", 8),
        ("-2*-3", 6),
        ("+4", 4),
        (".5 + 1.", 1.5),
        (" 1\n+\t2 ", 3),
        ("1e-3*1E+3", 1),
    ],
)
def test_known_results(text: str, result: float) -> None:
    assert calculate(text).result == result


def test_zero_by_zero_is_not_a_number() -> None:
    assert math.isnan(calculate("0/0").result)


def test_a_sign_belongs_to_a_number_and_is_an_operation_before_anything_else() -> None:
    assert parse("-3") == Calculation((), -3.0)
    assert parse("-(1+2)") == Calculation(
        (Operation("sum", 1.0, 2.0), Operation("sub", 0.0, Reference(0))), Reference(1)
    )


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 1, "the expression is empty"),
        ("  \n", 4, "the expression is empty"),
        ("1 2", 3, "expected an operator or the end, found '2'"),
        ("1+2)", 4, "expected an operator or the end, found ')'"),
        ("(1+2", 5, "expected an operator or ')', found the end"),
        ("()", 2, "expected a number, a sign or '(', found ')'"),
        ("1+", 3, "expected a number, a sign or '(', found the end"),
        ("*1", 1, "expected a number, a sign or '(', found '*'"),
        ("1*/2", 3, "expected a number, a sign or '(', found '/'"),
        ("2(3)", 2, "expected an operator or the end, found '('"),
        ("1.2.3", 4, "expected an operator or the end, found '.3'"),
        ("1e", 2, "'e' has no meaning here"),
        ("7 $ 8", 3, "'$' has no meaning here"),
        ("1+\x00", 3, "'\\x00' has no meaning here"),
        ("1+\u0661", 3, "'\u0661' has no meaning here"),
        (".", 1, "'.' has no meaning here"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, position: int, reason: str) -> None:
    with pytest.raises(MalformedExpressionError) as caught:
        parse(text)
    assert str(caught.value) == f"at character {position}: {reason}"
    assert caught.value.position == position


@given(st.text(alphabet="0123456789.eE+-*/() \n$x", max_size=60) | st.text(max_size=60))
def test_any_text_is_an_expression_or_a_mistake_on_one_line(text: str) -> None:
    try:
        parse(text)
    except MalformedExpressionError as error:
        assert 1 <= error.position <= len(text) + 1
        assert "\n" not in str(error)


def nested(levels: int) -> str:
    return "(" * levels + "1" + ")" * levels


@pytest.mark.parametrize(
    ("largest", "too_large", "reason"),
    [
        ("1" * 1000, "1" * 1001, "1001 characters, at most 1000"),
        (nested(50), nested(51), "more than 50 nested parentheses"),
        ("1" + "+1" * 200, "1" + "+1" * 201, "more than 200 operations"),
        ("-(" * 50 + "1" + ")" * 50, "-(" * 51 + "1" + ")" * 51, "more than 50 nested parentheses"),
        ("-" * 999 + "1", "-" * 1000 + "1", "1001 characters"),
    ],
)
def test_limits(largest: str, too_large: str, reason: str) -> None:
    parse(largest)
    with pytest.raises(MalformedExpressionError, match=reason):
        parse(too_large)


def test_the_deepest_nesting_that_a_configuration_allows_fits_the_stack() -> None:
    assert parse(nested(200), Limits(nesting=200)).result == 1.0


def test_steps_keep_their_order_whatever_finishes_first() -> None:
    async def slow(operation: str, left: float, right: float) -> Answer:
        await asyncio.sleep(random.uniform(0, 0.01))
        return await compute(operation, left, right)

    outcome = asyncio.run(evaluate(parse("(1+2)*(3-4)/(5+6)-7*8"), slow))
    assert [(step.operation, step.left, step.right) for step in outcome.steps] == [
        ("sum", 1, 2),
        ("sub", 3, 4),
        ("mul", 3, -1),
        ("sum", 5, 6),
        ("div", -3, 11),
        ("mul", 7, 8),
        ("sub", -3 / 11, 56),
    ]


def test_independent_operations_run_at_the_same_time() -> None:
    running = most = 0

    async def count(operation: str, left: float, right: float) -> Answer:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1
        return await compute(operation, left, right)

    asyncio.run(evaluate(parse("(1+2)*(3+4)"), count))
    assert most == 2


def test_the_first_failure_ends_the_evaluation() -> None:
    asked: list[str] = []

    async def fail(operation: str, left: float, right: float) -> Answer:
        asked.append(operation)
        raise ConnectionError(operation)

    with pytest.raises(ConnectionError, match="sum"):
        asyncio.run(evaluate(parse("(1+2)*3/4"), fail))
    assert asked == ["sum"]
