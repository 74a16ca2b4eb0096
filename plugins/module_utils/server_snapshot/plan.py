"""The plan: a pure function of what is asked for, the project's servers and the images it can see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .model import ACTIVE, BROKEN, PASSING, PENDING, Image, Server, Wanted

SIGNS = {"create": "+", "delete": "-", "update": "~"}
WAIT = "wait"

TAKES = ("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED")
"""The states in which nova takes a snapshot of a server."""
REBUILDS = ("ACTIVE", "SHUTOFF", "ERROR")
"""The states in which nova rebuilds a server."""


@dataclass(frozen=True, slots=True)
class Action:
    """One request to the cloud, carried out to its end, or a wait for one that was made before.

    `name` is the snapshot's or the server's. `image_id` is empty when the image is still to be made.
    """

    verb: str
    kind: str
    name: str
    server_id: str = ""
    image_id: str = ""
    details: tuple[str, ...] = ()

    @property
    def shown(self) -> bool:
        """Whether the action changes something."""
        return self.verb != WAIT

    @property
    def line(self) -> str:
        """The change in one line, for instance `+ snapshot web@1`."""
        details = f" ({'; '.join(self.details)})" if self.details else ""
        return f"{SIGNS[self.verb]} {self.kind} {self.name}{details}"

    def change(self) -> dict[str, Any]:
        """Return the change as the module reports it."""
        return {"action": self.verb, "kind": self.kind, "name": self.name, "details": list(self.details)}


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions in order, what they are about, and what a person should know.

    `problems` forbid applying it. `server` is missing if it is gone, `snapshot` if it is still to be taken
    or not wanted.
    """

    actions: tuple[Action, ...] = ()
    server: Server | None = None
    snapshot: Image | None = None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[Action, ...]:
        """The actions that change something."""
        return tuple(action for action in self.actions if action.shown)


def make_plan(wanted: Wanted, servers: Sequence[Server], images: Sequence[Image]) -> Plan:
    """Return what leads from what there is to what is `wanted`.

    `servers` are all of the project, `images` all that it can see.
    """
    found = _candidates(wanted.server, servers)
    server = found[0] if len(found) == 1 else None
    case = _Case(wanted, servers, images, server)
    if wanted.state == "absent":
        # Snapshots outlive their server, so it need not be there.
        if len(found) > 1 and len({image.server_id for image in case.named}) > 1:
            return _refused(_no_server(wanted, found, servers))
        return case.absent(server)
    if server is None:
        return _refused(_no_server(wanted, found, servers))
    if server.is_deleting:
        return _refused(f"server: {wanted.server!r} is being deleted; name a server that stays")
    return case.restored(server) if wanted.state == "restored" else case.present(server)


