"""A machine's snapshots are what its settings file says, whatever they are called."""

from __future__ import annotations

import re

import pytest

from virtualbox.model import Forward, History, Snapshot
from virtualbox.settings import history, kept

DAILY, SECOND, THIRD, FOURTH, TWIN, LAST = (
    "1c70f4d9-cf70-42f6-a08d-9a74e34f64dd",
    "dcda0ed4-9d89-4b0b-8f98-53061d8eb2ef",
    "e420463c-4831-46a1-a612-4c0b4134107e",
    "0fb1bb57-f7ae-44f4-8dc5-933ac415c271",
    "130d7f8e-e63b-4299-ae4c-34e975fd88d8",
    "75c55e6d-6229-4ced-b10d-f09ba658423d",
)


@pytest.fixture
def nested(recorded):
    """Return a settings file with six snapshots, recorded from VirtualBox 7.2.22."""
    return recorded("nested.vbox")


def test_snapshots_are_read_with_their_places(nested):
    assert history(nested) == History(
        (
            Snapshot(DAILY, 'täglich, 3 Uhr "x" \\y', memory=1024),
            Snapshot(SECOND, "second", DAILY, memory=1024),
            Snapshot(THIRD, "third", SECOND, memory=1024),
            Snapshot(FOURTH, "fourth", SECOND, memory=1024),
            Snapshot(TWIN, "日本", SECOND, memory=1024),
            Snapshot(LAST, "日本", TWIN, memory=1024),
        ),
        LAST,
        is_modified=False,
    )


def test_they_are_those_that_vboxmanage_lists(nested, recorded):
    listed = recorded("nested_snapshots")
    found = history(nested)
    assert [one.uuid for one in found.snapshots] == re.findall('(?m)^SnapshotUUID.*="(.*)"$', listed)
    assert f'CurrentSnapshotUUID="{found.current}"' in listed
    # It does not escape what it prints, so this line of a description passes for a seventh one there.
    assert 'SnapshotName-9="lie"' in listed
    assert "lie" not in [one.name for one in found.snapshots]


def test_a_snapshot_of_a_machine_that_ran_holds_its_memory(nested):
    live = nested.replace(f'uuid="{{{THIRD}}}"', f'uuid="{{{THIRD}}}" stateFile="Snapshots/2026.sav"')
    assert [one.uuid for one in history(live).snapshots if one.has_memory] == [THIRD]


def test_a_snapshot_has_the_rules_of_the_cards_that_were_there(recorded):
    text = recorded("forwards.vbox")
    (snapshot,) = history(text).snapshots
    ssh = Forward("ssh", "tcp", "192.168.56.1", 1234, "10.0.2.15", 22)
    assert (snapshot.memory, snapshot.forwards) == (64, (ssh, Forward("u", "udp", "", 53, "", 53)))
    (without,) = history(text.replace('slot="0" enabled="true"', 'slot="0"')).snapshots
    assert without.forwards == ()


def test_a_card_keeps_its_rules_while_it_is_attached_to_something_else(recorded):
    text = recorded("forwards.vbox")
    rules = frozenset(history(text).snapshots[0].forwards)
    assert kept(text)[1] == rules and kept(text)[2] == frozenset()
    # As VirtualBox writes a card that is off, and one of another kind.
    assert kept(text.replace('slot="0" enabled="true"', 'slot="0"'))[1] == rules
    within = r"\1</DisabledModes>"
    other = re.sub(r"</DisabledModes>(\s*<NAT network.*?</NAT>)", within, text, flags=re.DOTALL)
    assert other != text
    assert kept(other)[1] == rules


def test_nothing_has_changed_only_where_it_is_said(nested):
    assert history(nested.replace(' currentStateModified="false"', "")).is_modified


@pytest.mark.parametrize(
    ("text", "words"),
    [("<VirtualBox", "no XML"), ("<VirtualBox/>", "no machine in it that is not encrypted")],
)
def test_what_cannot_be_read_is_said(text, words):
    with pytest.raises(ValueError, match=words):
        history(text)
