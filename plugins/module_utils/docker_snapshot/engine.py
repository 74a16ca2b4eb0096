"""The edge to Docker: read a container and an image, take and remove a snapshot."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from .content import KINDS, Content, content, read
from .plan import NAME, OF, Image, comment, is_snapshot


class EngineError(Exception):
    """Docker does not answer, or refuses; the message says what and why."""


class _Stream(io.RawIOBase):
    """Chunks as they come, as something to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return 0
        taken = self._rest[: len(buffer)]
        self._rest = self._rest[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Have what ends a program raise SystemExit, so that everything is left as after an error."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    # What is ignored stays so. Ctrl-C raises an exception anyhow.
    ends = [each for each in (signal.SIGHUP, signal.SIGTERM) if signal.getsignal(each) != signal.SIG_IGN]
    former = {each: signal.signal(each, end) for each in ends}
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)


def _text(value: Any) -> str:
    """Return a label's value as the text that Docker asks for."""
    return value if isinstance(value, str) else json.dumps(value)


def _image(found: Mapping[str, Any]) -> Image:
    """Return what Docker says of an image."""
    labels = (found["Config"] or {}).get("Labels") or {}
    return Image(found["Id"], labels, found.get("Comment") or "")


class Engine:
    """One Docker; every method raises `EngineError`."""

    def __init__(self, host: str, timeout: int) -> None:
        self.host = host
        try:
            self._api = docker.APIClient(base_url=host, version="auto", timeout=timeout)
        except (DockerException, RequestException) as error:
            raise EngineError(
                f"docker_host: Docker does not answer on {host} ({error}); start it or name another"
            ) from None

    def container(self, name: str) -> dict[str, Any] | None:
        """Return what Docker knows of a container; None if there is none."""
        try:
            found: dict[str, Any] = self._api.inspect_container(name)
        except NotFound:
            return None
        except (DockerException, RequestException) as error:
            raise EngineError(f"container: {name} cannot be looked at: {error}") from None
        return found

    def content(self, container: Mapping[str, Any]) -> Content:
        """Return what a container holds beyond its image."""
        try:
            changes = self._api.diff(container["Id"]) or []
            kinds = {change["Path"]: KINDS[change["Kind"]] for change in changes}
            stream = _Stream(iter(self._api.export(container["Id"])))
            entries = read(io.BufferedReader(stream), kinds)
        except (DockerException, RequestException) as error:
            raise EngineError(f"container: {container['Name'][1:]} cannot be read: {error}") from None
        return content(container["Image"], container["Config"], kinds, entries)

    def image(self, name: str) -> Image | None:
        """Return the image of a name; None if there is none."""
        try:
            found = self._api.inspect_image(name)
            # A filter by ancestor would count containers of images made of this one.
            others = self._api.containers(all=True)
        except NotFound:
            return None
        except (DockerException, RequestException) as error:
            raise EngineError(f"name: {name} cannot be looked at: {error}") from None
        users = (other["Names"][0][1:] for other in others if other["ImageID"] == found["Id"])
        return replace(_image(found), users=tuple(users))

    def former(self, name: str) -> list[str]:
        """Return the ids of former snapshots of this name, which a newer one has taken from them."""
        try:
            found = self._api.images(filters={"dangling": True, "label": f"{NAME}={name}"})
            used = {container["ImageID"] for container in self._api.containers(all=True)}
            ids = [image["Id"] for image in found if image["Id"] not in used]
            images = [_image(self._api.inspect_image(each)) for each in ids]
        except (DockerException, RequestException) as error:
            raise EngineError(f"name: {name} cannot be looked at: {error}") from None
        return [image.id for image in images if is_snapshot(image, name)]

    def facts(self, name: str) -> dict[str, Any]:
        """Return what there is to say about an image, its layers from the lowest to the top."""
        try:
            found = self._api.inspect_image(name)
            history = self._api.history(found["Id"])
        except (DockerException, RequestException) as error:
            raise EngineError(f"name: {name} cannot be looked at: {error}") from None
        steps = [step for step in reversed(history) if step["Size"]]
        # Where containerd keeps the images the image's own size is that of its layers as they are packed.
        return {
            "id": found["Id"],
            "created": found["Created"],
            "size": sum(step["Size"] for step in steps),
            "layers": [{"size": step["Size"], "comment": step["Comment"]} for step in steps],
        }

    @contextmanager
    def still(self, container: Mapping[str, Any]) -> Iterator[None]:
        """Keep a container that runs from writing."""
        state, name = container["State"], container["Name"][1:]
        if not state["Running"] or state["Paused"]:
            yield
            return
        # Whoever ends the module would leave the container paused.
        with _ended_in_order():
            paused = True
            try:
                try:
                    self._api.pause(container["Id"])
                except (DockerException, RequestException) as error:
                    paused = False
                    raise EngineError(f"pause: {name} cannot be paused: {error}") from None
                yield
            finally:
                if paused:
                    self._unpause(container["Id"], name)

    def _unpause(self, container: str, name: str) -> None:
        try:
            self._api.unpause(container)
        except (DockerException, RequestException) as error:
            raise EngineError(
                f"pause: {name} is still paused: {error}; see to it: docker unpause {name}"
            ) from None

    def take(self, container: str, where: tuple[str, str], labels: Mapping[str, Any]) -> None:
        """Keep a container as an image, while it goes on."""
        repository, tag = where
        # Docker takes the rest from the container. In a line of a Dockerfile `$HOME` would be a variable.
        config = {"Labels": {key: _text(value) for key, value in labels.items()}}
        try:
            self._api.commit(
                container, repository, tag, message=comment(labels[OF]), pause=False, conf=config
            )
        except (DockerException, RequestException) as error:
            raise EngineError(
                f"container: {container} cannot be kept as {repository}:{tag}: {error}"
            ) from None

    def remove(self, name: str) -> bool:
        """Remove an image; False if something still needs it."""
        try:
            # What it was made of may have no name by now, and is not ours.
            self._api.remove_image(name, noprune=True)
        except NotFound:
            return True
        except APIError as error:
            if error.status_code == 409:
                return False
            raise EngineError(f"name: {name} cannot be removed: {error}") from None
        except (DockerException, RequestException) as error:
            raise EngineError(f"name: {name} cannot be removed: {error}") from None
        return True