class _Case:
    """What is wanted, and what there is of it."""

    def __init__(
        self, wanted: Wanted, servers: Sequence[Server], images: Sequence[Image], server: Server | None
    ) -> None:
        self.server_name = server.name if server else wanted.server
        source = self.server_name, wanted.topology
        self.wanted = wanted
        self.servers = servers
        # A server inherits the snapshots of its predecessor, but not those of a living one of its name.
        others = {other.id for other in servers if server and other.id != server.id}
        self.own = [image for image in images if image.source == source and image.server_id not in others]
        self.named = [image for image in self.own if image.name == wanted.name]
        self.usable = [image for image in self.named if image.status not in BROKEN]
        self.rivals = [image for image in images if image.name == wanted.name and image not in self.own]

    # ---- present

    def present(self, server: Server) -> Plan:
        actions = [_delete(image, image.status) for image in self.named if image.status in BROKEN]
        if self.usable:
            if problem := self.unusable():
                return _refused(problem)
            if self.snapshot.status in PENDING:
                actions.append(_wait_snapshot(self.snapshot))
        else:
            if problem := self.cannot_take(server):
                return _refused(problem)
            if server.is_busy:
                actions.append(_wait_server(server))
            actions.append(Action("create", "snapshot", self.wanted.name, server_id=server.id))
        actions += [_delete(image) for image in self.surplus()]
        return Plan(tuple(actions), server, self.snapshot if self.usable else None)

    @property
    def snapshot(self) -> Image:
        """The snapshot of the wanted name, once `unusable` has found nothing wrong."""
        return self.usable[0]

    def unusable(self) -> str:
        """Return why none of the snapshots there are can be meant; empty if one can."""
        name = self.wanted.name
        if len(self.usable) > 1:
            ids = listing(image.id for image in self.usable)
            return (
                f"name: {name!r} is the name of {len(self.usable)} snapshots of this server; delete all but "
                f"one of the images {ids}"
            )
        if self.snapshot.status not in (ACTIVE, *PENDING):
            return (
                f"name: {name!r} is a snapshot that is {self.snapshot.status}; have an administrator "
                f"reactivate image {self.snapshot.id}, or choose another name"
            )
        return ""

    def cannot_take(self, server: Server) -> str:
        """Return why no snapshot of the wanted name can be taken; empty if one can."""
        if self.rivals:
            return (
                f"name: {self.wanted.name!r} is taken by {self.describe(self.rivals[0])}; choose another name"
            )
        if not server.image_id:
            return (
                f"server: {server.name!r} boots from a volume, and an image of it would be empty; snapshot "
                f"the volume instead, with openstack.cloud.volume_snapshot"
            )
        if server.status not in (*TAKES, *PASSING):
            return _wrong_status(server, "takes snapshots of", TAKES)
        return ""

    def surplus(self) -> list[Image]:
        """Return the snapshots beyond the newest that are to be kept, the oldest first.

        The wanted one, those in use and those protected against deletion stay. All stay if one is newer than
        the wanted one, whether that is complete or not.
        """
        if self.wanted.keep is None:
            return []
        others = [image for image in self.own if image.status == ACTIVE and image.name != self.wanted.name]
        others.sort(key=_age, reverse=True)
        if self.usable and others and _age(others[0]) > _age(self.snapshot):
            return []
        in_use = {server.image_id for server in self.servers}
        return [
            image
            for image in reversed(others[self.wanted.keep - 1 :])
            if image.id not in in_use and not image.protected
        ]

    # ---- restored

    def restored(self, server: Server) -> Plan:
        if problem := self.unusable() if self.usable else self.missing(server):
            return _refused(problem)
        snapshot = self.snapshot
        # Nova notes the image as soon as a rebuild begins, and keeps it when the rebuild fails.
        if server.image_id == snapshot.id and server.status != "ERROR" and not self.wanted.force:
            waits = (_wait_server(server),) if server.status == "REBUILD" else ()
            return Plan(waits, server, snapshot)
        if problem := _cannot_rebuild(server):
            return _refused(problem)
        actions = []
        if snapshot.status in PENDING:
            actions.append(_wait_snapshot(snapshot))
        # Nova has a little more to do with the server once its snapshot is complete.
        if server.is_busy or actions:
            actions.append(_wait_server(server))
        details = (f"rebuilt from {snapshot.name}",)
        actions.append(Action("update", "server", server.name, server.id, snapshot.id, details))
        return Plan(tuple(actions), server, snapshot, warnings=_new_to_cloud_init(server, snapshot))

    def missing(self, server: Server) -> str:
        """Return why there is nothing to restore."""
        name = self.wanted.name
        if self.named:
            return (
                f"name: {name!r} is a snapshot that failed ({self.named[0].status}); take it again with "
                f"state: present, or choose another one"
            )
        for image in self.rivals:
            if image.source and image.source[0] == server.name:
                remedy = "set topology accordingly"
                if image.source[1] == self.wanted.topology:
                    remedy = f"give server the id {image.server_id}"
                return f"name: {name!r} is {self.describe(image)}; {remedy}"
        there = listing(image.name for image in self.own if image.status == ACTIVE)
        return f"name: {name!r} is not a snapshot of server {server.name!r}; there are: {there}"

    def describe(self, image: Image) -> str:
        """Return what an image is that has the wanted name and is not a snapshot of the server."""
        if image.source is None:
            return f"image {image.id}, which is not a snapshot of this module's"
        server, topology = image.source
        if topology == self.wanted.topology and server == self.server_name:
            return f"a snapshot of another server {server!r} ({image.server_id})"
        place = f"of topology {topology!r}" if topology else "taken without a topology"
        return f"a snapshot of server {server!r} {place}"

    # ---- absent

    def absent(self, server: Server | None) -> Plan:
        for image in self.named:
            if image.protected:
                return _refused(
                    f"name: {image.name!r} is protected against deletion; lift that with "
                    f"`openstack image set --unprotected {image.id}`"
                )
        warnings = (
            f"snapshot {image.name}: server {user.name} runs from it and goes on, but nova can rebuild it "
            f"only from another image, and perhaps not move it to another host"
            for image in self.named
            for user in self.servers
            if user.image_id == image.id
        )
        return Plan(tuple(_delete(image) for image in self.named), server, warnings=tuple(warnings))


