"""The services behind the frontend: who answers an operation, and what to do when one does not."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.simple_httpclient import HTTPTimeoutError, SimpleAsyncHTTPClient

from .config import Config
from .evaluation import Answer
from .expression import OPERATIONS
from .numerals import format_number, parse_number

# More calls of an operation at a time would only queue in its services.
_CALLS_AT_A_TIME = 64
_LARGEST_ANSWER = 4096
_PAUSE_BEFORE_RETRY = 0.1
# An address that failed is tried after the others for so long, else every second user waits for it.
_DISTRUST_SECONDS = 10.0
_HEALTH_TIMEOUT = 2.0


class ServiceError(Exception):
    """No service answered an operation; *status* is the HTTP status that says so."""

    status = 502


class ServiceSlowError(ServiceError):
    """A service took the request and did not answer in time."""

    status = 504


class _UnreachableError(ServiceError):
    """Nothing at the address took the request, which is worth another attempt."""


class Backends:
    """Ask the configured services, each operation's addresses in turn."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._addresses = {name: deque(config.backends.get(name, ())) for name in OPERATIONS.values()}
        self._distrusted_until: dict[str, float] = {}
        # Each operation has calls of its own, else one hung service takes them all.
        self._free = {name: asyncio.Semaphore(_CALLS_AT_A_TIME) for name in self._addresses}
        self._health_check: asyncio.Task[dict[str, list[dict[str, Any]]]] | None = None
        # The client's own queue has timeouts that cannot be told from those of a service: keep it empty.
        self._client = SimpleAsyncHTTPClient(
            force_instance=True, max_clients=2**16, max_body_size=_LARGEST_ANSWER
        )

    async def ask(self, operation: str, left: float, right: float, *, deadline: float) -> Answer:
        """Return the answer of a service for *operation*; raise ServiceError naming operation and addresses.

        *deadline* is the event loop's time at which the whole evaluation has to be over.
        """
        problem = f"was not asked, because {_CALLS_AT_A_TIME} other calls had not been answered"
        try:
            async with asyncio.timeout_at(deadline), self._free[operation]:
                problem = "had not answered"
                return await self._try_all(operation, f"{format_number(left)} {format_number(right)}")
        except TimeoutError:
            raise ServiceSlowError(
                f"{self._describe(operation)} {problem} "
                f"when the {self._config.evaluation_timeout:g} s for the whole expression were over"
            ) from None

    async def _try_all(self, operation: str, body: str) -> Answer:
        give_up = time.monotonic() + self._config.retry_seconds
        while True:
            failures: list[ServiceError] = []
            for address in self._in_turn(operation):
                try:
                    return await self._call(address, body)
                except ServiceError as error:
                    self._distrusted_until[address] = time.monotonic() + _DISTRUST_SECONDS
                    failures.append(error)
            retry = any(isinstance(error, _UnreachableError) for error in failures)
            if not retry or time.monotonic() >= give_up:
                raise self._verdict(operation, failures)
            await asyncio.sleep(_PAUSE_BEFORE_RETRY)

    def _in_turn(self, operation: str) -> list[str]:
        addresses = self._addresses[operation]
        addresses.rotate(-1)
        now = time.monotonic()
        return sorted(addresses, key=lambda address: self._distrusted_until.get(address, 0.0) > now)

    async def _call(self, address: str, body: str) -> Answer:
        started = time.monotonic()
        response = await self._fetch(address, body)
        text = response.body.decode(errors="replace").strip()
        if response.code != 200:
            raise ServiceError(f"{address} answered {response.code} {text[:80]!r}")
        try:
            value = parse_number(text)
        except ValueError:
            raise ServiceError(f"{address} answered {text[:80]!r}, which is no number") from None
        self._distrusted_until.pop(address, None)
        return Answer(value, address, time.monotonic() - started)

    async def _fetch(self, address: str, body: str) -> HTTPResponse:
        connected = False

        def send(write: Callable[[bytes], None]) -> asyncio.Future[None]:
            nonlocal connected
            connected = True
            write(body.encode())
            written = asyncio.get_running_loop().create_future()
            written.set_result(None)
            return written

        request = HTTPRequest(
            address,
            method="POST",
            headers={"Content-Type": "text/plain", "Content-Length": str(len(body))},
            body_producer=send,
            connect_timeout=self._config.connect_timeout,
            request_timeout=self._config.service_timeout,
            follow_redirects=False,
        )
        try:
            return await self._client.fetch(request, raise_error=False)
        except (HTTPClientError, OSError, UnicodeError) as error:
            if connected and isinstance(error, HTTPTimeoutError):
                limit = self._config.service_timeout
                raise ServiceSlowError(f"{address} did not answer within {limit:g} s") from None
            raise _UnreachableError(f"{address}: {_reason(error)}") from None

    def _verdict(self, operation: str, failures: list[ServiceError]) -> ServiceError:
        if not failures:
            return ServiceError(f"no address is configured for the service {operation}")
        message = f"the service {operation} failed: {'; '.join(map(str, failures))}"
        slow = any(isinstance(error, ServiceSlowError) for error in failures)
        return ServiceSlowError(message) if slow else ServiceError(message)

    def _describe(self, operation: str) -> str:
        return f"the service {operation} at {', '.join(sorted(self._addresses[operation]))}"

    async def health(self) -> dict[str, list[dict[str, Any]]]:
        """Return for each operation, and each of its addresses, whether the service there is well.

        Whoever asks while the services are being asked gets the same answer: many monitors cost one.
        """
        if self._health_check is None or self._health_check.done():
            self._health_check = asyncio.create_task(self._probe_all())
        return await asyncio.shield(self._health_check)

    async def _probe_all(self) -> dict[str, list[dict[str, Any]]]:
        pairs = [(name, address) for name, found in self._addresses.items() for address in sorted(found)]
        states = await asyncio.gather(*(self._probe(name, address) for name, address in pairs))
        health: dict[str, list[dict[str, Any]]] = {name: [] for name in self._addresses}
        for (name, _), state in zip(pairs, states, strict=True):
            health[name].append(state)
        return health

    async def _probe(self, operation: str, address: str) -> dict[str, Any]:
        request = HTTPRequest(
            f"{address.rstrip('/')}/healthz",
            connect_timeout=_HEALTH_TIMEOUT,
            request_timeout=_HEALTH_TIMEOUT,
            follow_redirects=False,
        )
        state: dict[str, Any] = {"url": address, "reachable": False}
        try:
            response = await self._client.fetch(request, raise_error=False)
        except (HTTPClientError, OSError, UnicodeError) as error:
            return state | {"problem": _reason(error)}
        try:
            answer = json.loads(response.body)
            name = answer["service"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return state | {"problem": f"answered {response.code}, but not as a calculator service"}
        if name != operation:
            return state | {"problem": f"answered as {name}"}
        return state | {"reachable": True, "version": answer.get("version")}


def _reason(error: Exception) -> str:
    """Say in lower case and without numbers of errors why a connection failed."""
    text = (
        error.message if isinstance(error, HTTPClientError) else getattr(error, "strerror", "") or str(error)
    )
    return str(text)[:1].lower() + str(text)[1:]
