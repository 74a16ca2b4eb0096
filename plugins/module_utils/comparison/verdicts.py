"""What the figures say about each of the report's claims C01 to C10: one verdict and one honest sentence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from .layers import Layers, hypervisor_type
from .samples import Summary, below, figure

REPRODUCED, CONTRADICTED, DEPENDS = "reproduced", "contradicted", "depends"

NAMES = {
    "process": "a plain process",
    "docker": "the Docker container",
    "lxc": "the LXC container",
    "vm": "the virtual machine",
}
CONTAINERS = ("docker", "lxc")
PRODUCTS = {"openstack": "OpenStack", "virtualbox": "VirtualBox"}

# What one kind may use besides and still share: the files that make an instance that instance.
_SHARED_DISK = 0.1
# The same of memory, in which an instance always has something of its own.
_SHARED_MEMORY = 0.8
# How many times longer the storage trial or an answer has to take to be called slower, in medians.
_SLOWER = 1.2
# How many times more memory counts as more: what a service takes varies by some percent from run to run.
_HEAVIER = 1.05


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel as seen from inside: its release, when it was booted (seconds since 1970) and its boot id."""

    release: str
    booted: int
    boot_id: str

    def same_boot(self, other: Kernel) -> bool:
        """Whether both saw one boot of one kernel. The boot id does not count: LXC shows one of its own."""
        return self.release == other.release and abs(self.booted - other.booted) <= 2


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured of one kind; None where it was not. Seconds, MiB, answers a second, percent."""

    start: Summary | None = None
    answer: Summary | None = None
    rate: Summary | None = None
    memory_first: float | None = None
    memory_further: float | None = None
    idle: Summary | None = None
    # What one tick of the kernel's clock makes of the idle load: nothing finer can be told.
    idle_step: float | None = None
    disk_first: float | None = None
    disk_further: float | None = None
    kernel: Kernel | None = None
    python: str = ""
    processes: int | None = None
    init: bool | None = None
    services: Sequence[str] = ()
    crash_means: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows for a claim."""

    verdict: str
    sentence: str


Figures = Mapping[str, Seen]


def _judge(true: Collection[bool | None]) -> str:
    """Reproduced if all of it was seen, contradicted if the opposite of all was, else it depends.

    None stands for what was too close to tell.
    """
    if all(true):
        return REPRODUCED
    return CONTRADICTED if all(fact is False for fact in true) else DEPENDS


def _less(one: float, other: float, times: float) -> bool | None:
    """Whether `one` is less than `other`, which has to be so many times as much; None if neither is."""
    return True if one * times < other else False if other * times < one else None


def _alike(what: str, kinds: Mapping[str, bool | None], why: str) -> str:
    """Return which kinds were too close to the virtual machine to tell them apart, and why."""
    names = [NAMES[kind] for kind, differs in kinds.items() if differs is None]
    if not names:
        return ""
    return f" No difference of {what} was seen between the virtual machine and {' or '.join(names)}: {why}."


def _containers(figures: Figures) -> dict[str, Seen]:
    return {kind: figures[kind] for kind in CONTAINERS if kind in figures}


def _of_containers(verdict: str, sentence: str, kinds: Collection[str]) -> Verdict:
    """Return a verdict on containers, which depends as long as one kind of them is missing."""
    absent = [NAMES[kind] for kind in CONTAINERS if kind not in kinds]
    if not absent:
        return Verdict(verdict, sentence)
    text = " and ".join(absent)
    lack = "was not measured, so it is" if len(absent) == 1 else "were not measured, so they are"
    return Verdict(DEPENDS, f"{sentence} {text[0].upper()}{text[1:]} {lack} not judged.")


def kernels(figures: Figures) -> Verdict | None:
    """C01: whose kernel each of them runs on."""
    host, machine = figures.get("process"), figures.get("vm")
    inside = {kind: seen.kernel for kind, seen in _containers(figures).items() if seen.kernel}
    if host is None or host.kernel is None or machine is None or machine.kernel is None or not inside:
        return None
    own = not machine.kernel.same_boot(host.kernel)
    shared = {kind: kernel.same_boot(host.kernel) for kind, kernel in inside.items()}
    sharing = " and ".join(NAMES[kind] for kind, same in shared.items() if same) or "no container"
    note = (
        " LXC shows a boot id of its own, which is a file laid over the kernel's."
        if "lxc" in inside and shared["lxc"] and inside["lxc"].boot_id != host.kernel.boot_id
        else ""
    )
    return _of_containers(
        _judge([own, *shared.values()]),
        f"The virtual machine runs {machine.kernel.release}, "
        f"{'booted for itself' if own else 'and that is the boot of its host'}; "
        f"{sharing} shared {host.kernel.release} and its boot with this machine.{note}",
        inside,
    )


