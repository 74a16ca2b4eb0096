"""A snapshot is taken once, restored with consent, and deleted where VirtualBox can merge it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtualbox.model import Card, Forward, History, Machine, Snapshot
from virtualbox.snapshot import TAKES, WantedSnapshot, make_plan, mistakes, needed, opened

ONE, TWO, THREE = (f"{digit * 8}-{digit * 4}-{digit * 4}-{digit * 4}-{digit * 12}" for digit in "123")
# Two go on from the first, and the machine from the third.
FIRST, SECOND, THIRD = Snapshot(ONE, "first"), Snapshot(TWO, "second", ONE), Snapshot(THREE, "third", ONE)
MACHINE = Machine("web", mark="web", history=History((FIRST, SECOND, THIRD), THREE))
STATES = (*TAKES, "aborted-saved", "starting", "saving")


def wanted(name="third", state="restored", **options):
    return WantedSnapshot("web", name, state, **options)


def with_memory(*live, state="poweroff", is_modified=True):
    """Return the machine with memory in some of its snapshots."""
    snapshots = tuple(replace(one, has_memory=one.uuid in live) for one in MACHINE.history.snapshots)
    return replace(MACHINE, state=state, history=History(snapshots, THREE, is_modified))


def calls(asked, machine=MACHINE):
    """Return the plan's calls as lines."""
    plan = make_plan(asked, machine)
    assert plan.problems == ()
    return [" ".join(step.arguments) for step in plan.steps]


def problem(asked, machine=MACHINE):
    """Return the one reason why nothing is done."""
    plan = make_plan(asked, machine)
    assert plan.steps == ()
    (found,) = plan.problems
    return found


@pytest.mark.parametrize(
    "name", ["before the change", 'a "b"', "täglich, 3 Uhr", "a/b\\c", "x" * 255, "日本"]
)
def test_a_name_of_a_snapshot(name):
    assert mistakes(wanted(name, "present")) == []


@pytest.mark.parametrize("name", ["", " a", "a\nb", "-a", "x" * 256, ONE, f"{{{ONE}}}"])
def test_no_name_of_a_snapshot(name):
    (mistake,) = mistakes(wanted(name, "present"))
    assert mistake.startswith("name: ")


def test_an_identifier_names_a_snapshot_that_is_there():
    assert mistakes(wanted(ONE)) == []
    assert mistakes(WantedSnapshot("", "a")) == ["machine: '' names no machine; give the name of one"]


@pytest.mark.parametrize("state", TAKES)
def test_a_snapshot_is_taken_once(state):
    machine = replace(MACHINE, state=state)
    assert calls(wanted("new", "present"), machine) == ["snapshot web take new"]
    assert calls(wanted("second", "present"), machine) == []


def test_what_a_snapshot_holds_is_said():
    lines = [
        make_plan(wanted("new", "present"), replace(MACHINE, state=state)).lines
        for state in ("poweroff", "running")
    ]
    assert lines == [["+ snapshot new (of web)"], ["+ snapshot new (of web, with its memory)"]]


def test_no_snapshot_is_taken_while_a_machine_changes_its_state():
    assert problem(wanted("new", "present"), replace(MACHINE, state="starting")) == (
        "machine: 'web' is starting, and a snapshot is taken of one that is running, paused, saved, poweroff "
        "or aborted; bring it there first (module virtualbox_vm)"
    )


@pytest.mark.parametrize(
    ("state", "force", "live", "expected"),
    [
        ("poweroff", False, False, ["restore"]),
        ("aborted", False, False, ["restore"]),
        ("poweroff", False, True, ["restore", "startvm"]),
        ("saved", True, False, ["restore"]),
        ("saved", True, True, ["restore", "startvm"]),
        ("running", True, False, ["poweroff", "restore", "startvm"]),
        ("running", True, True, ["poweroff", "restore", "startvm"]),
        ("paused", True, True, ["poweroff", "restore", "startvm"]),
    ],
)
def test_a_machine_runs_again_if_it_ran_or_if_its_memory_is_there(state, force, live, expected):
    steps = {
        "poweroff": "controlvm web poweroff",
        "restore": f"snapshot web restore {TWO}",
        "startvm": "startvm web --type headless",
    }
    machine = with_memory(*([TWO] if live else []), state=state)
    assert calls(wanted("second", force=force), machine) == [steps[step] for step in expected]


def test_it_is_said_whether_a_machine_goes_on_or_boots():
    plans = [
        make_plan(wanted(force=True), with_memory(*live, state="running")).lines for live in ((), (THREE,))
    ]
    assert plans == [
        ["~ machine web (powered off)", "~ machine web (restored to third)", f"~ machine web ({last})"]
        for last in ("started", "goes on from its memory")
    ]


