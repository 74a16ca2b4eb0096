"""Infix expressions: from text to the list of operations that compute it.

Grammar, white space between tokens ignored::

    sum     = product { ("+" | "-") product }          left associative
    product = signed { ("*" | "/") signed }            left associative
    signed  = { "+" | "-" } ( number | "(" sum ")" )   binds tightest: -2*3 is (-2)*3
    number  = decimal digits with optional point and exponent: 2, .5, 1.5e-3

A sign before a number belongs to the number. The negation of anything else is the operation ``0 - x``,
because the frontend calculates nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

OPERATIONS = {"+": "sum", "-": "sub", "*": "mul", "/": "div"}


@dataclass(frozen=True, slots=True)
class Reference:
    """The result of an earlier operation, by its index in the calculation."""

    index: int


Operand = float | Reference


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of one service: *name* is sum, sub, mul or div."""

    name: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Calculation:
    """Operations, each after those it refers to, as a person would do them, and where the result is."""

    operations: tuple[Operation, ...]
    result: Operand


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest expression accepted: characters, levels of parentheses, operations."""

    length: int = 1000
    nesting: int = 50
    operations: int = 200


class MalformedExpressionError(ValueError):
    """The text is no expression: *reason* says what was expected, *position* counts characters from 1."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"at character {position}: {reason}")
        self.position = position


@dataclass(frozen=True, slots=True)
class _Token:
    """A number or one of ``+ - * / ( )``; the empty text is the end of the expression."""

    text: str
    position: int

    def __str__(self) -> str:
        return repr(self.text) if self.text else "the end"


_TOKEN = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[-+*/()]", re.ASCII)
_SPACE = re.compile(r"\s*")
_NUMBER_STARTS = frozenset("0123456789.")


def parse(text: str, limits: Limits | None = None) -> Calculation:
    """Return the calculation that *text* describes; raise MalformedExpressionError with place and reason."""
    return _Parser(text, limits or Limits()).parse()


def _tokenize(text: str) -> Iterator[_Token]:
    place = 0
    while (place := _skip_space(text, place)) < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise MalformedExpressionError(f"{text[place]!r} has no meaning here", place + 1)
        yield _Token(match.group(), place + 1)
        place = match.end()
    yield _Token("", len(text) + 1)


def _skip_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place


class _Parser:
    """Recursive descent, one method a rule of the grammar; recursion is bounded by the nesting limit."""

    def __init__(self, text: str, limits: Limits) -> None:
        if len(text) > limits.length:
            raise MalformedExpressionError(
                f"the expression has {len(text)} characters, at most {limits.length} are allowed",
                limits.length + 1,
            )
        self._limits = limits
        self._tokens = _tokenize(text)
        self._token = next(self._tokens)
        self._nesting = 0
        self._operations: list[Operation] = []

    def parse(self) -> Calculation:
        if not self._token.text:
            raise MalformedExpressionError("the expression is empty", self._token.position)
        result = self._sum()
        if self._token.text:
            raise self._expected("an operator or the end")
        return Calculation(tuple(self._operations), result)

    def _sum(self) -> Operand:
        left = self._product()
        while (sign := self._token).text in ("+", "-"):
            self._advance()
            left = self._operation(sign, left, self._product())
        return left

    def _product(self) -> Operand:
        left = self._signed()
        while (sign := self._token).text in ("*", "/"):
            self._advance()
            left = self._operation(sign, left, self._signed())
        return left

    def _signed(self) -> Operand:
        first, negative = self._token, False
        while self._token.text in ("+", "-"):
            negative ^= self._token.text == "-"
            self._advance()
        operand = self._number() if self._token.text != "(" else self._parenthesised()
        if not negative:
            return operand
        return -operand if isinstance(operand, float) else self._operation(first, 0.0, operand, "sub")

    def _number(self) -> float:
        token = self._token
        if token.text[:1] not in _NUMBER_STARTS or not token.text:
            raise self._expected("a number, a sign or '('")
        self._advance()
        return float(token.text)

    def _parenthesised(self) -> Operand:
        if self._nesting == self._limits.nesting:
            raise MalformedExpressionError(
                f"more than {self._limits.nesting} nested parentheses", self._token.position
            )
        self._nesting += 1
        self._advance()
        inner = self._sum()
        if self._token.text != ")":
            raise self._expected("an operator or ')'")
        self._advance()
        self._nesting -= 1
        return inner

    def _operation(self, sign: _Token, left: Operand, right: Operand, name: str = "") -> Reference:
        if len(self._operations) == self._limits.operations:
            raise MalformedExpressionError(f"more than {self._limits.operations} operations", sign.position)
        self._operations.append(Operation(name or OPERATIONS[sign.text], left, right))
        return Reference(len(self._operations) - 1)

    def _advance(self) -> None:
        self._token = next(self._tokens)

    def _expected(self, what: str) -> MalformedExpressionError:
        return MalformedExpressionError(f"expected {what}, found {self._token}", self._token.position)