def weight(figures: Figures, accelerator: str) -> Verdict | None:
    """C02: memory and processor time of an idle instance."""
    machine = figures.get("vm")
    if machine is None or machine.memory_first is None or machine.idle is None:
        return None
    told = {
        kind: (seen.memory_first, seen.idle)
        for kind, seen in _containers(figures).items()
        if seen.memory_first is not None and seen.idle is not None
    }
    if not told:
        return None
    step = max(seen.idle_step or 0.0 for seen in (machine, *_containers(figures).values()))
    lighter = {kind: _less(memory, machine.memory_first, _HEAVIER) for kind, (memory, _) in told.items()}
    saved = {kind: machine.idle.median - idle.median for kind, (_, idle) in told.items()}
    calmer = {kind: None if abs(less) <= step else less > 0 for kind, less in saved.items()}
    unseen = _alike(
        "memory", lighter, f"less than {figure(100 * (_HEAVIER - 1))} % is taken for none"
    ) + _alike("processor time", calmer, f"the clock counts in steps of {figure(step)} %")
    each = " and ".join(
        f"{NAMES[kind]} {figure(memory)} MiB and {figure(idle.median)} %"
        for kind, (memory, idle) in told.items()
    )
    return _of_containers(
        _judge([*lighter.values(), *calmer.values()]),
        f"Idle, the virtual machine took {figure(machine.memory_first)} MiB and "
        f"{figure(machine.idle.median)} % of a "
        f"processor, {each}.{unseen}{_emulated(accelerator)}{_translated(accelerator)}",
        told,
    )


def sharing(figures: Figures) -> Verdict | None:
    """C03: what one more instance costs on disk and in memory, in which the page cache is what is shared."""
    told = {
        kind: (seen.disk_first, seen.disk_further)
        for kind, seen in _containers(figures).items()
        if seen.disk_first is not None and seen.disk_further is not None
    }
    if not told:
        return None
    shares = {kind: further <= _SHARED_DISK * first for kind, (first, further) in told.items()}
    saved = [
        None
        if seen.memory_first is None or seen.memory_further is None
        else seen.memory_further <= _SHARED_MEMORY * seen.memory_first
        for seen in map(figures.__getitem__, told)
    ]
    parts = [
        f"one more instance of {NAMES[kind]} took {figure(further)} MiB of disk after {figure(first)} "
        f"for the first"
        for kind, (first, further) in told.items()
    ]
    machine = figures.get("vm")
    if machine and machine.disk_first is not None and machine.disk_further is not None:
        parts.append(
            f"a virtual machine on a copy-on-write disk shares its image too "
            f"({figure(machine.disk_further)} MiB after {figure(machine.disk_first)})"
        )
    parts += [
        f"{figure(seen.memory_further)} MiB of memory after {figure(seen.memory_first)} in {NAMES[kind]}"
        for kind, seen in figures.items()
        if kind != "process" and seen.memory_first is not None and seen.memory_further is not None
    ]
    reason = (
        " On disk it is the layers of an image that are shared: a root directory of its own shares nothing."
        if shares == {"docker": True, "lxc": False}
        else ""
    )
    if None in saved:
        reason += " What one more takes of memory was not measured everywhere."
    text = "; ".join(parts)
    return _of_containers(_judge([*shares.values(), *saved]), f"{text[0].upper()}{text[1:]}.{reason}", told)


def speed(figures: Figures, accelerator: str) -> Verdict | None:
    """C04: how soon it starts, and how soon it answers."""
    machine = figures.get("vm")
    if machine is None or machine.start is None or machine.answer is None:
        return None
    told = {
        kind: (seen.start, seen.answer)
        for kind, seen in _containers(figures).items()
        if seen.start is not None and seen.answer is not None
    }
    if not told:
        return None
    sooner = {kind: _sooner(start, machine.start) for kind, (start, _) in told.items()}
    faster = {
        kind: _less(answer.median, machine.answer.median, _SLOWER) for kind, (_, answer) in told.items()
    }
    unseen = _alike("the start", sooner, "their samples overlap") + _alike(
        "the answers", faster, f"less than {figure(100 * (_SLOWER - 1))} % is taken for none"
    )
    each = " and ".join(
        f"{NAMES[kind]} after {figure(start.median)} s and then in {figure(answer.median * 1000)} ms"
        for kind, (start, answer) in told.items()
    )
    return _of_containers(
        _judge([*sooner.values(), *faster.values()]),
        f"The virtual machine gave its first answer after {figure(machine.start.median)} s and then one in "
        f"{figure(machine.answer.median * 1000)} ms, {each}.{unseen}{_differences(figures)}"
        f"{_emulated(accelerator)}",
        told,
    )


