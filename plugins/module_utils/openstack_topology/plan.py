"""A plan: the steps between what is and what should be, and what its makers share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from . import state
from .model import Rule, listing

SIGNS = {"create": "+", "delete": "-", "update": "~", "tag": "~"}
READY = "wait server ready"
GONE = "wait server gone"

R = TypeVar("R", bound=state.Resource)


@dataclass(frozen=True)
class Step:
    """One request, or one bulk of them, to the cloud.

    `spec` speaks of other resources by name: those made in the same run have no id yet. `details` are lines
    for people; a step that is `shown` is a change, the others (waiting, tagging what was just made) only
    serve one.
    """

    action: str
    kind: str
    name: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    details: tuple[str, ...] = ()
    shown: bool = True

    @property
    def key(self) -> str:
        """The step's name, unique in a plan."""
        return f"{self.action} {self.kind} {self.name}"

    @property
    def line(self) -> str:
        """The step in one line, for instance `+ network client`."""
        return f"{SIGNS[self.action]} {self.kind} {self.name}"

    def change(self) -> dict[str, Any]:
        """Return the step as the module reports it."""
        return {"action": self.action, "kind": self.kind, "name": self.name, "details": list(self.details)}


@dataclass(frozen=True)
class Found:
    """An existing resource; `address` is of ports and floating IPs, `status` of servers."""

    id: str
    address: str = ""
    status: str = ""


@dataclass(frozen=True)
class Plan:
    """The steps, what they can refer to already, and what a person should know.

    `problems` forbid applying it; `warnings` are differences it does not repair; `unmanaged` are resources
    the topology owns and no longer declares.
    """

    steps: tuple[Step, ...]
    found: Mapping[tuple[str, str], Found]
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unmanaged: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[Step, ...]:
        """The steps that change something, in an order they could run in."""
        return tuple(step for step in self.steps if step.shown)

    @property
    def lines(self) -> list[str]:
        """One line a change."""
        return [step.line for step in self.shown]

    @property
    def text(self) -> str:
        """The changes with their details, as the diff shows them."""
        return "".join(
            f"{step.line}\n" + "".join(f"      {detail}\n" for detail in step.details) for step in self.shown
        )


DEFAULT_EGRESS = tuple((ethertype, Rule("egress", ethertype)) for ethertype in ("IPv4", "IPv6"))
"""The rules that neutron gives to every new security group, with what stands for their ids until then."""


def rule_changes(
    declared: Iterable[Rule], actual: Iterable[tuple[str, Rule]]
) -> tuple[list[Rule], list[str]]:
    """Return the rules to add to a group and the ids of those to remove.

    Both sides name remote groups by id. Egress rules count only where egress is declared.
    """
    wanted = list(dict.fromkeys(declared))
    there = list(actual)
    compares_egress = any(rule.direction == "egress" for rule in wanted)
    have = {rule for _, rule in there}
    surplus = [
        id_ for id_, rule in there if rule not in wanted and (compares_egress or rule.direction == "ingress")
    ]
    return [rule for rule in wanted if rule not in have], surplus


class Planner:
    """Collects steps.

    A step may name needs that turn out not to be in the plan: they are met already. A need that ends with `*`
    stands for every step whose key begins like it.
    """

    def __init__(self, owner: str, actual: state.Actual) -> None:
        self.owner = owner
        self.actual = actual
        self.steps: dict[str, Step] = {}
        self.found: dict[tuple[str, str], Found] = {}
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.unmanaged: list[str] = []

    def add(
        self,
        action: str,
        kind: str,
        name: str,
        spec: Mapping[str, Any] | None = None,
        needs: Iterable[str] = (),
        details: Iterable[str] = (),
        shown: bool = True,
    ) -> Step:
        step = Step(action, kind, name, spec or {}, frozenset(needs), tuple(details), shown)
        self.steps[step.key] = step
        return step

    def result(self) -> Plan:
        """Return the plan with its steps in an order they could run in."""
        left = {key: replace(step, needs=self.expand(step.needs)) for key, step in self.steps.items()}
        ordered: dict[str, Step] = {}
        while left:
            free = {key: step for key, step in left.items() if step.needs <= ordered.keys()}
            if not free:
                raise ValueError(f"steps need each other: {sorted(left)}")
            ordered |= free
            left = {key: step for key, step in left.items() if key not in free}
        return Plan(
            tuple(ordered.values()),
            self.found,
            tuple(self.problems),
            tuple(self.warnings),
            tuple(self.unmanaged),
        )

    def expand(self, needs: Iterable[str]) -> frozenset[str]:
        prefixes = tuple(need[:-1] for need in needs if need.endswith("*"))
        return frozenset(key for key in self.steps if key in needs or (prefixes and key.startswith(prefixes)))

    def name(self, action: str, kind: str, resource: state.Resource, label: str = "") -> str:
        """Return what to call `resource` in a plan; one whose name is taken is told apart by its id."""
        name = label or (resource.address if isinstance(resource, state.FloatingIp) else resource.name)
        return f"{name} ({resource.id})" if f"{action} {kind} {name}" in self.steps else name


def choose(resources: Iterable[R], wanted: str, where: str, what: str, problems: list[str]) -> R | None:
    """Return the one resource with id or name `wanted`, or add to the problems what else there is."""
    known = list(resources)
    matches = [r for r in known if r.id == wanted] or [r for r in known if r.name == wanted]
    if len(matches) == 1:
        return matches[0]
    if matches:
        problems.append(f"{where}: {wanted!r} is the name of {len(matches)} of them; give the id instead")
    else:
        names = listing(r.name for r in known)
        problems.append(f"{where}: {wanted!r} is not {what}; there are: {names}")
    return None


def address_of(port: state.Port) -> str:
    """Return a port's first IPv4 address, or else its first one; neutron orders them as texts."""
    addresses = [address for _, address in port.fixed_ips]
    return next((address for address in addresses if ":" not in address), next(iter(addresses), ""))


def describe(spec: Mapping[str, Any]) -> list[str]:
    """Return one line for each attribute that is set."""
    return [f"{key}: {show(value)}" for key, value in spec.items() if value not in (None, (), "")]


def show(value: object) -> str:
    """Return an attribute's value as a plan shows it."""
    if isinstance(value, tuple | list):
        return (
            "[" + ", ".join("-".join(item) if isinstance(item, tuple) else str(item) for item in value) + "]"
        )
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in (None, "") else str(value)
