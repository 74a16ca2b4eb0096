"""What is asked for, and how an image is known as a snapshot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_snapshot.model import Image, Wanted, marks, mistakes

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "no server": ({"server": ""}, "server: '' names no server; give a server's name or id"),
    "no name": ({"name": ""}, "name: '' names no snapshot; give 1 to 255 characters"),
    "long name": (
        {"name": "x" * 256},
        "name: 'xxxxxxxxxxxxxxxxxxxx...' has 256 characters; use at most 255",
    ),
    "space at the end": (
        {"name": "before "},
        "name: 'before ' is not a name for nova; use printable characters, without a space at either end",
    ),
    "line break": (
        {"name": "two\nlines"},
        "name: 'two\\nlines' is not a name for nova; use printable characters, without a space at either end",
    ),
    "keep": ({"keep": 0}, "keep: 0 would keep nothing; give 1 or more, or leave it out to keep all"),
    "timeout": ({"timeout": 0}, "timeout: 0 leaves no time; give the seconds to wait, 1 or more"),
}


def wanted(**options):
    return Wanted(**{"server": "web", "name": "web@1", **options})


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_has_its_sentence(case):
    options, sentence = CASES[case]
    assert mistakes(wanted(**options)) == [sentence]


def test_all_mistakes_come_at_once():
    assert [m.split(":")[0] for m in mistakes(Wanted("", "", keep=-3, timeout=-1))] == [
        "server",
        "name",
        "keep",
        "timeout",
    ]


@pytest.mark.parametrize("options", [{}, {"name": "x" * 255}, {"keep": 1}, {"name": "a b"}, {"name": "é@1"}])
def test_what_nova_accepts_is_no_mistake(options):
    assert mistakes(wanted(**options)) == []


@given(st.text(), st.text(), st.text())
def test_an_image_with_all_marks_is_a_snapshot(server, topology, name):
    assert Image("i", name, properties=marks(server, topology, name)).source == (server, topology)


def test_marks_copied_to_an_image_of_another_name_mean_nothing():
    assert Image("i", "somebody's own", properties=marks("web", "", "web@1")).source is None


def test_marks_of_another_project_mean_nothing():
    assert Image("i", "web@1", owned=False, properties=marks("web", "", "web@1")).source is None


@pytest.mark.parametrize("missing", ["lab_snapshot_of", "lab_snapshot_name"])
def test_an_image_that_lacks_a_mark_is_no_snapshot(missing):
    properties = marks("web", "", "web@1")
    del properties[missing]
    assert Image("i", "web@1", properties=properties).source is None


def test_no_topology_is_a_mark_too():
    assert marks("web", "", "web@1") == {
        "lab_snapshot_of": "web",
        "lab_topology": "",
        "lab_snapshot_name": "web@1",
    }
