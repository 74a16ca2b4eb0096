"""A service that knows one operation: ``5 6`` -> ``11``."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from tornado.web import Application

from .config import Config
from .numerals import format_number, json_number, parse_number
from .web import Handler, Health, RefusedError, log_request


def divide(left: float, right: float) -> float:
    """Divide as IEEE 754 and JavaScript do: by zero is an infinity, zero by zero is NaN."""
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


COMPUTE: dict[str, Callable[[float, float], float]] = {
    "sum": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": divide,
}


class _Operation(Handler):
    async def respond(self, body: str) -> None:
        try:
            left, right = (parse_number(word) for word in body.split())
        except ValueError:
            raise RefusedError(
                400, f"expected two numbers and a space between them, found {body[:40]!r}"
            ) from None
        result = COMPUTE[self.config.service](left, right)
        if self.wants_json():
            self.write_json({"result": json_number(result)})
        else:
            self.finish(f"{format_number(result)}\r\n")


class _Health(Health, _Operation):
    pass


def application(config: Config) -> Application:
    """Return what the service of this configuration answers."""
    return Application([("/healthz", _Health), (".*", _Operation)], config=config, log_function=log_request)
