"""When enough has been seen on a console, and what is reported of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from connectivity.compare import compare
from connectivity.console import Record
from connectivity.declare import declare
from connectivity.waiting import Mark, Patience, WaitError, begun_after, view, wait

PATIENCE = Patience(boot=60, verdicts=30, poll=5)


def flow(port: int, expected: str, **more: Any) -> dict[str, Any]:
    return {
        "from": "sum",
        "to": "10.0.2.9",
        "protocol": "tcp",
        "port": port,
        "path": "/",
        "expected": expected,
        **more,
    }


def declared(*flows: dict[str, Any]) -> list[dict[str, Any]]:
    return list(declare(flows, [], {}, ["sum"]).flows)


def entry(port: int, verdict: str, second: int = 0, **more: Any) -> dict[str, Any]:
    started = f"2025-11-22T10:15:{second:02d}Z"
    return {
        "id": f"tcp 10.0.2.9:{port}",
        "verdict": verdict,
        "detail": verdict,
        "started": started,
        "seconds": 0.5,
        **more,
    }


def record(sequence: int, *flows: dict[str, Any], run: str = "a", known: int | None = None) -> Record:
    return Record(
        run, sequence, "2025-11-22T10:15:00Z", len(flows) if known is None else known, flows, (), ""
    )


def rounds(*verdicts: str, run: str = "a") -> list[Record]:
    return [record(place, entry(80, verdict, place), run=run) for place, verdict in enumerate(verdicts, 1)]


class Consoles:
    """One console after the other, each a poll later; the last one stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *looks: Sequence[Record]) -> None:
        self._looks = list(looks)
        self._now = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self._now)
        monkeypatch.setattr(time, "sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        self._now += seconds

    def __call__(self) -> Sequence[Record]:
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]


def sequences(since: Mark | None, records: list[Record]) -> list[tuple[str, int]]:
    return [(item.run, item.sequence) for item in begun_after(since, records)]


def test_the_round_under_way_does_not_count():
    assert sequences(Mark("a", 3), [record(number) for number in range(1, 7)]) == [("a", 5), ("a", 6)]


def test_of_a_process_not_heard_of_before_the_first_round_does_not_count():
    boots = [record(1, run="old"), record(2, run="old"), record(3), record(1, run="b"), record(2, run="b")]
    assert sequences(Mark("a", 3), boots) == [("b", 2)]
    assert sequences(None, [record(1), record(2)]) == [("a", 2)]


def test_a_mark_that_the_console_has_forgotten_still_counts():
    assert sequences(Mark("a", 3), [record(9), record(10)]) == [("a", 9), ("a", 10)]


@pytest.mark.parametrize(
    ("expected", "verdicts", "done"),
    [
        ("reachable", ["reachable"], True),
        ("reachable", ["lost", "reachable"], True),
        ("reachable", ["reachable", "lost"], False),
        ("refused", ["lost"], False),
        ("lost", ["lost"], False),
        ("lost", ["lost", "lost"], True),
        ("lost", ["reachable", "lost"], False),
        ("lost", ["reachable", "lost", "lost"], True),
        ("blocked", ["lost", "unreachable"], True),
        ("blocked", ["unreachable", "reachable"], False),
    ],
)
def test_when_a_flow_is_done(expected, verdicts, done):
    seen = view(declared(flow(80, expected)), rounds("lost", *verdicts), None)
    assert (not seen.waiting) == done


def test_an_observation_looks_like_a_probes():
    flows = declared(flow(80, "reachable", name="web", via="10.0.2.1"))
    records = [
        record(number, entry(80, verdict, number, via="10.0.2.1"))
        for number, verdict in enumerate(("lost", "lost", "refused", "reachable"), 1)
    ]
    assert view(flows, records, None).observations == (
        {
            "id": "flow 1",
            "name": "web",
            "from": "sum",
            "to": "10.0.2.9",
            "address": "10.0.2.9",
            "protocol": "tcp",
            "command": "tcp 10.0.2.9:80",
            "verdict": "reachable",
            "detail": "reachable",
            "attempts": 3,
            "started": "2025-11-22T10:15:02Z",
            "seconds": 2.5,
            "port": 80,
            "via": "10.0.2.1",
        },
    )


def test_a_clock_that_is_set_back_gives_no_negative_time():
    records = [record(2, entry(80, "lost", 50)), record(3, entry(80, "reachable", 10))]
    assert view(declared(flow(80, "reachable")), records, None).observations[0]["seconds"] == 0.5


