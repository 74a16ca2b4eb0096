"""What is to be done so that a container is as declared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from . import config, users
from .model import COUNT, HIGHEST, HOME_MODE, File, Found, Item, Link, Other, Wanted

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_INTERFACE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}")
_UNIT = re.compile(r"[a-zA-Z0-9:_.@\\-]+\.[a-z]+")
# Without quotes YAML makes another number of it.
_MODE = re.compile(r"0[0-7]{3,4}")
# Their systemd runs on the first version of control groups, too.
_OLD_SUITES = ("bullseye", "bookworm")
_WANTS = "/etc/systemd/system/multi-user.target.wants"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, a method of the host; `line` says it in the diff, unless it is only bookkeeping."""

    kind: str
    line: str = ""
    path: str = ""
    item: Item | None = None
    text: str = ""
    paths: frozenset[str] = frozenset()


def name_mistake(name: str) -> str:
    """Return what is wrong with a name, or nothing."""
    if _NAME.fullmatch(name):
        return ""
    return (
        f"lxc_container_name: '{name}' is no name of a container. Use letters, digits, dots, dashes and "
        "underscores, the first of them a letter or a digit."
    )


def mistakes(want: Wanted) -> list[str]:
    """Return a sentence for everything that is wrong whatever the machine is like."""
    return [sentence for sentence in (name_mistake(want.name), *_mistakes(want)) if sentence]


def _mistakes(want: Wanted) -> Iterator[str]:
    if want.address and not _is_address(want.address):
        yield (
            f"lxc_container_address: '{want.address}' is no IPv4 address. Write one such as 198.18.0.10, "
            "without a prefix length."
        )
    if want.address and not _INTERFACE.fullmatch(want.interface):
        yield (
            f"lxc_container_interface: '{want.interface}' is no name of a network device. Use at most 15 "
            "letters, digits, dots, dashes and underscores."
        )
    if want.first_id and not COUNT <= want.first_id <= HIGHEST - COUNT:
        yield (
            f"lxc_container_first_id: {want.first_id} and the {COUNT - 1} after it may not be the "
            f"container's users. Use a number from {COUNT} to {HIGHEST - COUNT}, or 0 for "
            "this machine's own users."
        )
    for option in want.options:
        dest = option["dest"]
        if (option.get("src") is None) == (option.get("content") is None):
            yield f"lxc_container_files: {dest} needs either content or src."
        if not dest.startswith("/") or {".", ".."} & set(dest.split("/")):
            yield (
                f"lxc_container_files: {dest} is no path in the container. It begins with / and has "
                "neither . nor .."
            )
        elif dest.endswith("/") and option.get("content") is not None:
            yield f"lxc_container_files: {dest} is a directory. Name a file in it for the content."
        if not _MODE.fullmatch(option["mode"]):
            yield (
                f"lxc_container_files: {dest} has the mode '{option['mode']}'. Write a 0 and three or four "
                'octal digits, in quotes, such as "0644".'
            )
    for unit in want.services:
        if not _UNIT.fullmatch(unit):
            yield f"lxc_container_services: '{unit}' is no name of a unit. Write one such as web.service."


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def foreign(want: Wanted, found: Found) -> str:
    """Return why a container must be left alone, or nothing."""
    if found.ours:
        return ""
    return (
        f"lxc_container_name: there is a container {want.name} in {want.directory} that this role has not "
        "made. Remove it, or choose another name."
    )


def refusals(want: Wanted, found: Found, items: Mapping[str, Item]) -> list[str]:
    """Return a sentence for everything that does not go together with what there is."""
    problems = [foreign(want, found)]
    if not found.cgroup2 and want.suite not in _OLD_SUITES:
        problems.append(
            "lxc_container_suite: this machine has the first version of control groups, on which the systemd "
            f"of {want.suite} does not run. Set it to bookworm, or start the machine with "
            "systemd.unified_cgroup_hierarchy=1."
        )
    if want.first_id:
        problems.append(users.problem(want.first_id, found.accounts))
    if found.key != want.key:
        if found.free_mib < want.min_free_mib:
            problems.append(
                f"lxc_container_dir: {want.directory} has {found.free_mib} MiB free, "
                f"and lxc_container_min_free_mib asks for {want.min_free_mib}. Free some space or "
                "name another directory."
            )
    else:
        problems += [
            f"lxc_container_files: {path} is a directory in the container. Name a file in it, or another."
            for path in sorted(items)
            if found.items.get(path) == Other(directory=True)
        ]
    return [problem for problem in problems if problem]


