"""Compare what a plan creates and resizes with what the cloud offers: images, flavors and quotas."""

from __future__ import annotations

from collections import Counter

from .plan import DEFAULT_EGRESS, Found, Plan, choose
from .state import Flavor, Image, Offer, Server

COUNTED = ("network", "subnet", "router", "security_group", "floating_ip", "keypair", "server")
SERVICE_PORTS = 1
"""Ports that neutron makes in every new network for DHCP and metadata, counted by the project's quota."""


def resolve(plan: Plan, offer: Offer) -> tuple[dict[tuple[str, str], Found], list[str]]:
    """Return the ids of the images and flavors that the plan's servers name, and the problems.

    A problem is an unknown or ambiguous name, a disk that would shrink, or a quota that would be exceeded.
    """
    found: dict[tuple[str, str], Found] = {}
    problems: list[str] = []
    demand: Counter[str] = Counter()
    for step in plan.steps:
        # What is replaced gives back what it takes.
        sign = {"create": 1, "delete": -1}.get(step.action, 0)
        if step.kind in COUNTED:
            demand[step.kind] += sign
        if (step.action, step.kind) == ("create", "port"):
            demand["port"] += len(step.spec["ports"])
        elif (step.action, step.kind) == ("create", "interface") and "port" not in step.spec:
            demand["port"] += 1
        elif (step.action, step.kind) == ("delete", "interface"):
            demand["port"] -= 1
        elif (step.action, step.kind) == ("create", "security_group"):
            demand["security_group_rule"] += len(DEFAULT_EGRESS)
        elif step.kind == "rules":
            demand["security_group_rule"] += sum(1 if line.startswith("+") else -1 for line in step.details)
        elif (step.action, step.kind) == ("create", "server"):
            where = f"servers[{step.name}]"
            image = choose(offer.images, step.spec["image"], f"{where}.image", "an image", problems)
            flavor = choose(offer.flavors, step.spec["flavor"], f"{where}.flavor", "a flavor", problems)
            if image:
                found["image", step.spec["image"]] = Found(image.id)
            if flavor:
                found["flavor", step.spec["flavor"]] = Found(flavor.id)
                demand.update(_growth(flavor, step.spec["replaced"]))
            if image and flavor:
                problems += _too_small(f"{where}.flavor", image, flavor)
        elif step.kind == "flavor":
            where = f"servers[{step.name}].flavor"
            flavor = choose(offer.flavors, step.spec["flavor"], where, "a flavor", problems)
            if flavor:
                found["flavor", step.spec["flavor"]] = Found(flavor.id)
                server = step.spec["server"]
                demand.update(_growth(flavor, server))
                problems += _shrinking(where, server, flavor)
    if demand["port"] > 0:
        # Made without a look at the quota, and missing there for the ports that are asked for.
        demand["port"] += SERVICE_PORTS * max(demand["network"], 0)
    return found, problems + shortages(demand, offer)


def shortages(demand: Counter[str], offer: Offer) -> list[str]:
    """Return a sentence for each quota that `demand` (what to create, by kind) exceeds."""
    problems = []
    for kind, asked in sorted(demand.items()):
        quota = offer.quotas.get(kind)
        if asked <= 0 or quota is None or quota.limit < 0:
            continue
        left = max(quota.limit - quota.used, 0)
        if asked > left:
            name, unit, remedy = (
                ("ram", " MiB", "choose smaller flavors")
                if kind == "ram"
                else (f"{kind}s", "", "declare less")
            )
            problems.append(
                f"quota of {name}: {asked}{unit} asked for, {left}{unit} left (limit {quota.limit}, used "
                f"{quota.used}); "
                f"remove something, {remedy}, or ask the cloud's operator for more"
            )
    return problems


def _growth(flavor: Flavor, server: Server | None) -> dict[str, int]:
    """Return what a flavor takes beyond what the server has, if there is one.

    Servers are resized and replaced in any order: one that shrinks makes no room for one that grows.
    """
    cores, ram = (server.vcpus, server.ram) if server else (0, 0)
    return {"core": max(flavor.vcpus - cores, 0), "ram": max(flavor.ram - ram, 0)}


def _too_small(where: str, image: Image, flavor: Flavor) -> list[str]:
    """Return the problem of a flavor that has not what the image needs."""
    lacks = []
    # With a disk of 0 GiB the flavor leaves the size to the image.
    if flavor.disk and flavor.disk < image.min_disk:
        lacks.append(f"a disk of {image.min_disk} GiB, and the flavor has {flavor.disk}")
    if flavor.ram < image.min_ram:
        lacks.append(f"{image.min_ram} MiB of memory, and the flavor has {flavor.ram}")
    if not lacks:
        return []
    return [
        f"{where}: {flavor.name!r} is too small for the image {image.name!r}, which needs "
        f"{' and '.join(lacks)}; choose a larger flavor"
    ]


def _shrinking(where: str, server: Server, flavor: Flavor) -> list[str]:
    """Return the problem of a disk that would shrink, which nova would tell to the cloud's operator alone."""
    # In the middle of a resize the disk is not yet known; a server without an image has its disk on a volume.
    if server.is_resizing or not server.image_id or flavor.disk >= server.disk:
        return []
    return [
        f"{where}: {flavor.name!r} has a disk of {flavor.disk} GiB, the server one of {server.disk} GiB, and "
        f"nova cannot make it smaller; choose a flavor with at least as much, or delete the server and have "
        f"it made anew"
    ]
