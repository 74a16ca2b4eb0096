"""What a row of attempts says, and attempts at real sockets."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_watch.attempt import connect_once, mistakes, request_once
from service_watch.samples import Sample, outages, summary

SECONDS = {"interval": 0.2, "timeout": 2.0, "limit": 600.0}


def row(pattern: str) -> list[Sample]:
    """Return a sample a second, each half a second long: `x` failed."""
    return [Sample(10.0 + i, 0.5, "refused" if c == "x" else "") for i, c in enumerate(pattern)]


def test_an_outage_lasts_until_the_next_success() -> None:
    (first, second) = outages(row("..xx.x..."))
    assert (first.began, first.seconds, first.failures) == (12.0, 2.0, 2)
    assert (second.began, second.seconds, second.failures) == (15.0, 1.0, 1)


def test_an_outage_that_goes_on_lasts_until_the_last_attempts_end() -> None:
    (outage,) = outages(row(".xx"))
    assert outage.seconds == 1.5


@given(st.text(alphabet=".x", min_size=1, max_size=60))
def test_every_failure_is_in_one_outage(pattern: str) -> None:
    figures = summary(row(pattern))
    assert figures["failures"] == pattern.count("x") == sum(o["failures"] for o in figures["outages"])
    assert len(figures["outages"]) == sum(1 for part in pattern.split(".") if part)
    assert (figures["median_latency"] is None) == ("." not in pattern)


@pytest.mark.parametrize(
    ("port", "url", "expect", "words"),
    [
        (0, None, "", "port: 0 is not a TCP port"),
        (65536, None, "", "port: 65536 is not a TCP port"),
        (None, "https://10.0.2.4/", "", "is not a URL for plain HTTP"),
        (None, "10.0.2.4:50000", "", "is not a URL for plain HTTP"),
        (None, "http://10.0.2.4:port/", "", "is not a URL ("),
        (None, "http://10.0.2.4/é", "", "holds characters that a URL has as %XX"),
        (None, "http://10.0.2.4/a b", "", "holds characters that a URL has as %XX"),
        (None, "http://10.0.2.4/", "result = (", "expect: 'result = (' is not a regular expression"),
    ],
)
def test_a_mistake_is_named_with_its_value(
    port: int | None, url: str | None, expect: str, words: str
) -> None:
    (mistake,) = mistakes(port, url, expect, SECONDS)
    assert words in mistake


@pytest.mark.parametrize("name", ["interval", "timeout", "limit"])
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_time_in_which_nothing_is_tried_is_a_mistake(name: str, value: float) -> None:
    (mistake,) = mistakes(22, None, "", SECONDS | {name: value})
    assert mistake.startswith(f"{name}: {value:g} is no time to try anything in")


def test_what_can_be_tried_is_no_mistake() -> None:
    assert mistakes(22, None, "", SECONDS) == []
    assert mistakes(None, "http://10.0.2.4:50000/?x=1", "^result", SECONDS) == []


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers a POST with what was sent, a GET of a query with that, and everything else with an error."""

    def do_GET(self) -> None:
        self.send_response(200 if "?" in self.path else 404)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"result = " + body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_an_answer_is_right_only_with_the_expected_text(port: int) -> None:
    url = f"http://127.0.0.1:{port}/"
    assert request_once(url, "22", "result = 22", 5).failure == ""
    assert request_once(url, "23", "result = 22", 5).failure == "200 result = 23"
    assert request_once(url, None, "", 5).failure.startswith("404")
    assert request_once(url, "2 €", "result = 2 €", 5).failure == ""
    assert request_once(f"{url}sum?a=1", None, r"^/sum\?a=1$", 5).failure == ""
    assert connect_once("127.0.0.1", port, 5).failure == ""


def test_nobody_there_is_a_failure_with_a_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        free = taken.getsockname()[1]
    assert connect_once("127.0.0.1", free, 5).failure == "connection refused"
    assert request_once(f"http://127.0.0.1:{free}/", None, "", 5).failure == "connection refused"


def test_what_is_no_name_is_a_failure_with_a_reason() -> None:
    reason = "the address is no name that can be looked up"
    assert connect_once("a...b", 80, 5).failure == reason
    assert request_once("http://a...b/", None, "", 5).failure == reason