@pytest.mark.parametrize("state", ["running", "paused", "saved", "aborted-saved"])
def test_what_a_machine_is_doing_is_not_lost_without_consent(state):
    assert problem(wanted(), replace(MACHINE, state=state)) == (
        f"machine: 'web' is {state}, and what it is doing would be lost; stop it first (module "
        "virtualbox_vm), or consent with force: true"
    )


SSH = Forward("ssh", "tcp", "192.168.56.1", 1234, "10.0.2.15", 22)


def test_a_machine_starts_with_the_memory_and_the_rules_of_then():
    then = History((replace(FIRST, memory=128, forwards=(SSH,)),), ONE)
    now = {1: Card(forwards=frozenset({replace(SSH, host_ip="")}))}
    off = replace(MACHINE, memory=96, cards=now, history=then)
    assert (needed(wanted("first"), off), opened(wanted("first"), off)) == (128, [SSH])
    # What it holds itself it gives back.
    runs = replace(off, state="running")
    assert (needed(wanted("first"), runs), opened(wanted("first"), runs)) == (32, [])


def test_a_machine_that_changes_its_state_is_not_restored():
    assert problem(wanted(force=True), replace(MACHINE, state="saving")) == (
        "machine: 'web' is saving; run this again when that has ended"
    )


def test_what_is_as_it_was_is_left_alone():
    assert calls(wanted(), with_memory(is_modified=False)) == []
    assert calls(wanted("second"), with_memory(is_modified=False)) == [f"snapshot web restore {TWO}"]


def test_memory_that_is_restored_already_is_gone_on_with():
    saved = with_memory(THREE, state="saved", is_modified=False)
    assert calls(wanted(), saved) == ["startvm web --type headless"]
    # Somebody has discarded it.
    assert calls(wanted(), replace(saved, state="poweroff")) == [
        f"snapshot web restore {THREE}",
        "startvm web --type headless",
    ]


def test_a_snapshot_is_deleted_and_one_that_is_not_there_is_no_change():
    assert calls(wanted("second", "absent")) == [f"snapshot web delete {TWO}"]
    assert calls(wanted("other", "absent")) == []
    assert calls(wanted(f"{{{THREE.upper()}}}", "absent")) == [f"snapshot web delete {THREE}"]


def test_a_snapshot_from_which_several_go_on_stays():
    assert problem(wanted("first", "absent")) == (
        "name: 'first' is what second and third go on from, and VirtualBox merges a snapshot with one of "
        "them only; delete the later snapshots first"
    )
    machine = replace(MACHINE, history=History((FIRST, SECOND), ONE))
    assert "what second and the machine as it is now go on from" in problem(
        wanted("first", "absent"), machine
    )


def test_an_unknown_snapshot_is_named_with_those_that_are_there():
    assert problem(wanted("fourth")) == (
        "name: 'fourth' is no snapshot of 'web'; name one that is there (first, second, third), or take it "
        "first (state: present)"
    )
    assert "(none)" in problem(wanted(), replace(MACHINE, history=History()))


@pytest.mark.parametrize("state", ["present", "restored", "absent"])
def test_a_name_that_several_have_names_none(state):
    twins = replace(MACHINE, history=History((replace(FIRST, name="third"), THIRD), THREE))
    assert problem(wanted(state=state), twins) == (
        f"name: 'third' is the name of 2 snapshots of 'web'; give the identifier of one instead ({ONE}, "
        f"{THREE})"
    )
    assert calls(wanted(ONE), twins) == [f"snapshot web restore {ONE}"]


@pytest.mark.parametrize("state", ["present", "restored", "absent"])
def test_a_machine_of_somebody_else_stays(state):
    assert problem(wanted(state=state, force=True), replace(MACHINE, mark="")) == (
        "machine: 'web' is a machine that the module virtualbox_vm has not made; name another, or do this by "
        "hand"
    )


def test_a_machine_that_is_not_there_has_no_snapshots():
    assert calls(wanted(state="absent"), None) == []
    for state in ("present", "restored"):
        assert problem(wanted(state=state), None) == (
            "machine: VirtualBox has no machine 'web' here; name another, or make it first (module "
            "virtualbox_vm)"
        )


@given(
    st.sampled_from(["first", "second", "third", "new"]),
    st.sampled_from(["present", "restored", "absent"]),
    st.sampled_from(STATES),
    st.frozensets(st.sampled_from([ONE, TWO, THREE])),
    st.booleans(),
)
def test_no_plan_loses_anything_without_consent(name, state, there, live, modified):
    machine = with_memory(*live, state=there, is_modified=modified)
    plan = make_plan(wanted(name, state), machine)
    words = {word for step in plan.steps for word in step.arguments}
    assert "poweroff" not in words
    assert not ("restore" in words and (machine.is_up or "saved" in there))
    assert not (plan.steps and plan.problems)
