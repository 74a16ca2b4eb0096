"""What is to be done so that a snapshot is as asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OF, NAME, CONTENT = "cloud-lab.snapshot.of", "cloud-lab.snapshot.name", "cloud-lab.snapshot.content"
"""The labels by which a snapshot is known."""

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<repository>(?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?{_COMPONENT}(?:/{_COMPONENT})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?"
)


@dataclass(frozen=True, slots=True)
class Image:
    """An image; `users` are the containers made of it."""

    id: str
    labels: Mapping[str, str]
    comment: str = ""
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: `take` a snapshot, `remove` the name of one; or the one problem that forbids it."""

    take: bool = False
    remove: bool = False
    problem: str = ""

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.take or self.remove


def reference(name: str) -> tuple[str, str] | None:
    """Return the repository and the tag of an image's name; None if Docker would not take it."""
    found = _REFERENCE.fullmatch(name)
    return (found["repository"], found["tag"] or "latest") if found else None


def marks(container: str, name: str, digest: str) -> dict[str, str]:
    """Return the labels of a snapshot."""
    # The container's own mark would make a container of the snapshot look like that one.
    return {OF: container, NAME: name, CONTENT: digest, "cloud-lab.container": ""}


def comment(container: str) -> str:
    """Return the comment of a snapshot, which an image made of it does not inherit, as it does the labels."""
    return f"snapshot of the container {container}"


def is_snapshot(image: Image, name: str) -> bool:
    """Whether an image was taken under this name, and has not only got the labels from one that was."""
    return image.labels.get(NAME) == name and image.comment == comment(image.labels.get(OF, ""))


def present(name: str, container: str, digest: str, image: Image | None) -> Plan:
    """Plan that the image `name` holds what the container holds."""
    if image is None:
        return Plan(take=True)
    if problem := _foreign(name, image):
        return Plan(problem=problem)
    if (source := image.labels.get(OF)) != container:
        return Plan(problem=f"name: {name} is a snapshot of the container {source}; choose another name")
    return Plan(take=image.labels.get(CONTENT) != digest)


def absent(name: str, image: Image | None) -> Plan:
    """Plan that there is no snapshot `name`."""
    if image is None:
        return Plan()
    if problem := _foreign(name, image):
        return Plan(problem=problem)
    if image.users:
        return Plan(problem=f"name: {name} is in use by {_listing(image.users)}; remove them first")
    return Plan(remove=True)


def _foreign(name: str, image: Image) -> str:
    if is_snapshot(image, name):
        return ""
    return (
        f"name: {name} is an image that this module has not taken; choose another name, or remove it yourself"
    )


def _listing(users: Sequence[str]) -> str:
    noun = "the container" if len(users) == 1 else "the containers"
    return f"{noun} {', '.join(sorted(users))}"