def test_flows_of_one_round_may_stand_on_several_lines():
    flows = declared(flow(80, "reachable"), flow(81, "refused"))
    parts = [record(2, entry(80, "reachable"), known=2), record(2, entry(81, "refused"), known=2)]
    assert not view(flows, parts, None).waiting
    assert view(flows, parts[:1], None).waiting == ("flow 2 (sum -> 10.0.2.9, tcp/81): nothing seen",)
    assert not view(flows, parts[:1], None).faults


def test_waiting_ends_when_all_agree_and_passes_over_what_was_there_before(monkeypatch):
    history = rounds(*["reachable"] * 4, "lost", "lost", "lost")
    look = Consoles(monkeypatch, *(history[:count] for count in range(3, 8)))
    seen, last = wait(look, declared(flow(80, "lost")), None, PATIENCE)
    assert (last.sequence, seen.observations[0]["attempts"], seen.observations[0]["verdict"]) == (
        6,
        2,
        "lost",
    )


def test_an_earlier_mark_needs_no_new_round(monkeypatch):
    look = Consoles(monkeypatch, rounds("lost", "lost", "reachable"))
    seen, last = wait(look, declared(flow(80, "reachable")), Mark("a", 1), PATIENCE)
    assert (last.sequence, seen.observations[0]["verdict"]) == (3, "reachable")


def test_a_difference_is_reported_when_the_time_is_over(monkeypatch):
    flows = declared(flow(80, "reachable"))
    seen, _ = wait(Consoles(monkeypatch, [], rounds("lost", "lost")), flows, None, PATIENCE)
    assert [row.sentence for row in compare(flows, seen.observations)] == [
        "sum -> 10.0.2.9, tcp/80: expected reachable, observed lost (lost)"
    ]


def test_the_time_for_verdicts_begins_when_the_observer_is_heard(monkeypatch):
    looks = [*[[]] * 11, *[rounds("lost", "lost")] * 5, rounds("lost", "lost", "reachable")]
    seen, _ = wait(Consoles(monkeypatch, *looks), declared(flow(80, "reachable")), None, PATIENCE)
    assert seen.observations[0]["verdict"] == "reachable"


@pytest.mark.parametrize(
    ("looks", "flows", "message"),
    [
        ([[]], [flow(80, "lost")], "no observer has written on the console within 60 s"),
        (
            [rounds("lost", "lost", "lost")],
            [flow(80, "lost")],
            "the observer has written nothing on the console within 60 s, since 2025-11-22T10:15:00Z",
        ),
        (
            [[], rounds("lost", "lost")],
            [flow(80, "lost"), flow(81, "lost")],
            "flow 2 (sum -> 10.0.2.9, tcp/81): the observer does not try it (tcp 10.0.2.9:81)",
        ),
        (
            [[], rounds("lost", "lost")],
            [flow(80, "lost", via="10.0.2.1")],
            "flow 1 (sum -> 10.0.2.9, tcp/80): the observer does not look up its next hop",
        ),
        (
            [[], [record(2, {"id": "tcp 10.0.2.9:80", "error": "there is no ping command"})]],
            [flow(80, "lost")],
            "flow 1 (sum -> 10.0.2.9, tcp/80): there is no ping command",
        ),
        (
            [[], rounds("lost", "lost")],
            [flow(80, "lost")],
            "within 30 s too few whole lines of the observer were read: "
            "flow 1 (sum -> 10.0.2.9, tcp/80): lost seen",
        ),
    ],
    ids=["silent", "stopped", "unknown", "no next hop", "cannot probe", "once only"],
)
def test_what_cannot_be_judged_is_named(monkeypatch, looks, flows, message):
    with pytest.raises(WaitError) as error:
        wait(Consoles(monkeypatch, *looks), declared(*flows), None, PATIENCE)
    assert str(error.value) == message


def test_a_fault_of_a_former_process_does_not_matter(monkeypatch):
    old = [record(number, entry(81, "lost"), run="old") for number in (1, 2, 3)]
    look = Consoles(monkeypatch, old, [*old, *rounds("lost", "reachable")])
    seen, _ = wait(look, declared(flow(80, "reachable")), None, PATIENCE)
    assert seen.observations[0]["verdict"] == "reachable"
