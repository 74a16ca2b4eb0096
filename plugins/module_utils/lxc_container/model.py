"""A container as it is wanted and as it is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

COUNT = 65536
"""So many users and groups has a container of its own."""

HIGHEST = 4294967294
"""Linux' highest user."""

HOME_MODE = 0o750
"""Nobody but root and the container's group enters the directory of a container."""


@dataclass(frozen=True, slots=True)
class File:
    """A regular file of root's."""

    content: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True, slots=True)
class Other:
    """Something that is neither, or somebody's."""

    directory: bool = False


Item = File | Link | Other
"""What has a path in a container."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A container as declared; `options` are the entries of `files` before anything was read for them."""

    name: str
    state: str = "started"
    directory: str = "/var/lib/lxc"
    key: str = ""
    archive: str = ""
    suite: str = "bookworm"
    address: str = ""
    interface: str = ""
    first_id: int = 1000000
    config: Mapping[str, Any] = field(default_factory=dict)
    options: Sequence[Mapping[str, Any]] = ()
    services: Sequence[str] = ()
    min_free_mib: int = 0

    @property
    def home(self) -> str:
        """The directory of the container."""
        return f"{self.directory}/{self.name}"

    @property
    def root(self) -> str:
        """The directory of its root file system."""
        return f"{self.home}/rootfs"


@dataclass(frozen=True, slots=True)
class Found:
    """What there is; without `home` there is no container.

    `ours` is whether the home may be touched, `key` from what the root file system was unpacked, `noted` the
    paths that earlier runs have put there, `items` what is at these and at the wanted ones, and `accounts`
    the texts of the files by path that say whose users and groups are.
    """

    home: bool = False
    ours: bool = True
    mode: int = 0
    group: int = 0
    key: str = ""
    noted: frozenset[str] | None = None
    items: Mapping[str, Item] = field(default_factory=dict)
    config: str = ""
    status: str = ""
    pid: int = 0
    programs: bool = True
    archive: bool = True
    cgroup2: bool = True
    apparmor: bool = False
    free_mib: int = 0
    accounts: Mapping[str, str] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Whether it has processes, running or held."""
        return self.status not in ("", "STOPPED")
