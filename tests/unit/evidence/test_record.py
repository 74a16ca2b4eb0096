"""Evidence files: what they hold, and when two show the same."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.claims import CLAIMS
from evidence.record import EvidenceError, build, dump, readable, shows_the_same

OBSERVATION: dict[str, Any] = {
    "host": "outside",
    "command": "curl -d '(5+6)*2' http://192.168.37.20:50000/",
    "rc": 0,
    "output": "result = 22",
    "started": "2025-11-22T10:15:00Z",
    "seconds": 0.3,
}
GIVEN: dict[str, Any] = {
    "claim": "C34",
    "verdict": "reproduced",
    "explanation": "The frontend reached all four services.\n",
    "playbook": "playbooks/openstack_client_topology.yml",
    "environment": {"cloud": "embedded"},
    "observations": [OBSERVATION],
    "recorded": "2025-11-22T10:16:00Z",
}


def evidence(**changes: Any) -> dict[str, Any]:
    return build(**(GIVEN | changes))


def test_a_record_has_exactly_this_shape() -> None:
    assert list(evidence().items()) == [
        ("claim", "C34"),
        ("section", "3.5"),
        ("statement", CLAIMS["C34"].statement),
        ("playbook", "playbooks/openstack_client_topology.yml"),
        ("verdict", "reproduced"),
        ("explanation", "The frontend reached all four services."),
        ("environment", {"cloud": "embedded"}),
        ("observations", [OBSERVATION]),
        ("recorded", "2025-11-22T10:16:00Z"),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"claim": "C35"}, "claim C35 is not known; the claims are C01 to C34"),
        (
            {"verdict": "proved"},
            "verdict proved of claim C34 is not one of reproduced, contradicted, depends, measured",
        ),
        ({"explanation": " "}, "claim C34 needs an explanation"),
        ({"observations": []}, "claim C34 has no observations"),
    ],
)
def test_evidence_that_proves_nothing_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        evidence(**change)


@pytest.mark.parametrize("verdict", ["reproduced", "depends"])
def test_what_was_declared_and_not_seen_is_contradicted(verdict: str) -> None:
    record = evidence(verdict=verdict, holds=False)
    assert record["verdict"] == "contradicted"
    assert record["explanation"].startswith("This should have been seen, and was not: The frontend")


def test_times_do_not_count() -> None:
    later = OBSERVATION | {"started": "2025-11-23T09:00:00Z", "seconds": 4.2}
    assert shows_the_same(dump(evidence(observations=[later], recorded="2025-11-23T09:01:00Z")), evidence())


@pytest.mark.parametrize(
    "change",
    [
        {"claim": "C31"},
        {"verdict": "contradicted"},
        {"explanation": "Otherwise."},
        {"playbook": "other.yml"},
        {"environment": {}},
        {"observations": [OBSERVATION, OBSERVATION]},
        *(
            {"observations": [OBSERVATION | {key: value}]}
            for key, value in (("rc", 1), ("output", "result = 23"))
        ),
        *({"observations": [OBSERVATION | {key: "other"}]} for key in ("host", "command")),
    ],
)
def test_everything_else_counts(change: dict[str, Any]) -> None:
    assert not shows_the_same(dump(evidence(**change)), evidence())


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", '{"claim": "C34"}'])
def test_a_file_that_is_missing_or_broken_shows_nothing(text: str | None) -> None:
    assert not shows_the_same(text, evidence())


@given(output=st.text(), rc=st.integers(-255, 255))
def test_what_is_written_is_read_back(output: str, rc: int) -> None:
    record = evidence(observations=[OBSERVATION | {"output": output, "rc": rc}])
    assert json.loads(dump(record)) == record
    assert shows_the_same(dump(record), record)


def test_a_lone_surrogate_is_written_escaped() -> None:
    record = evidence(observations=[OBSERVATION | {"output": "é\udce9"}])
    assert '"output": "é\\udce9"' in dump(record).encode().decode()
    assert shows_the_same(dump(record), record)


def test_the_claims_are_numbered_without_gaps_and_sorted_by_section() -> None:
    assert list(CLAIMS) == [f"C{number:02}" for number in range(1, 35)]
    sections = [claim.section for claim in CLAIMS.values()]
    assert sections == sorted(sections)
    assert all(re.fullmatch(r"[A-Z].*\.", claim.statement) for claim in CLAIMS.values())


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("one\r\r\ntwo\r", "one\ntwo\n"),
        ("\x1b[1mdpkg-query:\x1b[0m nothing found", "dpkg-query: nothing found"),
        ("\x1b[38;5;1mred\x1b[K \x1b]0;a title\x07here \x1b]8;;x\x1b\\there", "red here there"),
        ("a[0] \\ 5\n\n  6\t7", "a[0] \\ 5\n\n  6\t7"),
        ("", ""),
    ],
)
def test_what_is_for_a_terminal_is_left_out(said: str, kept: str) -> None:
    assert readable(said) == kept
    assert evidence(observations=[OBSERVATION | {"output": said}])["observations"][0]["output"] == kept
