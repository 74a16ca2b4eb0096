"""The edge: reads a guest's state, finds its network configuration system, carries a plan out."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .files import BACKENDS, HEADER, IFUPDOWN, NETPLAN, NETWORKD, File, parse
from .live import READ_ADDRESSES, READ_ROUTES, corrections, parse_addresses, parse_routes
from .plan import Plan, State
from .routes import Hop, Route, RouteError

Runner = Callable[[list[str]], tuple[int, str, str]]
"""Runs a command and returns its exit status, standard output and standard error."""

_NETPLAN_PREFIX = "10-netplan-"
# Gone after a reboot, at which the files are read anyhow.
_UNREAD = "run/static_route.unread"


class Guest:
    """A Linux machine, reached by a command runner, whose files are below ``root``."""

    def __init__(self, run: Runner, root: Path = Path("/"), settle_seconds: float = 30) -> None:
        self._run_command = run
        self._root = root
        # A DHCP exchange, which networkd before version 257 repeats when it is reloaded, fits in.
        self._settle_seconds = settle_seconds

    def read(self) -> State:
        """What there is now."""
        files: dict[str, File] = {}
        kept: set[Hop] = set()
        for name, backend in BACKENDS.items():
            for path in self._root.glob(backend.pattern):
                file = File(path.read_text(encoding="utf-8", errors="replace"), path.stat().st_mode & 0o777)
                below = str(path.relative_to(self._root))
                if HEADER not in file.content:
                    raise RouteError(
                        f"/{below} was not written by static_route, whose comment it lacks; "
                        "rename or remove it."
                    )
                files[below] = file
                kept |= parse(name, file.content)
        unread = self._root / _UNREAD
        return State(
            interfaces=parse_addresses(self._run(READ_ADDRESSES)),
            live=parse_routes(self._run(READ_ROUTES)),
            files=files,
            kept=frozenset(kept),
            unread=frozenset(unread.read_text(encoding="utf-8").splitlines() if unread.exists() else ()),
        )

    def backend(self, routes: Sequence[Route], asked: str | None = None) -> tuple[str, dict[str, str]]:
        """The system that configures the routes' interfaces, and its name for each of them.

        It is told by the file from which networkd configures an interface: netplan generates such files,
        everything else writes its own; an interface without one is ifupdown's if that knows it.
        """
        used = {} if asked == IFUPDOWN else self._network_files()
        found = {
            interface: self._unit(interface, used, asked)
            for interface in sorted({r.interface for r in routes})
        }
        systems = {system for system, _unit in found.values()}
        if len(systems) > 1:
            listed = ", ".join(f"{interface} by {system}" for interface, (system, _unit) in found.items())
            raise RouteError(
                f"the interfaces are configured by different systems ({listed}); "
                "declare routes over one of them only."
            )
        return systems.pop(), {interface: unit for interface, (_system, unit) in found.items()}

    def apply(self, plan: Plan, wanted: Sequence[Route]) -> None:
        """Carry the plan out and wait until the wanted routes are there."""
        if plan.unread:
            # Before the first change: a run that ends early has the next one reload.
            _write(self._root / _UNREAD, File("".join(f"{path}\n" for path in plan.unread), 0o644))
        # The kernel first: only the files as they were tell its routes from those of others, and the new ones
        # are there without waiting for the reload.
        for command in plan.commands:
            self._run(command)
        for path, file in plan.write.items():
            _write(self._root / path, file)
        for path in plan.remove:
            _remove(self._root / path)
        for command in plan.reloads:
            self._run(command)
        if plan.unread:
            _remove(self._root / _UNREAD)
        self._settle(wanted)

    def _settle(self, wanted: Sequence[Route]) -> None:
        deadline = time.monotonic() + self._settle_seconds
        while missing := corrections(parse_routes(self._run(READ_ROUTES)), wanted, ()):
            if time.monotonic() > deadline:
                listed = ", ".join(command[4] for command in missing)
                raise RouteError(
                    f"{self._settle_seconds:.0f} s after the change there is still no route to {listed}."
                )
            time.sleep(0.25)

    def _unit(self, interface: str, used: Mapping[str, str], asked: str | None) -> tuple[str, str]:
        file = used.get(interface, "")
        if others := sorted(name for name, other in used.items() if other == file and name != interface):
            raise RouteError(
                f"{file} configures {', '.join(others)} as well as {interface}, and would give the routes to "
                f"all of them; give {interface} a definition of its own."
            )
        name = Path(file).name
        if name.startswith(_NETPLAN_PREFIX) and asked != NETWORKD:
            unit = name.removeprefix(_NETPLAN_PREFIX).removesuffix(".network")
            return NETPLAN, self._netplan_unit(interface, unit)
        if name and asked != NETPLAN:
            return NETWORKD, name
        if asked in (None, IFUPDOWN) and self._in_ifupdown(interface):
            return IFUPDOWN, interface
        if asked is not None:
            raise RouteError(
                f"{asked} does not configure {interface} here; leave the choice of the backend to auto."
            )
        raise RouteError(
            f"{interface} is configured neither by systemd-networkd nor by netplan over it nor by ifupdown: "
            "a route could not be kept over a reboot."
        )

    def _network_files(self) -> dict[str, str]:
        if not self._installed("networkctl"):
            return {}
        status, output, _error = self._run_command(["networkctl", "--json=short", "list"])
        return network_files(output) if status == 0 else {}

    def _in_ifupdown(self, interface: str) -> bool:
        # It may well be installed and leave this interface to something else.
        return self._installed("ifquery") and self._run_command(["ifquery", interface])[0] == 0

    def _netplan_unit(self, interface: str, unit: str) -> str:
        key = "ethernets." + unit.replace(".", "\\.")
        if self._run(("netplan", "get", key)).strip() in ("", "null"):
            # Under the wrong kind netplan would take it for a new interface, and drop this one's addresses.
            raise RouteError(
                f"{interface} is not an ethernet interface in netplan; only those are supported."
            )
        return unit

    def _installed(self, program: str) -> bool:
        return any(
            (self._root / folder / program).exists() for folder in ("usr/sbin", "usr/bin", "sbin", "bin")
        )

    def _run(self, command: Sequence[str]) -> str:
        status, output, error = self._run_command(list(command))
        if status != 0:
            raise RouteError(
                f"{' '.join(command)} ended with status {status}: {error.strip() or output.strip()}"
            )
        return output


def network_files(listed: str) -> dict[str, str]:
    """The .network file of each interface that has one, from networkctl's JSON description of them all."""
    return {
        entry["Name"]: entry["NetworkFile"]
        for entry in json.loads(listed).get("Interfaces", [])
        if entry.get("NetworkFile")
    }


def _write(path: Path, file: File) -> None:
    for directory in reversed(path.parents):
        if not directory.exists():
            directory.mkdir()
            # Whatever the umask: networkd is not root, and would pass over what it cannot read.
            directory.chmod(0o755)
    handle, temporary = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(file.content)
            os.fchmod(stream.fileno(), file.mode)
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _remove(path: Path) -> None:
    path.unlink()
    # A drop-in directory made for this file alone goes with it.
    if path.parent.name.endswith(".network.d") and not any(path.parent.iterdir()):
        path.parent.rmdir()
