"""Observations held against the declaration."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectivity.compare import compare, evidence, judged, table
from connectivity.verdicts import EXPECTED, OBSERVED

FLOW: dict[str, Any] = {
    "id": "flow 1",
    "from": "frontend",
    "to": "sum",
    "address": "10.0.2.14",
    "protocol": "tcp",
    "port": 50001,
    "expected": "reachable",
}
SEEN: dict[str, Any] = {
    "id": "flow 1",
    "from": "frontend",
    "command": "tcp 10.0.2.14:50001",
    "verdict": "reachable",
    "detail": "connected",
    "started": "2025-11-22T10:15:00Z",
    "seconds": 0.2,
}
EXPOSURE: dict[str, Any] = {
    "id": "exposure 1",
    "from": "outside",
    "to": "frontend",
    "address": "192.0.2.7",
    "open_ports": [22, 50000],
    "scan": ["1-1024", "50000"],
}
FOUND: dict[str, Any] = SEEN | {"id": "exposure 1", "from": "outside", "open": [22, 50000], "scanned": 1025}


def test_the_table_is_aligned_and_in_the_declared_order() -> None:
    declared = [
        FLOW,
        {
            "id": "flow 2",
            "from": "outside",
            "to": "198.51.100.1",
            "address": "198.51.100.1",
            "protocol": "icmp",
        }
        | {"expected": "lost"},
        FLOW | {"id": "flow 3", "via": "192.168.56.253"},
        EXPOSURE,
    ]
    observed = [
        FOUND | {"open": [22, 80]},
        SEEN | {"id": "flow 3", "verdict": "lost", "detail": "no answer within 4 s", "via": "192.168.56.254"},
        SEEN | {"id": "flow 2", "detail": "reply"},
        SEEN,
    ]
    lines = table(compare(declared, observed)).splitlines()
    columns = [
        lines[0].index(heading) for heading in ("from", "to", "flow", "expected", "observed", "detail")
    ]
    cells = [
        [line[start:end].strip() for start, end in zip([0, *columns], [*columns, None], strict=True)]
        for line in lines[1:]
    ]
    via = ("reachable via 192.168.56.253", "lost via 192.168.56.254")
    ports = ("open: 22, 50000", "open: 22, 80", "open but not declared: 80; declared but closed: 50000")
    assert cells == [
        ["ok", "frontend", "sum (10.0.2.14)", "tcp/50001", "reachable", "reachable", "connected"],
        ["DIFFERS", "outside", "198.51.100.1", "icmp", "lost", "reachable", "reply"],
        ["DIFFERS", "frontend", "sum (10.0.2.14)", "tcp/50001", *via, "no answer within 4 s"],
        ["DIFFERS", "outside", "frontend (192.0.2.7)", "tcp/1-1024,50000", *ports],
    ]


@given(expected=st.sampled_from(EXPECTED), verdict=st.sampled_from(OBSERVED))
def test_only_the_expected_verdict_agrees(expected: str, verdict: str) -> None:
    (row,) = compare([FLOW | {"expected": expected}], [SEEN | {"verdict": verdict}])
    assert row.agreed == (expected == verdict or (expected == "blocked" and verdict != "reachable"))


def test_what_was_not_observed_differs() -> None:
    rows = compare([FLOW, EXPOSURE], [])
    assert [row.agreed for row in rows] == [False, False]
    assert rows[0].sentence == (
        "frontend -> sum (10.0.2.14), tcp/50001: "
        "expected reachable, observed not observed (the source did not answer)"
    )


@pytest.mark.parametrize(
    ("hop", "agreed"), [("192.168.56.253", True), ("192.168.56.254", False), ("none", False)]
)
def test_a_declared_next_hop_counts(hop: str, agreed: bool) -> None:
    (row,) = compare([FLOW | {"via": "192.168.56.253"}], [SEEN | {"via": hop}])
    assert row.agreed is agreed


@given(declared=st.sets(st.integers(1, 65535)), found=st.sets(st.integers(1, 65535)))
def test_an_exposure_agrees_when_exactly_the_declared_ports_are_open(
    declared: set[int], found: set[int]
) -> None:
    (row,) = compare([EXPOSURE | {"open_ports": list(declared)}], [FOUND | {"open": list(found)}])
    assert row.agreed == (declared == found)


def test_observations_become_evidence() -> None:
    lost = SEEN | {"verdict": "lost", "detail": "no answer within 4 s", "via": "192.168.56.254"}
    flow, exposure = evidence([lost, FOUND])
    assert flow == {
        "host": "frontend",
        "command": "tcp 10.0.2.14:50001",
        "rc": 1,
        "output": "lost: no answer within 4 s; next hop 192.168.56.254",
        "started": "2025-11-22T10:15:00Z",
        "seconds": 0.2,
    }
    assert (exposure["rc"], exposure["output"]) == (0, "open ports: 22, 50000")


@pytest.mark.parametrize(
    ("predicted", "verdict", "agreed"),
    [
        ("reachable", "reachable", True),
        ("reachable", "refused", True),
        ("lost", "unreachable", True),
        ("lost", "reachable", False),
        ("reachable", "lost", False),
    ],
)
def test_a_prediction_counts_as_arriving_or_not(predicted: str, verdict: str, agreed: bool) -> None:
    flow = FLOW | {"expected": verdict, "predicted": {"verdict": predicted, "why": f"because: {predicted}"}}
    rows = compare([flow], [SEEN | {"verdict": verdict}])
    assert rows[0].agreed is agreed
    assert f"frontend -> sum (10.0.2.14), tcp/50001: because: {predicted}" in table(rows).splitlines()


def test_what_was_declared_and_observed_is_kept_together() -> None:
    declared = [FLOW, EXPOSURE]
    observed = [SEEN | {"via": "direct"}]
    flow, exposure = judged(declared, observed, compare(declared, observed))
    assert (flow["expected"], flow["verdict"], flow["agreed"]) == ("reachable", "reachable", True)
    assert (flow["service"], flow["via"]) == ("tcp/50001", "direct")
    assert (exposure["agreed"], "open" in exposure) == (False, False)
