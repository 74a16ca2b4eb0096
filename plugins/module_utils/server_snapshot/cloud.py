"""The edge to the cloud: read servers and images, carry out one action."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import keystoneauth1.exceptions as auth_errors
import openstack
from ansible.module_utils.openstack_topology.cloud import CloudError, explain
from ansible.module_utils.openstack_topology.model import owner_tag
from openstack import exceptions

from .model import ACTIVE, BROKEN, GIVEN_UP, Image, Server, marks
from .plan import Action

POLL = 1.0
"""Seconds between two looks at a snapshot or a server."""
PATIENCE = 5
"""Looks in a row at a snapshot that is not complete and a server that nova does nothing with."""
PAGE = 1000
"""Images in one answer: glance gives 25 unless asked, and at most this many."""

T = TypeVar("T")


class GivenUpError(Exception):
    """A snapshot is not complete, and nova works on it no more: from now on it counts as one that failed."""


class Cloud:
    """One project; `topology` is the owner of the servers to look at, empty for all of them.

    `changed` tells whether a change was requested, `taken` is the id of the image made.
    """

    def __init__(self, connection: openstack.connection.Connection, topology: str, timeout: float) -> None:
        self.compute = connection.compute
        self.image = connection.image
        self.project = connection.current_project_id
        self.topology = topology
        self.timeout = timeout
        self.changed = False
        self.taken = ""
        self._given_up: set[str] = set()

    # ---- reading

    def servers(self) -> list[Server]:
        """Return the project's servers; raises `CloudError`."""
        return _asked(lambda: [self._server(server) for server in self.compute.servers()])

    def images(self) -> list[Image]:
        """Return the images that the project can see; raises `CloudError`."""
        return _asked(lambda: [self._image(image) for image in self.image.images(limit=PAGE)])

    def server(self, id_: str) -> Server | None:
        """Return a server, or `None` if it is gone; raises `CloudError`."""
        found = self._look(self.compute.get_server, id_)
        return None if found is None else self._server(found)

    def snapshot(self, id_: str) -> Image | None:
        """Return an image, or `None` if it is gone; raises `CloudError`."""
        found = self._look(self.image.get_image, id_)
        return None if found is None else self._image(found)

    def _look(self, get: Callable[[str], Any], id_: str) -> Any:
        def look() -> Any:
            try:
                return get(id_)
            except exceptions.NotFoundException:
                return None

        return _asked(look)

    def _server(self, s: Any) -> Server:
        return Server(
            s.id,
            s.name,
            owned=not self.topology or owner_tag(self.topology) in (s.tags or ()),
            status=s.status,
            task=s.task_state or "",
            image_id=(s.image or {}).get("id") or "",
        )

    def _image(self, i: Any) -> Image:
        return Image(
            i.id,
            i.name or "",
            status=GIVEN_UP if i.id in self._given_up else i.status,
            owned=i.owner == self.project,
            server_id=i.instance_uuid or "",
            size=i.size,
            min_disk=i.min_disk or 0,
            created_at=i.created_at or "",
            protected=bool(i.is_protected),
            properties={key: value for key, value in (i.properties or {}).items() if isinstance(value, str)},
        )

    # ---- applying

    def apply(self, action: Action) -> None:
        """Carry out one action to its end; raises `CloudError`."""
        act: Callable[[Action], None] = getattr(self, f"_{action.verb}_{action.kind}")
        _asked(lambda: act(action))

    def _create_snapshot(self, action: Action) -> None:
        server = self.compute.get_server(action.server_id)
        properties = marks(server.name, self.topology, action.name)
        # Not create_server_image: it looks for the image besides, and has no id if nova has given up already.
        self.taken = server.create_image(self.compute, action.name, properties)
        self.changed = True
        self._until_complete(action, self.taken)
        self._until_free(action.server_id)

    def _wait_snapshot(self, action: Action) -> None:
        self._until_complete(action, action.image_id)

    def _delete_snapshot(self, action: Action) -> None:
        self.image.delete_image(action.image_id)
        self.changed = True

    def _update_server(self, action: Action) -> None:
        before = self.compute.get_server(action.server_id).status
        # The image alone: nova keeps name, key, metadata and user data of a server whose rebuild does not
        # name them.
        self.compute.rebuild_server(action.server_id, action.image_id)
        self.changed = True
        # A stopped server is started by the rebuild, and stopped again.
        self._until_free(action.server_id, {before} if before == "SHUTOFF" else {"ACTIVE", "SHUTOFF"})

    def _wait_server(self, action: Action) -> None:
        self._until_free(action.server_id)

    # ---- waiting

    def _until_complete(self, action: Action, image_id: str) -> None:
        """Wait until a snapshot can be used; raises `CloudError` if it never will."""
        deadline = time.monotonic() + self.timeout
        idle = 0
        while True:
            # The server first: nova completes or removes the image, and notes the reason, before it is done
            # with the server.
            server = self.server(action.server_id) if action.server_id else None
            image = self.snapshot(image_id)
            if image and image.status == ACTIVE:
                return
            idle = 0 if server and server.task else idle + 1
            status = image.status if image else "gone"
            if idle and (image is None or image.status in BROKEN):
                raise CloudError(f"the image is {status}: {self._reason(action.server_id)}")
            if idle == PATIENCE:
                self._given_up.add(image_id)
                raise GivenUpError(f"the image is {status}, and nova has given it up; its log says why")
            self._pause(deadline, f"the image is {status}")

    def _until_free(self, server_id: str, statuses: Collection[str] = ()) -> None:
        """Wait until nova is done with a server, and it is in one of `statuses` if any are given.

        Raises `CloudError` with the server's fault if it ends in ERROR.
        """
        deadline = time.monotonic() + self.timeout
        while True:
            server = self.server(server_id)
            if server is None:
                raise CloudError("the server was deleted by somebody else")
            if not server.is_busy:
                if server.status == "ERROR":
                    raise CloudError(self._fault(server_id))
                if not statuses or server.status in statuses:
                    return
            self._pause(deadline, f"the server is {server.status} (task: {server.task or 'none'})")

    def _pause(self, deadline: float, state: str) -> None:
        if time.monotonic() > deadline:
            raise CloudError(
                f"after {self.timeout:g} s {state}; run again to go on waiting, and raise timeout if the "
                f"cloud is only slow"
            )
        time.sleep(POLL)

    def _fault(self, server_id: str) -> str:
        fault = self.compute.get_server(server_id).fault or {}
        return str(fault.get("message") or "the server is in ERROR, and nova gives no reason")

    def _reason(self, server_id: str) -> str:
        """Return what nova noted about the last snapshot of a server, or where such notes are."""
        try:
            actions = self.compute.server_actions(server_id)
            last = next((action for action in actions if action.action == "createImage"), None)
            events = self.compute.get_server_action(last.request_id, server_id).events if last else ()
        except exceptions.SDKException:
            events = ()
        notes = [event.details for event in events or () if event.details]
        return str(notes[-1]) if notes else "nova noted no reason that `openstack server event list` shows"


def _asked(ask: Callable[[], T]) -> T:
    """Return the API's answer; raises `CloudError` if it refuses."""
    try:
        return ask()
    except (exceptions.SDKException, auth_errors.ClientException) as error:
        raise CloudError(explain(error)) from error