def listing(names: Iterable[str]) -> str:
    """Return `names` sorted for a message."""
    return ", ".join(sorted(set(names))) or "none"


def _age(image: Image) -> tuple[str, str]:
    """Return what sorts snapshots, the newest last."""
    return image.created_at, image.id


def _candidates(name: str, servers: Iterable[Server]) -> list[Server]:
    """Return the servers that `name` can mean: the one with that id, or else those with that name."""
    owned = [server for server in servers if server.owned]
    return [s for s in owned if s.id == name] or [s for s in owned if s.name == name]


def _refused(problem: str) -> Plan:
    return Plan(problems=(problem,))


def _no_server(wanted: Wanted, found: Sequence[Server], servers: Iterable[Server]) -> str:
    if found:
        ids = listing(server.id for server in found)
        return f"server: {wanted.server!r} is the name of {len(found)} servers; give one's id instead: {ids}"
    place = f"topology {wanted.topology!r}" if wanted.topology else "the project"
    there = listing(server.name for server in servers if server.owned)
    return f"server: {wanted.server!r} is not a server of {place}; there are: {there}"


def _cannot_rebuild(server: Server) -> str:
    """Return why `server` cannot be rebuilt; empty if it can."""
    if not server.image_id:
        return (
            f"server: {server.name!r} boots from a volume, which a rebuild does not replace; restore the "
            f"volume instead"
        )
    if server.status not in (*REBUILDS, *PASSING):
        return _wrong_status(server, "rebuilds", REBUILDS)
    return ""


def _wrong_status(server: Server, does: str, statuses: Sequence[str]) -> str:
    return (
        f"server: {server.name!r} is {server.status}, and nova {does} servers that are "
        f"{', '.join(statuses[:-1])} or {statuses[-1]}; bring it into one of these states first"
    )


def _new_to_cloud_init(server: Server, snapshot: Image) -> tuple[str, ...]:
    """Warn if the restored server's id is not the one that the snapshot's cloud-init knows."""
    if snapshot.server_id in ("", server.id):
        return ()
    return (
        f"snapshot {snapshot.name} was taken of another server named {server.name} ({snapshot.server_id}): "
        f"cloud-init takes the restored one for new, so it runs the user data again and the SSH host keys "
        f"are others; remove the lines of {server.id} from known_hosts",
    )


def _delete(image: Image, *details: str) -> Action:
    return Action("delete", "snapshot", image.name, image_id=image.id, details=details)


def _wait_snapshot(image: Image) -> Action:
    return Action(WAIT, "snapshot", image.name, image.server_id, image.id)


def _wait_server(server: Server) -> Action:
    return Action(WAIT, "server", server.name, server.id)
