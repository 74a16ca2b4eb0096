"""The machine-readable output is read as VBoxManage writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtualbox.showvminfo import pairs

NAMES = ["iso", "odd_name", "odd_values", "running", "saved", "several_cards", "two_snapshots"]


def written(text: str) -> str:
    """Return a value as VBoxManage writes it: in quotes, with backslashes before quotes and backslashes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_real_output_is_read(name, recorded):
    text = recorded(name)
    found = pairs(text)
    values = dict(found)
    assert values["name"] and values["VMState"] and values["memory"].isdigit()
    # One line has no value at all, and a description may go over several. Then the snapshots begin.
    read = text.split("\nSnapshotName=")[0]
    lines = [line for line in read.splitlines() if line and "=" in line]
    described = values.get("description", "").splitlines()[1:]
    assert len(found) == len(lines) - sum("=" in line for line in described)


def test_a_name_may_hold_quotes_backslashes_and_any_letters(recorded):
    assert dict(pairs(recorded("odd_name")))["name"] == 'tést "q" \\back vm'


def test_a_description_cannot_pass_for_something_else(recorded):
    found = pairs(recorded("odd_name"))
    assert dict(found)["description"] == 'two\nlines="x"\nVMState="lie"'
    assert [value for key, value in found if key == "VMState"] == ["poweroff"]


def test_a_snapshot_cannot_pass_for_something_else(recorded):
    """Its name ends in a backslash, and its description has a quote before a line that gives the memory."""
    found = pairs(recorded("odd_values"))
    assert [value for key, value in found if key == "memory"] == ["1024"]
    assert not [key for key, _ in found if "Snapshot" in key]


def test_what_is_written_without_escapes_is_read_without(recorded):
    values = dict(pairs(recorded("odd_values")))
    assert values["Forwarding(0)"] == 'a"b,tcp,,2201,,22'
    assert values["Forwarding(1)"] == "c\\d,tcp,,2202,,22"
    assert values["intnet2"] == 'x"y\\z'
    assert values["uartmode1"] == 'file,/srv/m/we"ird\\.log'


def test_a_value_that_never_ends_is_no_endless_loop():
    assert pairs('name="web"\ndescription="cut off') == [("name", "web"), ("description", '"cut off')]


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)


@given(st.lists(st.tuples(st.sampled_from(["name", "groups", "CfgFile"]), TEXT)))
def test_what_is_written_is_read(expected):
    text = "".join(f"{key}={written(value)}\n" for key, value in expected)
    assert pairs(text) == expected


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_lines_of_a_value_stay_together(lines):
    value = "\n".join(lines)
    assert pairs(f"description={written(value)}\nVMState={written('saved')}\n") == [
        ("description", value),
        ("VMState", "saved"),
    ]


@given(TEXT.filter(bool))
def test_keys_are_quoted_too(controller):
    key = f"{controller}-0-0"
    assert pairs(f"{written(key)}={written('none')}\n") == [(key, "none")]
