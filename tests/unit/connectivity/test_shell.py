"""A shell tries flows, and what it prints is read as the probe's verdicts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectivity.declare import DeclarationError
from connectivity.shell import observed, script


def flow(number=1, protocol="icmp", expected="reachable", **more):
    return {
        "id": f"flow {number}",
        "from": "vm",
        "to": "internet",
        "address": "203.0.113.80",
        "protocol": protocol,
        "path": "/",
        "expected": expected,
        **({} if protocol == "icmp" else {"port": 80}),
        **more,
    }


def said(output, status, number=1, via=""):
    """Return what the shell prints for one flow."""
    hop = f"LAB-VIA {via}\r\n" if via else ""
    return f"LAB-FLOW flow {number}\r\n{output}\r\n\r\nLAB-STATUS {status}\r\n{hop}"


@pytest.mark.parametrize(
    ("protocol", "output", "status", "verdict"),
    [
        ("icmp", "1 packets transmitted, 1 packets received, 0% packet loss", 0, "reachable"),
        ("icmp", "1 packets transmitted, 0 packets received, 100% packet loss", 1, "lost"),
        ("icmp", "ping: sendto: Network is unreachable", 1, "unreachable"),
        ("http", "Connecting to 203.0.113.80:80 (203.0.113.80:80)", 0, "reachable"),
        ("http", "wget: server returned error: HTTP/1.0 404 File not found", 1, "reachable"),
        ("http", "wget: can't connect to remote host (203.0.113.80): Connection refused", 1, "refused"),
        ("http", "wget: download timed out", 1, "lost"),
        ("tcp", "", 0, "reachable"),
        ("tcp", "nc: can't connect to remote host (203.0.113.80): No route to host", 1, "unreachable"),
        ("tcp", "nc: timed out", 1, "lost"),
    ],
)
def test_words_show_the_verdict(protocol, output, status, verdict):
    (seen,) = observed([flow(protocol=protocol)], said(output, status))
    assert seen["verdict"] == verdict
    assert seen["id"] == "flow 1"


@pytest.mark.parametrize(
    ("route", "via"),
    [
        ("203.0.113.80 via 10.0.2.2 dev eth0  src 10.0.2.15", "10.0.2.2"),
        ("10.0.2.7 dev eth0  src 10.0.2.15", "direct"),
        ("RTNETLINK answers: Network is unreachable", "none"),
    ],
)
def test_the_next_hop_is_looked_up(route, via):
    (seen,) = observed([flow(via="10.0.2.2")], said("", 0, via=route))
    assert seen["via"] == via


def test_what_is_not_there_was_not_observed():
    flows = [flow(1), flow(2)]
    assert [seen["id"] for seen in observed(flows, said("", 0, number=2) + "LAB-FLOW flow 1\r\n64 by")] == [
        "flow 2"
    ]


@given(
    st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 255)), max_size=5)
)
def test_flows_are_told_apart_whatever_is_printed(outputs):
    flows = [flow(number) for number in range(len(outputs))]
    quiet = [output.replace("LAB-", "") for output, _ in outputs]
    text = "".join(said(quiet[number], status, number) for number, (_, status) in enumerate(outputs))
    assert [seen["id"] for seen in observed(flows, text)] == [flow["id"] for flow in flows]


@pytest.mark.parametrize(
    "source", [{"flows": [flow(protocol="udp")], "exposures": []}, {"flows": [], "exposures": [{}]}]
)
def test_what_a_shell_cannot_try_is_refused(source):
    with pytest.raises(DeclarationError):
        script(source, 4)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_time_in_which_nothing_can_be_tried_is_refused(timeout):
    with pytest.raises(DeclarationError, match=r"shell_timeout is .*; choose a number greater than 0"):
        script({"flows": [flow()], "exposures": []}, timeout)


def run(tmp_path: Path, flows, **programs):
    """Run the script with programs that are made up; `programs` are the lines of each."""
    for name, body in {"sleep": ":", **programs}.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        program.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", script({"flows": flows, "exposures": []}, 4)],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return observed(flows, done.stdout)


def test_the_script_tries_again_what_should_arrive(tmp_path):
    counts = f'echo x >>{tmp_path}/tries; [ "$(wc -l <{tmp_path}/tries)" -ge 3 ]'
    (seen,) = run(tmp_path, [flow()], ping=counts)
    assert seen["verdict"] == "reachable"


def test_the_script_tries_once_what_should_not_arrive(tmp_path):
    (seen,) = run(tmp_path, [flow(expected="blocked")], ping=f"echo x >>{tmp_path}/tries; exit 1")
    assert seen["verdict"] == "lost"
    assert (tmp_path / "tries").read_text() == "x\n"


def test_the_script_goes_on_after_a_failure(tmp_path):
    flows = [flow(1), flow(2, "http", via="10.0.2.2"), flow(3, "tcp")]
    seen = run(
        tmp_path,
        flows,
        ping="exit 1",
        wget="exit 0",
        nc="exit 0",
        ip="echo 203.0.113.80 via 10.0.2.2 dev eth0",
    )
    assert [(one["verdict"], one.get("via")) for one in seen] == [
        ("lost", None),
        ("reachable", "10.0.2.2"),
        ("reachable", None),
    ]
