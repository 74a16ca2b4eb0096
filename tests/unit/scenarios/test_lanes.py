"""Scenarios that run side by side, here with commands of the shell in their place."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from lanes import Lanes, Scenario, Stages

PATIENCE = 30


class Played:
    """Commands by name; each appends its beginning and its end to one protocol."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.protocol = directory / "protocol"
        self.protocol.touch()

    def scenario(self, name: str, script: str = ":") -> Scenario:
        whole = f"echo '{name} begins' >> protocol; {script}; rc=$?; echo '{name} ends' >> protocol; exit $rc"
        return Scenario(["sh", "-c", whole], self.directory, self.directory / f"{name}.log")

    def lines(self) -> list[str]:
        return self.protocol.read_text().splitlines()


@pytest.fixture
def played(tmp_path: Path) -> Played:
    return Played(tmp_path)


def finish(stages: Stages, scenarios: dict[str, Scenario], obstacles: dict[str, str] | None = None) -> None:
    Lanes(stages, scenarios, lambda name: (obstacles or {}).get(name, "")).start()
    for scenario in scenarios.values():
        assert scenario.over.wait(PATIENCE)


def test_a_lane_runs_one_after_another_and_a_stage_waits_for_the_one_before(played: Played) -> None:
    names = ("a", "b", "c")
    finish(((("a", "b"),), (("c",),)), {name: played.scenario(name) for name in names})
    assert played.lines() == [f"{name} {what}" for name in names for what in ("begins", "ends")]


def test_the_lanes_of_a_stage_run_at_the_same_time(played: Played) -> None:
    """Each waits for the other to begin."""
    wait = "for i in $(seq 300); do [ $(grep -c begins protocol) = 2 ] && exit; sleep 0.1; done; false"
    scenarios = {name: played.scenario(name, f"({wait})") for name in ("a", "b")}
    finish(((("a",), ("b",)),), scenarios)
    assert [scenario.returncode for scenario in scenarios.values()] == [0, 0]


def test_what_fails_does_not_keep_the_next_from_running(played: Played) -> None:
    scenarios = {"a": played.scenario("a", "false"), "b": played.scenario("b")}
    finish(((("a", "b"),),), scenarios)
    assert (scenarios["a"].returncode, scenarios["b"].returncode) == (1, 0)


def test_what_cannot_be_started_has_not_passed_and_the_next_runs(played: Played) -> None:
    missing = Scenario(["/there/is/no/such/program"], played.directory, played.directory / "missing.log")
    after = played.scenario("after")
    finish(((("missing", "after"),),), {"missing": missing, "after": after})
    assert "No such file or directory" in "".join(missing.lines())
    assert (missing.returncode, after.returncode) == (None, 0)


def test_an_obstacle_that_cannot_be_found_out_does_not_keep_the_next_from_running(played: Played) -> None:
    scenarios = {name: played.scenario(name) for name in ("a", "b")}

    def obstacle(name: str) -> str:
        if name == "a":
            raise TimeoutError("no answer")
        return ""

    Lanes(((("a", "b"),),), scenarios, obstacle).start()
    assert all(scenario.over.wait(PATIENCE) for scenario in scenarios.values())
    assert "no answer" in "".join(scenarios["a"].lines())
    assert (scenarios["a"].returncode, scenarios["b"].returncode) == (None, 0)


def test_only_what_is_selected_runs_and_an_obstacle_skips(played: Played) -> None:
    scenarios = {name: played.scenario(name) for name in ("b", "c")}
    finish(((("a", "b", "c"),),), scenarios, {"b": "no room"})
    assert scenarios["b"].skipped == "no room"
    assert played.lines() == ["c begins", "c ends"]


def test_the_output_comes_while_it_is_written(played: Played) -> None:
    go_on = played.directory / "go-on"
    scenario = played.scenario(
        "a", "echo first; for i in $(seq 300); do [ -e go-on ] && break; sleep 0.1; done; echo second"
    )
    Lanes(((("a",),),), {"a": scenario}, lambda _: "").start()
    lines = scenario.lines()
    assert next(lines) == "first\n"
    assert not scenario.over.is_set()
    go_on.touch()
    assert list(lines) == ["second\n"]


def test_a_stop_signals_nobody_for_what_is_over(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = played.scenario("a")
    lanes = Lanes(((("a",),),), {"a": scenario}, lambda _: "")
    lanes.start()
    assert scenario.over.wait(PATIENCE)
    signalled: list[int] = []
    monkeypatch.setattr("os.killpg", lambda group, _signal: signalled.append(group))
    lanes.stop()
    assert signalled == []


def test_a_stop_waits_for_what_the_scenario_leaves_behind(played: Played) -> None:
    """Its leader dies at once, and a child of it ends in its own way."""
    ends = "trap 'sleep 1; echo child ends >> protocol; exit' TERM"
    child = f"{ends}; echo child begins >> protocol; sleep 600 & wait"
    scenario = Scenario(["sh", "-c", f'sh -c "{child}" & wait'], played.directory, played.directory / "log")
    lanes = Lanes(((("a",),),), {"a": scenario}, lambda _: "")
    lanes.start()
    deadline = time.monotonic() + PATIENCE
    while played.lines() != ["child begins"] and time.monotonic() < deadline:
        time.sleep(0.05)
    lanes.stop()
    assert played.lines() == ["child begins", "child ends"]


def test_a_stop_ends_what_runs_and_begins_nothing_more(played: Played) -> None:
    scenarios = {"a": played.scenario("a", "sleep 600"), "b": played.scenario("b")}
    lanes = Lanes(((("a", "b"),),), scenarios, lambda _: "")
    lanes.start()
    deadline = time.monotonic() + PATIENCE
    while played.lines() != ["a begins"] and time.monotonic() < deadline:
        time.sleep(0.05)
    lanes.stop()
    assert scenarios["a"].over.wait(PATIENCE)
    assert scenarios["a"].returncode != 0
    assert played.lines() == ["a begins"]
