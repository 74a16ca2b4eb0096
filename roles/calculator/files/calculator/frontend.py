"""The frontend: an expression in, its result out, and a page for people."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import json
import pkgutil
import re
from typing import Any, cast

from tornado.web import Application

from .backends import Backends, ServiceError
from .config import Config
from .evaluation import Outcome, Step, evaluate
from .expression import Limits, MalformedExpressionError, parse
from .numerals import format_number, json_number
from .web import Handler, Health, RefusedError, log_request


class _Calculator(Handler):
    @property
    def backends(self) -> Backends:
        """The services, and what is known of them."""
        return cast(Backends, self.settings["backends"])

    async def respond(self, body: str) -> None:
        outcome = await self._evaluate(self._expression(body))
        if self.wants_json():
            self.write_json(
                {"result": json_number(outcome.result), "steps": [_describe(step) for step in outcome.steps]}
            )
        else:
            # The second line end is what a service's answer ends with; the original passed it on.
            from_service = "\r\n" if outcome.steps else ""
            self.finish(f"result = {format_number(outcome.result)}\r\n{from_service}")

    def _expression(self, body: str) -> str:
        if not self.names_json("Content-Type"):
            return body
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        expression = content.get("expression") if isinstance(content, dict) else None
        if not isinstance(expression, str):
            raise RefusedError(400, 'expected a JSON object like {"expression": "(5+6)*2"}')
        return expression

    async def _evaluate(self, expression: str) -> Outcome:
        config = self.config
        limits = Limits(config.max_expression_length, config.max_nesting, config.max_operations)
        deadline = asyncio.get_running_loop().time() + config.evaluation_timeout
        try:
            return await evaluate(
                parse(expression, limits), functools.partial(self.backends.ask, deadline=deadline)
            )
        except MalformedExpressionError as error:
            raise RefusedError(400, str(error), position=error.position) from None
        except ServiceError as error:
            raise RefusedError(error.status, str(error)) from None


def _describe(step: Step) -> dict[str, Any]:
    return {
        "operation": step.operation,
        "operands": [json_number(step.left), json_number(step.right)],
        "result": json_number(step.answer.value),
        "service": step.answer.service,
        "seconds": round(step.answer.seconds, 6),
    }


class _Health(Health, _Calculator):
    async def get(self) -> None:
        self.unfinished.add(self)
        self.write_json(self.state() | {"backends": await self.backends.health()})


class _Page(_Calculator):
    async def get(self) -> None:
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", self.settings["policy"])
        self.set_header("Referrer-Policy", "no-referrer")
        self.finish(self.settings["page"])


def _content_security_policy(page: bytes) -> str:
    """Allow exactly the page's own style and script, by their hashes, and requests to where it came from."""

    def allowed(element: str) -> str:
        pattern = rb"<%b>(.*?)</%b>" % (element.encode(), element.encode())
        digests = (hashlib.sha256(text).digest() for text in re.findall(pattern, page, re.DOTALL))
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    return (
        f"default-src 'none'; script-src {allowed('script')}; style-src {allowed('style')}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def application(config: Config) -> Application:
    """Return what the frontend of this configuration answers."""
    page = pkgutil.get_data(__package__, "page.html") or b""
    return Application(
        [("/", _Page), ("/healthz", _Health), (".*", _Calculator)],
        config=config,
        backends=Backends(config),
        page=page,
        policy=_content_security_policy(page),
        log_function=log_request,
    )