def _differences(figures: Figures) -> str:
    """Return what differs between the machine and the containers besides what they are."""
    theirs = sorted({seen.python for seen in _containers(figures).values() if seen.python})
    machines = figures["vm"].python
    pythons = (
        f" and by Python {machines}, theirs by Python {' and '.join(theirs)}"
        if machines and theirs and theirs != [machines]
        else ""
    )
    return (
        " It had its settings from an earlier boot, and cloud-init did not run again. "
        f"Its answers came through QEMU's network in user mode{pythons}."
    )


def crash(
    figures: Figures, panicked: bool, others: Mapping[str, bool], gone: Collection[str] = ()
) -> Verdict | None:
    """C05: what a crash takes with it.

    `others` says which of the other instances gave the right answer afterwards, of those that gave it just
    before; `gone` has those that did not.
    """
    told = {kind: seen.crash_means for kind, seen in _containers(figures).items() if seen.crash_means}
    if not others:
        return None
    alone = panicked and all(others.values())
    ways = sorted(
        {
            f"{name} in {NAMES[kind]}"
            for kind, means in told.items()
            for name, state in means.items()
            if state == "open"
        }
    )
    survivors = " and ".join(NAMES[kind] for kind in others)
    closed = [kind for kind, means in told.items() if "open" not in means.values()]
    opened = [kind for kind in told if kind not in closed]
    none = f"none of the {len({name for means in told.values() for name in means})} ways that were looked at"
    if not panicked:
        first = "The kernel of the virtual machine did not panic when it was told to"
    elif alone:
        first = f"The kernel of the virtual machine panicked, and {survivors} went on giving the right answer"
    else:
        lost = " and ".join(NAMES[kind] for kind, there in others.items() if not there)
        first = f"After the panic in the virtual machine, {lost} gave the right answer no more"
    second = (
        f"; open in a container, and left alone, was {', '.join(ways)}, by which it could take the host "
        f"with it: {' and '.join(NAMES[kind] for kind in opened)} would have to be confined"
        + (f", while {' and '.join(NAMES[kind] for kind in closed)} was given {none}" if closed else "")
        if ways
        else f"; the containers were given {none}, but a fault in their common kernel would take all of them"
        if told
        else ""
    )
    silent = " and ".join(NAMES[kind] for kind in gone)
    third = (
        f" {silent[0].upper()}{silent[1:]} did not give it even before, which is not the panic's doing."
        if gone
        else ""
    )
    # A container that could panic its host is held back by its settings, and by no kernel of its own.
    certain = not ways and not set(gone) & set(CONTAINERS)
    verdict = REPRODUCED if alone and certain else DEPENDS if alone or not panicked else CONTRADICTED
    # That a panic took more with it than its machine needs no second kind.
    return _of_containers(verdict, f"{first}{second}.{third}", told if alone else CONTAINERS)


def levels(figures: Figures) -> Verdict | None:
    """C06: a whole system in the one, one application in the other."""
    docker, lxc = figures.get("docker"), figures.get("lxc")
    if docker is None or lxc is None or docker.processes is None or not lxc.services or lxc.init is None:
        return None
    system = lxc.init and {"cron", "rsyslog"} <= {
        service.removesuffix(".service") for service in lxc.services
    }
    alone = docker.processes == 1 and docker.init is False
    return Verdict(
        _judge([system, alone]),
        f"The LXC container had {'an init' if lxc.init else 'no init'} and {len(lxc.services)} running "
        f"services, among them "
        f"{', '.join(service.removesuffix('.service') for service in sorted(lxc.services)[:6])}; the "
        f"Docker container had "
        f"{docker.processes} process{'' if docker.processes == 1 else 'es'}. Docker does not enforce "
        f"it, it is how its images are made.",
    )


def layered(write_gone: bool, volume_kept: bool, layers: int) -> Verdict:
    """C07: an image of several layers, what a container writes on them goes with it, and a volume stays."""
    return Verdict(
        _judge([layers > 1, write_gone, volume_kept]),
        f"The image had {layers} layer{'' if layers == 1 else 's'}. A container changed one of their files, "
        f"and the next one of the image {'had the file as it was' if write_gone else 'had the change too'}; "
        f"what the first had put into a volume {'was there for' if volume_kept else 'was lost to'} the next.",
    )


