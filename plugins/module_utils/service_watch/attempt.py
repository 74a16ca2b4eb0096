"""The edge: one attempt at a service, by TCP or HTTP, always over a new connection."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from .samples import Sample

_LARGEST_ANSWER = 65536


def mistakes(port: int | None, url: str | None, expect: str, seconds: Mapping[str, float]) -> list[str]:
    """Return what is wrong with the options that say what to try and when, one sentence each."""
    found = [
        f"{name}: {value:g} is no time to try anything in; give a number of seconds greater than 0"
        for name, value in seconds.items()
        if not value > 0
    ]
    if port is not None and not 0 < port < 65536:
        found.append(f"port: {port} is not a TCP port; give 1 to 65535")
    if url is not None and (problem := _unusable(url)):
        found.append(f"url: {url!r} {problem}; give one such as http://192.168.37.20:50000/")
    try:
        re.compile(expect)
    except re.error as error:
        found.append(
            f"expect: {expect!r} is not a regular expression ({error}); escape what is meant as it is"
        )
    return found


def _unusable(url: str) -> str:
    if not re.fullmatch("[!-~]*", url):
        return "holds characters that a URL has as %XX"
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "http" and parts.hostname and parts.port != 0
    except ValueError as error:
        return f"is not a URL ({error})"
    return "" if usable else "is not a URL for plain HTTP"


def connect_once(address: str, port: int, timeout: float) -> Sample:
    """Open and close a connection; `timeout` is in seconds."""
    began = time.monotonic()
    failure = ""
    try:
        socket.create_connection((address, port), timeout).close()
    except (OSError, UnicodeError) as error:
        failure = _reason(error)
    return Sample(began, time.monotonic() - began, failure)


def request_once(url: str, body: str | None, expect: str, timeout: float) -> Sample:
    """Send a request (POST with a body, else GET); it succeeds if status 200 comes with the expected text."""
    parts = urlsplit(url)
    began = time.monotonic()
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST" if body is not None else "GET", target, body and body.encode())
        answer = connection.getresponse()
        text = answer.read(_LARGEST_ANSWER).decode("utf-8", "replace").strip()
        right = answer.status == 200 and re.search(expect, text) is not None
        failure = "" if right else f"{answer.status} {text[:200]}"
    except (OSError, UnicodeError, http.client.HTTPException) as error:
        failure = _reason(error)
    finally:
        connection.close()
    return Sample(began, time.monotonic() - began, failure)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, UnicodeError):
        return "the address is no name that can be looked up"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
