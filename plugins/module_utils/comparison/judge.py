"""All that a comparison has measured, as Ansible hands it on: verdicts, evidence and a table from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import verdicts
from .density import fit
from .inside import SERVICES
from .layers import Layers, detect, product_type
from .processes import draw, family, parse
from .samples import Summary, figure, read, summary
from .verdicts import Kernel, Seen, Storage, Verdict

Measured = Mapping[str, Any]

_SUMMARIES = ("start", "answer", "rate", "idle")
_PLAIN = ("idle_step", "memory_first", "memory_further", "disk_first", "disk_further", "processes", "init")
# To 5 6, the question that is asked before and after the panic.
_ANSWER = "11"

PARTS: Mapping[str, tuple[str, ...]] = {
    "C01": ("process", "docker", "lxc", "vm"),
    "C02": ("docker", "lxc", "vm", "idle"),
    "C03": ("docker", "lxc"),
    "C04": ("docker", "lxc", "vm"),
    "C05": ("vm", "crash"),
    "C06": ("docker", "lxc"),
    "C07": ("docker", "layers"),
    # It makes its own containers of both kinds.
    "C08": ("lamp",),
    "C09": ("docker", "layers"),
    # What lies beneath is seen without any of them.
    "C10": (),
}
"""The parts from which a claim is judged."""


def seen(facts: Mapping[str, Any]) -> Seen:
    """Return what was measured of one kind."""
    told: dict[str, Any] = {name: read(facts.get(name)) for name in _SUMMARIES}
    told |= {name: facts.get(name) for name in _PLAIN}
    return Seen(
        **told,
        kernel=Kernel(**facts["kernel"]) if facts.get("kernel") else None,
        python=str(facts.get("python", "")),
        services=tuple(facts.get("services", ())),
        crash_means=dict(facts.get("crash_means", {})),
    )


def judge(measured: Measured) -> dict[str, Verdict]:
    """Return the verdict of each claim for which there are figures."""
    figures = {kind: seen(facts) for kind, facts in measured["seen"].items()}
    accelerator = measured["accelerator"]
    storage = {
        place: Storage(summary(seconds["write"]), summary(seconds["change"]))
        for place, seconds in measured.get("storage", {}).items()
    }
    crash, lamp = measured.get("crash") or {}, measured.get("lamp") or {}
    kinds = [kind for kind in verdicts.CONTAINERS if kind in lamp]
    found = {
        "C01": verdicts.kernels(figures),
        "C02": verdicts.weight(figures, accelerator),
        "C03": verdicts.sharing(figures),
        "C04": verdicts.speed(figures, accelerator),
        "C05": _crash(figures, crash) if crash else None,
        "C06": verdicts.levels(figures),
        "C07": verdicts.layered(**measured["layered"]) if measured.get("layered") else None,
        "C08": verdicts.lamp(
            # A page of another run says another token.
            {kind: lamp[kind]["page"].strip() == lamp["token"] for kind in kinds},
            {kind: len(lamp[kind]["containers"]) for kind in kinds},
        ),
        "C09": verdicts.storage(storage, measured["storage_mib"], measured.get("storage_driver", "")),
        "C10": verdicts.hypervisors(layers(measured), _ran(measured), products(measured)),
    }
    return {claim: verdict for claim, verdict in found.items() if verdict}


def _crash(figures: verdicts.Figures, crash: Mapping[str, Any]) -> Verdict | None:
    before, after = (
        [kind for kind, (_, answer) in crash[when].items() if answer == _ANSWER]
        for when in ("before", "after")
    )
    others = [kind for kind in crash["after"] if kind != "vm"]
    return verdicts.crash(
        figures,
        "vm" not in after,
        {kind: kind in after for kind in others if kind in before},
        [kind for kind in others if kind not in before],
    )


def missing(judged: Mapping[str, Verdict], gaps: Mapping[str, str]) -> dict[str, str]:
    """Return why each of the other claims was not judged."""
    reasons: dict[str, str] = {}
    for claim, parts in PARTS.items():
        if claim not in judged:
            why = [f"{part}: {gaps[part].rstrip('.')}" for part in parts if part in gaps]
            reasons[claim] = "; ".join(why) or "this run did not try it"
    return reasons


def observations(measured: Measured, claim: str) -> list[dict[str, Any]]:
    """Return what a claim's verdict rests on, in the evidence's form.

    Each with the command that ran and its exit status; 0 for a module of Ansible's, whose failure would have
    ended the part, and 1 for a question without an answer.
    """
    kinds: Mapping[str, Mapping[str, Any]] = measured["seen"]
    told: list[tuple[str, str, int, str]]
    if claim == "C01":
        told = [
            (
                kind,
                facts["asked"],
                0,
                "release {release}, booted {booted}, boot id {boot_id}".format(**facts["kernel"]),
            )
            for kind, facts in kinds.items()
            if facts.get("kernel")
        ]
    elif claim == "C05":
        told = _of_crash(measured["crash"])
        told += [
            # It looks only and writes nothing.
            (kind, facts["asked"], 0, _lines(facts["crash_means"]))
            for kind, facts in kinds.items()
            if facts.get("crash_means")
        ]
    elif claim == "C06":
        told = [
            (kind, "instance_trial: /proc/PID/stat", 0, facts["tree"])
            for kind, facts in kinds.items()
            if facts.get("tree")
        ]
        told += [
            (kind, facts["asked"], 0, draw(family(1, map(parse, facts["inner_processes"]))))
            for kind, facts in kinds.items()
            if facts.get("inner_processes")
        ]
        told += [
            (
                kind,
                f"{facts['asked']}: {' '.join(SERVICES)}",
                0,
                "\n".join(facts["services"]),
            )
            for kind, facts in kinds.items()
            if facts.get("services")
        ]
    elif claim == "C07":
        told = [
            (
                "docker",
                "docker_image_info; docker_container_exec: the first byte of "
                "/srv/old/old-0 and /data/old/old-0, in another container",
                0,
                _lines(measured["layered"]),
            )
        ]
    elif claim == "C08":
        told = _of_lamp(measured["lamp"])
    elif claim == "C09":
        told = [
            (
                place,
                seconds["command"],
                0,
                f"{measured['storage_mib']} MiB: write {summary(seconds['write']).text('s')}, "
                f"change {summary(seconds['change']).text('s')}",
            )
            for place, seconds in measured["storage"].items()
        ]
    elif claim == "C10":
        told = [
            (
                "localhost",
                "lscpu; setup; cat /proc/cpuinfo",
                0,
                f"{layers(measured).text()}\naccelerator: {_ran(measured) or 'no virtual machine ran'}",
            ),
            *(
                ("localhost", " ".join(one["item"]["argv"]), one["rc"], _answer(one))
                for one in measured["products"]
            ),
        ]
    else:
        told = [
            (
                "localhost",
                f"{'instance_idle and ' if claim == 'C02' else ''}instance_trial, for {', '.join(kinds)}",
                0,
                "\n".join(table(measured)),
            )
        ]
        if claim == "C03":
            told += [
                (
                    kind,
                    facts["disk_asked"],
                    0,
                    f"{figure(facts['disk_first'])} MiB, one more {figure(facts['disk_further'])} MiB",
                )
                for kind, facts in kinds.items()
                if "disk_asked" in facts
            ]
    return [
        {"host": host, "command": command, "rc": rc, "output": output} for host, command, rc, output in told
    ]


def _of_crash(crash: Mapping[str, Any]) -> list[tuple[str, str, int, str]]:
    """Return who answered before, the panic, what the console said of it, and who answered afterwards."""
    asked = "instance_answers: POST '5 6' to"
    before, after = (
        [
            ("localhost", f"{asked} {url} ({kind})", int(not answer), answer or "no answer")
            for kind, (url, answer) in crash[when].items()
        ]
        for when in ("before", "after")
    )
    return [*before, ("vm", crash["command"], crash["rc"], crash.get("console", "")), *after]


def _of_lamp(lamp: Mapping[str, Any]) -> list[tuple[str, str, int, str]]:
    """Return what was written, which page came from which containers, and what came without a database."""
    told: list[tuple[str, str, int, str]] = []
    for kind in ("lxc", "docker"):
        facts = lamp[kind]
        told += [
            (kind, f"{facts['written']['command']} < run.sql", 0, facts["written"]["output"]),
            ("localhost", f"uri: GET {facts['url']} ({kind})", 0, facts["page"] or "an empty page"),
            ("localhost", facts["listed"], 0, "\n".join(facts["containers"])),
        ]
        if "inside" in facts:
            told.append((kind, facts["inside"]["command"], 0, facts["inside"]["output"]))
        told.append(
            ("localhost", f"{facts['stopped']}; uri: GET {facts['url']} ({kind})", 1, facts["refusal"])
        )
    return told


def _answer(asked: Mapping[str, Any]) -> str:
    """Return what a command has said, or its reason not to."""
    return asked.get("stdout") or asked.get("stderr") or "no answer"


def _ran(measured: Measured) -> str:
    """Return what the virtual machine ran with; nothing if none ran."""
    return measured["accelerator"] if "vm" in measured["seen"] else ""


def layers(measured: Measured) -> Layers:
    """Return what lies beneath the machine that measured."""
    machine = measured["machine"]
    return detect(
        machine["cpuinfo"], machine["hypervisor"], machine["container"], machine["vendor"], machine["kernel"]
    )


def products(measured: Measured) -> dict[str, tuple[int, str]]:
    """Return the type of the hypervisor of each product that answered, and why."""
    found = {
        asked["item"]["product"]: product_type(asked["item"]["product"], asked["stdout"])
        for asked in measured["products"]
        if asked["rc"] == 0
    }
    return {product: told for product, told in found.items() if told}


def table(measured: Measured) -> list[str]:
    """Return the figures as lines of equal columns: what, and one column a kind."""
    figures = {kind: seen(facts) for kind, facts in measured["seen"].items()}
    head = ["", *figures]
    rows = [
        ["first answer, s", *(_spread(one.start) for one in figures.values())],
        ["one answer, ms", *(_spread(one.answer, 1000) for one in figures.values())],
        ["answers a second", *(_spread(one.rate) for one in figures.values())],
        ["memory, MiB", *(_plain(one.memory_first) for one in figures.values())],
        ["one more, MiB", *(_plain(one.memory_further) for one in figures.values())],
        ["fit into a GiB", *(str(density(one) or "-") for one in figures.values())],
        ["idle, % of a processor", *(_spread(one.idle) for one in figures.values())],
        ["disk, MiB", *(_plain(one.disk_first) for one in figures.values())],
        ["one more on disk, MiB", *(_plain(one.disk_further) for one in figures.values())],
        ["processes", *(str(one.processes or "-") for one in figures.values())],
    ]
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return [
        *(
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ),
        # Otherwise what one program can ask would be taken for what an instance can answer.
        "Answers a second: at least so many. The callers are threads of one program on the same processors.",
    ]


def density(one: Seen) -> int | None:
    """Return how many instances fit into a GiB of memory; None where memory was not measured."""
    if one.memory_first is None or one.memory_further is None or one.memory_first <= 0:
        return None
    return fit(one.memory_first, one.memory_further)


def _lines(facts: Mapping[str, object]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in facts.items())


def _plain(value: float | None) -> str:
    return "-" if value is None else figure(value)


def _spread(value: Summary | None, times: float = 1) -> str:
    if value is None:
        return "-"
    return f"{figure(value.median * times)} ({figure(value.low * times)}-{figure(value.usual * times)})"
