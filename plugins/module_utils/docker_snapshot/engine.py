"""The edge to Docker: read a container and an image, take and remove a snapshot."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import docker
from docker.errors import APIError, DockerException, NotFound
from requests.exceptions import RequestException

from .content import KINDS, Content, content, read
from .plan import NAME, OF, Image, comment


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


def _text(value: Any) -> str:
    """Return a label's value as the text that Docker asks for."""
    return value if isinstance(value, str) else json.dumps(value)


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
        return Image(found["Id"], (found["Config"] or {}).get("Labels") or {}, tuple(users))

    def former(self, name: str) -> list[str]:
        """Return the ids of former snapshots of this name, which a newer one has taken from them."""
        try:
            found = self._api.images(filters={"dangling": True, "label": f"{NAME}={name}"})
            used = {container["ImageID"] for container in self._api.containers(all=True)}
            images = [self._api.inspect_image(image["Id"]) for image in found if image["Id"] not in used]
        except (DockerException, RequestException) as error:
            raise EngineError(f"name: {name} cannot be looked at: {error}") from None
        # An image that somebody has made of a container of the snapshot has its labels too.
        return [image["Id"] for image in images if image["Comment"] == comment(image["Config"]["Labels"][OF])]

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

    def take(self, container: str, where: tuple[str, str], labels: Mapping[str, Any], pause: bool) -> str:
        """Keep a container as an image and return the image's id."""
        repository, tag = where
        # Docker takes the rest from the container. In a line of a Dockerfile `$HOME` would be a variable.
        config = {"Labels": {key: _text(value) for key, value in labels.items()}}
        try:
            made = self._api.commit(
                container, repository, tag, message=comment(labels[OF]), pause=pause, conf=config
            )
        except (DockerException, RequestException) as error:
            raise EngineError(
                f"container: {container} cannot be kept as {repository}:{tag}: {error}"
            ) from None
        return str(made["Id"])

    def remove(self, name: str) -> bool:
        """Remove an image; False if something still needs it."""
        try:
            self._api.remove_image(name)
        except NotFound:
            return True
        except APIError as error:
            if error.status_code == 409:
                return False
            raise EngineError(f"name: {name} cannot be removed: {error}") from None
        except (DockerException, RequestException) as error:
            raise EngineError(f"name: {name} cannot be removed: {error}") from None
        return True