def lamp(answers: Mapping[str, bool], containers: Mapping[str, int]) -> Verdict | None:
    """C08: the same page from one LXC container and from several Docker containers."""
    if set(answers) != set(CONTAINERS):
        return None
    fits = [answers["lxc"] and containers["lxc"] == 1, answers["docker"] and containers["docker"] == 3]
    each = " and ".join(
        f"{'came' if answers[kind] else 'did not come'} from {_several(containers[kind], name)}"
        for kind, name in (("lxc", "LXC"), ("docker", "Docker"))
    )
    return Verdict(
        _judge(fits),
        f"A page with what this run had written into its database {each}. Three is Docker's custom, "
        "no limit: an init in one container would do as well.",
    )


@dataclass(frozen=True, slots=True)
class Storage:
    """Seconds of one kind of storage: to write a new file, and to change a byte of an old one."""

    write: Summary
    change: Summary


def storage(places: Mapping[str, Storage], mib: float, driver: str = "") -> Verdict | None:
    """C09: `layered` against `volume`, by Docker's storage `driver`.

    `plain` is told where it was measured and not judged: it may lie on another disk than Docker's.
    """
    if "layered" not in places or "volume" not in places:
        return None
    layer, volume = places["layered"], places["volume"]
    writing, changing = (_slower(layer.write, volume.write), _slower(layer.change, volume.change))
    words = {
        (True, True): "Both writing a new file and the first change of one from below took longer on layers",
        (
            False,
            True,
        ): "The first change of a file from below took longer on layers, writing a new one did not",
        (True, False): "Writing a new file took longer on layers, the first change of one from below did not",
        (
            False,
            False,
        ): "Neither writing a new file nor the first change of one from below took longer on layers",
    }
    text = (
        f"{words[writing, changing]}: {figure(mib)} MiB were written in {figure(layer.write.median)} s on "
        f"layers and {figure(volume.write.median)} s on a volume, and a byte changed in "
        f"{figure(layer.change.median)} s and {figure(volume.change.median)} s."
    )
    if driver:
        text += f" The layers were those of Docker's storage driver {driver}."
    if plain := places.get("plain"):
        text += (
            f" In the root directory of the LXC container, which has no layers, it was "
            f"{figure(plain.write.median)} s and {figure(plain.change.median)} s."
        )
    return Verdict(_judge([writing, changing]), text)


def hypervisors(layers: Layers, accelerator: str, products: Mapping[str, tuple[int, str]]) -> Verdict:
    """C10: what lies beneath hypervisors. The report calls those of OpenStack and VirtualBox type 2.

    `products` has those of the two that were found, each with the type of its hypervisor and why. What QEMU
    itself is says nothing about them; without an `accelerator` it did not run.
    """
    below = (
        f"This machine itself runs on a hypervisor ({layers.below})."
        if layers.below
        else "No hypervisor was found below this machine."
    )
    number, why = hypervisor_type(accelerator)
    qemu = (
        f" QEMU {'with KVM' if accelerator == 'kvm' else 'without KVM'}, which ran here, is of type "
        f"{number}: {why}."
        if accelerator
        else ""
    )
    told = [
        f"{name} did not answer here, so nothing is said of it"
        if (found := products.get(product)) is None
        else f"the hypervisor of {name}, found here, is of type {found[0]}: {found[1]}"
        for product, name in PRODUCTS.items()
    ]
    second = [products[product][0] == 2 if product in products else None for product in PRODUCTS]
    report = (
        " That both are of type 2, as the report says, holds here."
        if all(second)
        else " The report calls both of them type 2."
        if False in second
        else ""
    )
    return Verdict(
        _judge(second),
        f"{below}{qemu} {'. '.join(told)}.{report}",
    )


def _several(number: int, kind: str) -> str:
    return f"{number} {kind} container{'' if number == 1 else 's'}"


def _sooner(one: Summary, other: Summary) -> bool | None:
    """Whether every sample of the one is below every one of the other; None if they overlap."""
    return True if below(one, other) else False if below(other, one) else None


def _slower(one: Summary, other: Summary) -> bool:
    return below(other, one) and one.median > _SLOWER * other.median


def _translated(accelerator: str) -> str:
    return "" if accelerator == "kvm" else " Its memory holds all code that has been translated, too."


def _emulated(accelerator: str) -> str:
    return (
        ""
        if accelerator == "kvm"
        else " KVM was not used: the machine's processor was emulated, which makes its figures worse."
    )
