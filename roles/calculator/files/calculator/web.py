"""What the frontend and the services share: limits, errors, logging, health, orderly start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler, stream_request_body

from . import __version__, systemd
from .config import Config, ConfigError

_LOG = logging.getLogger("calculator")
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"

# An oversized body up to this size is read and thrown away, so that its sender gets to read the answer;
# beyond it the connection is closed at once.
_LARGEST_DISCARDED_BODY = 2**20
_LARGEST_HEADER = 16384
_LONGEST_USER_TIMEOUT = 2**31 - 1
_BACKLOG = 512
# A connection accepted just before the end of the service has its request read within this time.
_LINGER_SECONDS = 0.1
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 29\r\n"
    b"Connection: close\r\n\r\nerror: too many connections\r\n"
)


class CannotListenError(Exception):
    """The address or the port is not to be had now; the message names both."""


class RefusedError(HTTPError):
    """A request that is answered with *status*, one line of explanation and, in JSON, *details*."""

    def __init__(self, status: int, message: str, **details: Any) -> None:
        super().__init__(status)
        self.message = message
        self.details = details


@stream_request_body
class Handler(RequestHandler):
    """POST on any path calls :meth:`respond`; everything else is a clear error."""

    # A stop waits for these, so only for complete requests: a client may take its time for the rest of one.
    unfinished: ClassVar[set[Handler]] = set()

    @property
    def config(self) -> Config:
        """The configuration, a setting of the application like all that handlers share."""
        return cast(Config, self.settings["config"])

    def set_default_headers(self) -> None:
        self.set_header("Server", f"calculator/{__version__}")
        self.set_header("Content-Type", _TEXT)
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    def prepare(self) -> None:
        self._body = bytearray()
        self._received = 0
        announced = self.request.headers.get("Content-Length", "0")
        # Python reads no number of thousands of digits.
        if (
            announced.isascii()
            and announced.isdigit()
            and (len(announced) > 18 or int(announced) > _LARGEST_DISCARDED_BODY)
        ):
            raise self._too_large()

    def data_received(self, chunk: bytes) -> None:
        # One byte too many is enough to know; the rest is dropped.
        self._body += chunk[: self.config.max_body_size + 1 - len(self._body)]
        self._received += len(chunk)
        # A body in chunks announces no size. An answer before its end closes the connection.
        if self._received > _LARGEST_DISCARDED_BODY:
            error = self._too_large()
            self.send_error(error.status_code, exc_info=(type(error), error, None))

    def on_finish(self) -> None:
        self.unfinished.discard(self)

    def on_connection_close(self) -> None:
        self.unfinished.discard(self)
        super().on_connection_close()

    async def head(self) -> None:
        await self.get()

    async def get(self) -> None:
        raise RefusedError(404, f"there is nothing at {self.request.path!r}")

    async def post(self) -> None:
        self.unfinished.add(self)
        if len(self._body) > self.config.max_body_size:
            raise self._too_large()
        try:
            body = self._body.decode()
        except UnicodeDecodeError:
            raise RefusedError(400, "the request's body is not UTF-8 text") from None
        await self.respond(body)

    async def respond(self, body: str) -> None:
        """Answer a POST request."""
        raise NotImplementedError

    def wants_json(self) -> bool:
        """Whether the client speaks JSON: by what it sent or by what it accepts."""
        return self.names_json("Content-Type") or self.names_json("Accept")

    def names_json(self, header: str) -> bool:
        """Whether *header* of the request names the media type of JSON, in whatever case."""
        return _JSON in self.request.headers.get(header, "").lower()

    def write_json(self, content: Mapping[str, Any]) -> None:
        self.set_header("Content-Type", _JSON)
        self.finish(json.dumps(content) + "\n")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        message, details = self._reason, {}
        if isinstance(error, RefusedError):
            message, details = error.message, error.details
        elif status_code == 405:
            message = f"{self.request.method!r} is not possible here"
            self.set_header("Allow", "GET, HEAD, POST")
        if status_code == 413:
            self.set_header("Connection", "close")
        self.failure = message
        if self.wants_json():
            self.write_json({"error": message, **details})
        else:
            self.set_header("Content-Type", _TEXT)
            self.finish(f"error: {message}\r\n")

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"the request's body has more than {self.config.max_body_size} bytes")

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        if not isinstance(value, HTTPError):
            super().log_exception(typ, value, tb)


class Health(Handler):
    """GET /healthz, for monitors."""

    def state(self) -> dict[str, Any]:
        """Return what a service says about itself."""
        return {"status": "ok", "service": self.config.service, "version": __version__}

    async def get(self) -> None:
        self.write_json(self.state())


class _BoundedServer(HTTPServer):
    """An HTTP server that turns connections away when it has as many as it can serve."""

    free: int
    patience: float

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        if self.free == 0:
            with contextlib.suppress(StreamClosedError):
                stream.write(_BUSY)
            stream.close()
            return
        # A client that does not read what it is answered would keep its connection for ever.
        milliseconds = min(int(self.patience * 1000), _LONGEST_USER_TIMEOUT)
        stream.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        self.free -= 1
        super().handle_stream(stream, address)

    def on_close(self, server_conn: object) -> None:
        self.free += 1
        super().on_close(server_conn)


def log_request(handler: RequestHandler) -> None:
    """Write one line a request; what a client chose is written as a Python string, to stay one line."""
    request = handler.request
    failure = getattr(handler, "failure", "")
    _LOG.info(
        "%s %r %r %d %.1f ms%s",
        request.remote_ip,
        request.method,
        request.path,
        handler.get_status(),
        request.request_time() * 1000,
        f": {failure}" if failure else "",
    )


def _addresses(config: Config) -> set[Any]:
    """Return what the configured address, which can be written in many ways, is to the kernel."""
    found = socket.getaddrinfo(
        config.bind_address or None, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return {address for *_, address in found}


def _listen(config: Config) -> list[socket.socket]:
    """Return the sockets kept from before a restart if they are at the configured address, else new ones."""
    kept = systemd.kept_sockets()
    try:
        if kept and {item.getsockname() for item in kept} == _addresses(config):
            return kept
        if kept:
            systemd.notify("FDSTOREREMOVE=1\nFDNAME=calculator")
        for item in kept:
            # systemd has a copy, and closing this one alone would leave the address taken.
            item.shutdown(socket.SHUT_RDWR)
            item.close()
        sockets = bind_sockets(config.port, config.bind_address, backlog=_BACKLOG)
    except OSError as error:
        what = f"cannot listen at {config.bind_address} port {config.port}: {error.strerror}"
        # The host may be yet to get the address, or the port to be given back.
        raise (ConfigError if isinstance(error, socket.gaierror) else CannotListenError)(what) from None
    systemd.notify("FDSTORE=1\nFDNAME=calculator", sockets)
    return sockets


async def serve(config: Config, application: Application) -> None:
    """Serve *application* until SIGTERM or SIGINT, then finish what is under way."""
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
    server = _BoundedServer(
        application,
        max_header_size=_LARGEST_HEADER,
        # The handler counts itself: the server's own answer would be an empty 400.
        max_body_size=sys.maxsize,
        idle_connection_timeout=config.client_timeout,
        body_timeout=config.client_timeout,
    )
    server.free = config.max_connections
    server.patience = config.client_timeout
    sockets = _listen(config)
    server.add_sockets(sockets)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _LOG.info("%s listens at %s port %d", config.service, *sockets[0].getsockname()[:2])
    systemd.notify("READY=1")

    await stop.wait()
    systemd.notify("STOPPING=1")
    server.stop()
    await asyncio.sleep(_LINGER_SECONDS)
    patience = time.monotonic() + config.evaluation_timeout
    while Handler.unfinished and time.monotonic() < patience:
        await asyncio.sleep(_LINGER_SECONDS)
    await server.close_all_connections()
