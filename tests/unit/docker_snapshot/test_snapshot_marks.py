"""A snapshot is taken when the content is new, and nothing else is ever replaced or removed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from docker_snapshot.plan import Image, Plan, absent, comment, marks, present, reference

NAME = "lab/web:1"


def snapshot(digest="sha256:one", container="web", name=NAME, users=()):
    return Image("sha256:i", marks(container, name, digest), comment(container), users)


@pytest.mark.parametrize(
    ("image", "take"), [(None, True), (snapshot(), False), (snapshot("sha256:former"), True)]
)
def test_a_snapshot_is_taken_when_it_would_hold_something_else(image, take):
    assert present(NAME, "web", "sha256:one", image) == Plan(take=take)


@pytest.mark.parametrize(
    "image",
    [
        Image("sha256:i", {}),
        snapshot(name="lab/web:other"),
        # Somebody has made it of the snapshot, and given it this very name: it has all labels.
        replace(snapshot(), comment=""),
    ],
)
def test_an_image_that_is_no_snapshot_is_neither_replaced_nor_removed(image):
    for plan in (present(NAME, "web", "sha256:one", image), absent(NAME, image)):
        assert not plan.changes
        assert plan.problem.startswith(f"name: {NAME} is an image that this module has not taken; ")


def test_a_snapshot_of_another_container_is_not_replaced():
    plan = present(NAME, "db", "sha256:two", snapshot())
    assert plan == Plan(problem=f"name: {NAME} is a snapshot of the container web; choose another name")


def test_a_snapshot_is_removed():
    assert absent(NAME, snapshot()) == Plan(remove=True)
    assert absent(NAME, None) == Plan()


def test_a_snapshot_in_use_is_not_removed():
    plan = absent(NAME, snapshot(users=("b", "a")))
    assert plan == Plan(problem=f"name: {NAME} is in use by the containers a, b; remove them first")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("web", ("web", "latest")),
        ("lab/web:1", ("lab/web", "1")),
        ("localhost:5000/lab/web", ("localhost:5000/lab/web", "latest")),
        ("localhost:5000/lab/web:v1.2", ("localhost:5000/lab/web", "v1.2")),
    ],
)
def test_a_name_has_a_repository_and_a_tag(name, parts):
    assert reference(name) == parts


@pytest.mark.parametrize("name", ["", "Web", "web:", "web:a b", "web@sha256:00", "-web", "web:.1"])
def test_what_docker_would_not_take_is_no_name(name):
    assert reference(name) is None
