"""What is asked for and what there is, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SERVER, TOPOLOGY, NAME = "lab_snapshot_of", "lab_topology", "lab_snapshot_name"
NAME_LIMIT = 255
"""Characters that nova and glance accept as a name."""

ACTIVE = "active"
PENDING = frozenset({"queued", "saving", "uploading", "importing"})
GIVEN_UP = "given up by nova"
"""Not glance's word: what is pending for ever, since nova was restarted while it took the snapshot."""
BROKEN = frozenset({"killed", "error", "deleted", "pending_delete", GIVEN_UP})
PASSING = frozenset({"REBUILD", "REBOOT", "HARD_REBOOT"})
"""The states that a server leaves by itself, for ACTIVE, SHUTOFF or ERROR."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; `server` is a name or an id, an empty `topology` means none."""

    server: str
    name: str
    topology: str = ""
    state: str = "present"
    keep: int | None = None
    force: bool = False
    timeout: int = 600


@dataclass(frozen=True, slots=True)
class Server:
    """A server of the project.

    `owned` says that it carries the topology's tag, or that no topology was asked for. `task` is what nova
    is doing with it, empty for nothing. A server that boots from a volume has no `image_id`.
    """

    id: str
    name: str
    owned: bool = True
    status: str = "ACTIVE"
    task: str = ""
    image_id: str = ""

    @property
    def is_deleting(self) -> bool:
        """Whether somebody is deleting the server."""
        return self.task in ("deleting", "soft-deleting")

    @property
    def is_busy(self) -> bool:
        """Whether nova would refuse another request for now."""
        return bool(self.task) or self.status in PASSING


@dataclass(frozen=True, slots=True)
class Image:
    """An image the project can see.

    `owned` says that it is the project's own. `server_id` is nova's note of the server it was taken from.
    `created_at` is ISO 8601 in UTC, which sorts as text. `properties` are those glance has no field for.
    """

    id: str
    name: str
    status: str = ACTIVE
    owned: bool = True
    server_id: str = ""
    size: int | None = None
    min_disk: int = 0
    created_at: str = ""
    protected: bool = False
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> tuple[str, str] | None:
        """The server's name and the topology (or an empty string), if this is a snapshot with marks.

        Nova copies the marks to any image taken of a server that runs from a snapshot. Such a copy speaks
        of a name that is not its own.
        """
        marked = self.owned and self.properties.get(NAME) == self.name
        if not marked or SERVER not in self.properties:
            return None
        return self.properties[SERVER], self.properties.get(TOPOLOGY, "")


def marks(server: str, topology: str, name: str) -> dict[str, str]:
    """Return the properties by which an image is the snapshot `name` of the server named `server`.

    All are set always: one left out would be inherited from the image that the server runs from.
    """
    return {SERVER: server, TOPOLOGY: topology, NAME: name}


def mistakes(wanted: Wanted) -> list[str]:
    """Return one sentence for each mistake that is visible without a cloud."""
    found = []
    if not wanted.server:
        found.append("server: '' names no server; give a server's name or id")
    if not wanted.name:
        found.append(f"name: '' names no snapshot; give 1 to {NAME_LIMIT} characters")
    elif len(wanted.name) > NAME_LIMIT:
        found.append(
            f"name: {wanted.name[:20] + '...'!r} has {len(wanted.name)} characters; use at most {NAME_LIMIT}"
        )
    elif wanted.name != wanted.name.strip() or not wanted.name.isprintable():
        found.append(
            f"name: {wanted.name!r} is not a name for nova; use printable characters, without a space at "
            f"either end"
        )
    if wanted.keep is not None and wanted.keep < 1:
        found.append(f"keep: {wanted.keep} would keep nothing; give 1 or more, or leave it out to keep all")
    if wanted.timeout < 1:
        found.append(f"timeout: {wanted.timeout} leaves no time; give the seconds to wait, 1 or more")
    return found
