"""What errors and ping's words mean."""

from __future__ import annotations

import errno

import pytest

from connectivity.probe import Outcome, ProbeError, Target, outcome_of, ping_outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TimeoutError("timed out"), Outcome("lost", "no answer within 4 s")),
        (OSError(errno.ETIMEDOUT, ""), Outcome("lost", "no answer within 4 s")),
        (OSError(errno.ECONNREFUSED, ""), Outcome("refused", "connection refused")),
        (OSError(errno.ECONNRESET, ""), Outcome("refused", "connection reset by peer")),
        (OSError(errno.EHOSTUNREACH, ""), Outcome("unreachable", "no route to host")),
        (OSError(errno.ENETUNREACH, ""), Outcome("unreachable", "network is unreachable")),
        (OSError(errno.EPERM, ""), Outcome("unreachable", "operation not permitted")),
    ],
)
def test_a_sockets_error_is_a_verdict(error: OSError, outcome: Outcome) -> None:
    assert outcome_of(error, 4) == outcome


@pytest.mark.parametrize(
    ("status", "output", "outcome"),
    [
        (0, "64 bytes from 10.0.2.14: icmp_seq=1 ttl=63 time=0.5 ms", Outcome("reachable", "reply")),
        (1, "1 packets transmitted, 0 received, 100% packet loss", Outcome("lost", "no answer within 4 s")),
        (
            1,
            "PING 10.0.2.14\nFrom 10.0.2.1 icmp_seq=1 Destination Host Unreachable\n",
            Outcome("unreachable", "destination host unreachable"),
        ),
        (1, "From 10.0.2.1 icmp_seq=1 Packet filtered\n", Outcome("unreachable", "packet filtered")),
        (2, "ping: connect: Network is unreachable\n", Outcome("unreachable", "network is unreachable")),
    ],
)
def test_pings_words_are_a_verdict(status: int, output: str, outcome: Outcome) -> None:
    assert ping_outcome(status, output, 4) == outcome


def test_a_ping_that_may_not_send_is_no_observation() -> None:
    with pytest.raises(ProbeError, match="ping may not send"):
        ping_outcome(2, "ping: socktype: SOCK_RAW\nping: socket: Operation not permitted\n", 4)


def test_the_command_says_what_is_tried() -> None:
    assert Target("tcp", "10.0.2.14", 22).command == "tcp 10.0.2.14:22"
    assert Target("icmp", "10.0.2.14").command == "ping -c 1 10.0.2.14"
    assert Target("http", "10.0.2.14", 80, "/healthz").command == "GET http://10.0.2.14:80/healthz"