def missing(want: Wanted, found: Found) -> list[str]:
    """Return a sentence for everything that has to be installed or built before."""
    sentences = []
    if not found.programs:
        sentences.append(
            "lxc_container_host_packages: there is no /usr/bin/lxc-start. Name the packages that have LXC's "
            "programs there, or install them again (apt-get install --reinstall lxc)."
        )
    if found.key != want.key and not found.archive:
        sentences.append(f"lxc_container_cache_dir: the root file system {want.archive} has not been built.")
    return sentences


def links(want: Wanted) -> dict[str, Item]:
    """Return what has the container start its services, by path."""
    # They lead to files of the container, which are not there on this machine.
    return {f"{_WANTS}/{unit}": Link(f"/etc/systemd/system/{unit}") for unit in want.services}


def removal(want: Wanted, found: Found) -> list[Step]:
    """Plan that there is no container."""
    if not found.home:
        return []
    # Nothing of it is left: it need not shut down.
    return [Step("kill")] * found.alive + [Step("remove", f"- container {want.name}")]


def make(want: Wanted, found: Found, items: Mapping[str, Item]) -> list[Step]:
    """Plan that there is a container with these `items`.

    It is stopped before anything in it changes: a run that is cut off leaves none that runs with other
    files or settings than the next run sees.
    """
    made = found.key == want.key
    noted = (found.noted or frozenset()) if made else frozenset()
    put = [_put(path, item, found.items.get(path) if made else None) for path, item in sorted(items.items())]
    take = [
        Step("take", f"- {path}", path)
        for path in sorted(noted - items.keys())
        if made and found.items.get(path, Other(directory=True)) != Other(directory=True)
    ]
    text = config.render(want, found.apparmor)
    settings = [Step("configure", f"{'~' if found.config else '+'} configuration", text=text)]
    settings *= text != found.config
    inside = [step for step in put if step] + take + settings
    steps = [
        Step("reserve", f"+ {users.reservation(want.first_id)} in {path}", path)
        for path in users.RESERVATIONS
        if want.first_id and users.reservation(want.first_id) not in found.accounts.get(path, "").splitlines()
    ]
    if found.alive and (not made or found.status != "RUNNING"):
        steps.append(Step("kill", "~ killed"))
        alive = False
    elif found.alive and (inside or want.state == "stopped"):
        steps.append(Step("stop", "~ stopped"))
        alive = False
    else:
        alive = found.alive
    if not made:
        steps.append(Step("unpack", f"{'~' if found.home else '+'} root file system {want.key}"))
    elif (found.mode, found.group) != (HOME_MODE, want.first_id):
        steps.append(Step("shut", f"~ {want.home} is for root and the container alone"))
    wanted = frozenset(items)
    # Whatever is put there is on the list before, and what is taken stays on it until it has gone.
    if not wanted <= noted or found.noted is None:
        steps.append(Step("note", paths=wanted | noted))
    steps += inside
    if noted - wanted:
        steps.append(Step("note", paths=wanted))
    if want.state == "started" and not alive:
        steps.append(Step("start", "~ started"))
    return steps


def _put(path: str, item: Item, there: Item | None) -> Step | None:
    if item == there:
        return None
    return Step("put", f"{'~' if there else '+'} {path}", path, item)


def diffs(want: Wanted, found: Found, steps: list[Step]) -> list[dict[str, str]]:
    """Return what Ansible shows: a line for each step, and the texts that change."""
    lines = "".join(f"{step.line}\n" for step in steps if step.line)
    shown = [{"prepared": lines}] if lines else []
    for step in steps:
        if step.kind == "configure":
            shown.append(_diff(f"{want.home}/config", found.config, step.text))
        elif step.kind == "put" and isinstance(step.item, File):
            there = found.items.get(step.path)
            former = there.content if isinstance(there, File) else b""
            if former != step.item.content:
                shown.append(_diff(step.path, _shown(former), _shown(step.item.content)))
    return shown


def _diff(path: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def _shown(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"{len(content)} bytes that are no text\n"
