"""What an instance sees of its kernel, its processes and services, and which ways to crash that it is given.

Runs in the instance, from standard input, with whatever Python is there: only the standard library, and
nothing is ever opened for writing. Prints one JSON object. With the argument `services` it asks systemd too.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

SERVICES = ("systemctl", "list-units", "--type=service", "--state=running", "--plain", "--no-legend")
"""Lists the services that run, where systemd is the init."""

ABSENT, CLOSED, OPEN = "absent", "closed", "open"

_RAW_IO, _MODULES, _ADMIN = 17, 16, 21
"""Numbers of the capabilities CAP_SYS_RAWIO, CAP_SYS_MODULE and CAP_SYS_ADMIN."""


def kernel(root: Path) -> dict[str, object]:
    """Return the kernel's release, when it was booted and its boot id."""
    lines = (root / "proc/stat").read_text().splitlines()
    return {
        "release": (root / "proc/sys/kernel/osrelease").read_text().strip(),
        "booted": next(int(line.split()[1]) for line in lines if line.startswith("btime ")),
        "boot_id": (root / "proc/sys/kernel/random/boot_id").read_text().strip(),
    }


def processes(root: Path) -> list[str]:
    """Return /proc/PID/stat of each process, of those that have not ended meanwhile."""
    return list(filter(None, map(_text, (root / "proc").glob("[0-9]*/stat"))))


def services(init: str) -> list[str]:
    """Return the services that run, none where systemd is not the init; CalledProcessError if it fails."""
    if init != "systemd":
        return []
    listed = subprocess.run(SERVICES, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
    return [line.split()[0] for line in listed.stdout.splitlines()]


def capabilities(status: str) -> int:
    """Return the effective capabilities from /proc/PID/status."""
    return next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))


def crash_means(root: Path) -> dict[str, str]:
    """Return for each plain way to crash the kernel whether it is absent, closed or open. None is tried.

    access(2) answers for a file system that is mounted read-only as well.
    """
    held = capabilities((root / "proc/self/status").read_text())
    key, memory = root / "proc/sysrq-trigger", root / "dev/mem"
    users = root / "proc/self/uid_map"
    return {
        "the system request key": _state(key, os.access(key, os.W_OK)),
        "the machine's memory": _state(memory, os.access(memory, os.W_OK) and _has(held, _RAW_IO)),
        "a kernel module": _state(root / "proc/modules", _has(held, _MODULES)),
        # Without what was laid over it, /proc shows the system request key anew.
        "mounting /proc anew": _state(users, _has(held, _ADMIN) and _is_root(users) and not _confined(root)),
    }


def _is_root(users: Path) -> bool:
    """Whether root in here is root of the machine: every user is mapped onto himself."""
    return _text(users).split() == ["0", "0", "4294967295"]


def _confined(root: Path) -> bool:
    """Whether AppArmor holds it. In a namespace of AppArmor's own the outer label does not show."""
    if _text(root / "sys/kernel/security/apparmor/.ns_stacked") == "yes":
        return True
    # Older kernels have no directory of AppArmor's own. Labels of SELinux name no mode and are not judged.
    labels = [_text(root / "proc/self/attr" / name) for name in ("apparmor/current", "current")]
    return any(label.endswith(("(enforce)", "(kill)")) for label in labels)


def _text(path: Path) -> str:
    """Return what a file holds, or nothing: without a security module the kernel answers with an error."""
    try:
        return path.read_text().strip("\0 \n")
    except OSError:
        return ""


def _has(held: int, number: int) -> bool:
    return bool(held >> number & 1)


def _state(path: Path, may: bool) -> str:
    return (OPEN if may else CLOSED) if path.exists() else ABSENT


def main() -> None:
    """Print what there is to see."""
    root = Path("/")
    init = (root / "proc/1/comm").read_text().strip()
    told = {
        "python": platform.python_version(),
        "kernel": kernel(root),
        "init": init,
        "processes": processes(root),
        "services": services(init) if "services" in sys.argv[1:] else [],
    }
    print(json.dumps(told | {"crash_means": crash_means(root)}))


if __name__ == "__main__":
    main()
