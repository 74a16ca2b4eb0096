"""From what a guest has and should have to what is to be done: a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .files import File
from .live import LiveRoute, corrections
from .routes import Hop, Interface, Route


@dataclass(frozen=True)
class State:
    """What a guest has now.

    ``files`` are the route files found, by path below the root directory; ``kept`` the hops they hold.
    ``unread`` are the paths that an earlier run changed and then ended before the daemon had read them.
    """

    interfaces: tuple[Interface, ...]
    live: tuple[LiveRoute, ...]
    files: Mapping[str, File]
    kept: frozenset[Hop]
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """What is to be done: files to write and to remove, commands that correct the kernel's table."""

    write: Mapping[str, File]
    remove: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
    unread: tuple[str, ...] = ()
    """The files that the daemon has to read: those that change, and what an earlier run left."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file that changes."""
        return tuple(sorted((*self.write, *self.remove)))

    @property
    def empty(self) -> bool:
        """Whether the guest is as it should be."""
        return not (self.write or self.remove or self.commands or self.unread)

    @property
    def reloads(self) -> tuple[tuple[str, ...], ...]:
        """The commands that make the daemon read its files."""
        if not self.unread:
            return ()
        # Not a restart: the other interfaces stay as they are.
        reload = ("networkctl", "reload")
        netplan = any(path.startswith("etc/netplan/") for path in self.unread)
        return (("netplan", "generate"), reload) if netplan else (reload,)


def make_plan(state: State, wanted: Sequence[Route], files: Mapping[str, File]) -> Plan:
    """What turns ``state`` into the wanted routes, kept by exactly ``files``.

    Hops which an earlier run kept go away when they are no longer wanted. The same ones from elsewhere stay.
    """
    write = {path: file for path, file in files.items() if state.files.get(path) != file}
    remove = tuple(sorted(set(state.files) - set(files)))
    return Plan(
        write=write,
        remove=remove,
        commands=tuple(corrections(state.live, wanted, state.kept)),
        # ifupdown has no daemon.
        unread=tuple(
            path for path in sorted({*write, *remove, *state.unread}) if not path.startswith("etc/network/")
        ),
    )


def make_diff(state: State, wanted: Sequence[Route], plan: Plan) -> list[dict[str, str]]:
    """The plan in the form that Ansible's diff mode prints: one entry a file and one for the live routes."""
    diff = [
        {
            "before_header": f"/{path}",
            "after_header": f"/{path}",
            "before": state.files[path].content if path in state.files else "",
            "after": plan.write[path].content if path in plan.write else "",
        }
        for path in plan.paths
    ]
    if plan.commands:
        touched = {command[4] for command in plan.commands}
        before = [
            str(route) for route in state.live if route.metric == 0 and str(route.destination) in touched
        ]
        after = [
            f"{route.hop.destination} via {route.hop.gateway} dev {route.interface}"
            for route in wanted
            if str(route.hop.destination) in touched
        ]
        header = {"before_header": "ip route", "after_header": "ip route"}
        diff.append(header | {"before": _lines(before), "after": _lines(after)})
    return diff


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
