"""Each claim is judged by its figures, and by nothing that was not measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison import verdicts
from comparison.layers import Layers
from comparison.samples import summary
from comparison.verdicts import Kernel, Seen, Storage

HOST = Kernel("6.18.44", 1_795_644_052, "b5642f2f")
# LXC lays a file of its own over the boot id.
IN_LXC = replace(HOST, boot_id="0c1d")
GUEST = Kernel("6.12.48+deb13-cloud-amd64", 1_795_650_000, "77aa")

PROCESS = Seen(kernel=HOST, start=summary([0.3]), answer=summary([0.0005]))
DOCKER = Seen(
    start=summary([0.6, 0.7]),
    answer=summary([0.0007]),
    memory_first=30.0,
    memory_further=18.0,
    idle=summary([0.1]),
    disk_first=160.0,
    disk_further=0.1,
    kernel=HOST,
    processes=1,
    init=False,
    crash_means={"the system request key": "absent"},
)
LXC = replace(
    DOCKER,
    start=summary([1.5, 2.5]),
    disk_further=200.0,
    kernel=IN_LXC,
    init=True,
    services=["cron.service", "rsyslog.service", "dbus.service"],
)
VM = Seen(
    start=summary([20.0, 22.0]),
    answer=summary([0.004]),
    memory_first=480.0,
    memory_further=470.0,
    idle=summary([1.5]),
    disk_first=120.0,
    disk_further=9.0,
    kernel=GUEST,
)
FIGURES = {"process": PROCESS, "docker": DOCKER, "lxc": LXC, "vm": VM}


def told(found: verdicts.Verdict | None) -> verdicts.Verdict:
    """Return a verdict that has to be there."""
    assert found is not None
    return found


def without(kind):
    return {name: seen for name, seen in FIGURES.items() if name != kind}


def test_a_kernel_of_its_own_and_a_shared_one():
    found = told(verdicts.kernels(FIGURES))
    assert found.verdict == "reproduced"
    assert "LXC shows a boot id of its own" in found.sentence


def test_a_container_with_another_kernel_contradicts():
    stranger = FIGURES | {"docker": replace(DOCKER, kernel=GUEST), "vm": replace(VM, kernel=HOST)}
    assert told(verdicts.kernels(stranger | {"lxc": replace(LXC, kernel=GUEST)})).verdict == "contradicted"
    assert told(verdicts.kernels(stranger)).verdict == "depends"


def test_the_same_release_booted_at_another_time_is_another_kernel():
    twin = replace(HOST, booted=HOST.booted + 600)
    assert told(verdicts.kernels(FIGURES | {"vm": replace(VM, kernel=twin)})).verdict == "reproduced"


def test_containers_are_lighter():
    found = told(verdicts.weight(FIGURES, "kvm"))
    assert found.verdict == "reproduced"
    assert "480 MiB and 1.5 %" in found.sentence
    assert "emulated" not in found.sentence
    assert "KVM was not used" in told(verdicts.weight(FIGURES, "tcg")).sentence


@pytest.mark.parametrize(
    ("idle", "verdict"), [(1.2, "reproduced"), (1.3, "depends"), (1.5, "depends"), (1.7, "depends")]
)
def test_a_difference_of_a_tick_is_none(idle, verdict):
    ticking = {name: replace(seen, idle_step=0.25) for name, seen in FIGURES.items()}
    ticking["lxc"] = replace(ticking["lxc"], idle=summary([idle]))
    found = told(verdicts.weight(ticking, "kvm"))
    assert found.verdict == verdict
    unseen = "No difference of processor time was seen between the virtual machine and the LXC container: "
    assert (unseen in found.sentence) is (verdict == "depends")


@pytest.mark.parametrize(
    ("memory", "verdict", "unseen"),
    [
        (300.0, "reproduced", False),
        (479.9, "depends", True),
        (481.0, "depends", True),
        (600.0, "depends", False),
    ],
)
def test_a_difference_of_some_percent_of_memory_is_none(memory, verdict, unseen):
    found = told(verdicts.weight(FIGURES | {"lxc": replace(LXC, memory_first=memory)}, "kvm"))
    assert found.verdict == verdict
    assert (
        "No difference of memory was seen between the virtual machine and the LXC" in found.sentence
    ) is unseen


def test_what_cannot_be_told_apart_contradicts_nothing():
    alike = {kind: replace(VM, idle=summary([1.5])) for kind in ("docker", "lxc", "vm")}
    assert told(verdicts.weight(alike, "kvm")).verdict == "depends"
    assert told(verdicts.speed(alike, "kvm")).verdict == "depends"
    tiny = replace(VM, memory_first=1.0, idle=summary([0.01]), start=summary([0.1]), answer=summary([1e-5]))
    assert told(verdicts.weight(alike | {"vm": tiny}, "kvm")).verdict == "contradicted"
    assert told(verdicts.speed(alike | {"vm": tiny}, "kvm")).verdict == "contradicted"


@pytest.mark.parametrize(
    ("answer", "verdict"), [(0.003, "reproduced"), (0.00399, "depends"), (0.0041, "depends")]
)
def test_noise_is_no_difference_of_answers(answer, verdict):
    found = told(verdicts.speed(FIGURES | {"docker": replace(DOCKER, answer=summary([answer]))}, "kvm"))
    assert found.verdict == verdict
    unseen = (
        "No difference of the answers was seen between the virtual machine and the Docker container: less"
    )
    assert (unseen in found.sentence) is (verdict == "depends")


def test_a_container_that_works_while_idle_makes_it_depend():
    assert (
        told(verdicts.weight(FIGURES | {"lxc": replace(LXC, idle=summary([9.0]))}, "kvm")).verdict
        == "depends"
    )


def test_layers_are_shared_and_a_directory_is_not():
    assert told(verdicts.sharing(FIGURES)).verdict == "depends"
    assert "a root directory of its own shares nothing" in told(verdicts.sharing(FIGURES)).sentence
    swapped = {"docker": replace(DOCKER, disk_further=160.0), "lxc": replace(LXC, disk_further=0.1)}
    assert "a root directory" not in told(verdicts.sharing(FIGURES | swapped)).sentence
    both = replace(LXC, disk_further=0.1)
    assert told(verdicts.sharing(FIGURES | {"lxc": both})).verdict == "reproduced"
    neither = {
        kind: replace(seen, disk_further=160.0, memory_further=27.0)
        for kind, seen in (("docker", DOCKER), ("lxc", LXC))
    }
    assert told(verdicts.sharing(FIGURES | neither)).verdict == "contradicted"


@pytest.mark.parametrize(("further", "verdict"), [(18.0, "reproduced"), (27.0, "depends"), (None, "depends")])
def test_sharing_is_of_memory_too(further, verdict):
    figures = {kind: replace(DOCKER, memory_further=further) for kind in ("docker", "lxc")}
    assert told(verdicts.sharing(figures)).verdict == verdict


def test_the_memory_of_further_machines_is_told_only_where_it_was_measured():
    assert "470 MiB of memory after 480 in the virtual machine" in told(verdicts.sharing(FIGURES)).sentence
    one = told(verdicts.sharing(FIGURES | {"vm": replace(VM, memory_further=None)})).sentence
    assert "9 MiB after 120" in one
    assert "in the virtual machine" not in one


@pytest.mark.parametrize(("kind", "name"), [("docker", "The Docker container"), ("lxc", "The LXC container")])
@pytest.mark.parametrize(
    "judged",
    [
        verdicts.kernels,
        lambda figures: verdicts.weight(figures, "kvm"),
        verdicts.sharing,
        lambda figures: verdicts.speed(figures, "kvm"),
        lambda figures: verdicts.crash(figures, True, {"process": True}),
    ],
    ids=["kernels", "weight", "sharing", "speed", "crash"],
)
def test_one_kind_of_containers_makes_no_claim_on_containers_true_or_false(judged, kind, name):
    found = told(judged(without(kind)))
    assert found.verdict == "depends"
    assert found.sentence.endswith(f"{name} was not measured, so it is not judged.")
    assert "not measured" not in told(judged(FIGURES)).sentence


def test_a_start_that_overlaps_is_not_sooner():
    assert told(verdicts.speed(FIGURES, "kvm")).verdict == "reproduced"
    slow = FIGURES | {"lxc": replace(LXC, start=summary([1.5, 20.5]))}
    found = told(verdicts.speed(slow, "kvm"))
    assert found.verdict == "depends"
    assert "and the LXC container: their samples overlap" in found.sentence


def test_what_differs_besides_is_named():
    assert "QEMU's network in user mode. " not in told(verdicts.speed(FIGURES, "kvm")).sentence
    assert told(verdicts.speed(FIGURES, "kvm")).sentence.endswith("through QEMU's network in user mode.")
    older = {name: replace(seen, python="3.11.2") for name, seen in FIGURES.items()}
    assert "Python" not in told(verdicts.speed(older, "kvm")).sentence
    newer = older | {"vm": replace(VM, python="3.13.5")}
    assert (
        "user mode and by Python 3.13.5, theirs by Python 3.11.2."
        in told(verdicts.speed(newer, "kvm")).sentence
    )


def test_a_panic_takes_the_machine_alone():
    found = told(verdicts.crash(FIGURES, True, {"docker": True, "process": True}))
    assert found.verdict == "reproduced"
    assert "were given none of the 1 ways that were looked at" in found.sentence
    assert told(verdicts.crash(FIGURES, True, {"docker": False})).verdict == "contradicted"
    # What did not panic took nothing with it, and proves nothing.
    assert told(verdicts.crash(FIGURES, False, {"docker": True})).verdict == "depends"
    process = told(verdicts.crash({"process": PROCESS, "vm": VM}, True, {"process": True}))
    assert process.sentence.endswith("the LXC container were not measured, so they are not judged.")


def test_an_open_way_is_named_and_makes_it_depend():
    opened = FIGURES | {"lxc": replace(LXC, crash_means={"mounting /proc anew": "open"})}
    found = told(verdicts.crash(opened, True, {"docker": True}))
    assert found.verdict == "depends"
    assert "mounting /proc anew in the LXC container" in found.sentence
    assert "left alone" in found.sentence
    assert "the LXC container would have to be confined, while the Docker container was given none" in (
        found.sentence
    )
    assert told(verdicts.crash(opened, True, {"docker": False})).verdict == "contradicted"


def test_a_system_and_an_application():
    assert told(verdicts.levels(FIGURES)).verdict == "reproduced"
    assert told(verdicts.levels(FIGURES | {"docker": replace(DOCKER, processes=2)})).verdict == "depends"


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ((True, True, 3), "reproduced"),
        ((True, True, 1), "depends"),
        ((False, True, 3), "depends"),
        ((False, False, 1), "contradicted"),
    ],
)
def test_layers_stay_and_a_volume_too(facts, verdict):
    assert verdicts.layered(*facts).verdict == verdict


def test_lamp_is_judged_when_both_were_built():
    both = {"lxc": True, "docker": True}
    assert told(verdicts.lamp(both, {"lxc": 1, "docker": 3})).verdict == "reproduced"
    assert told(verdicts.lamp({"lxc": True, "docker": False}, {"lxc": 1, "docker": 3})).verdict == "depends"
    assert verdicts.lamp({"lxc": True}, {"lxc": 1}) is None


def storage(write, change):
    return Storage(summary(write), summary(change))


@pytest.mark.parametrize(
    ("layered", "verdict"),
    [
        (storage([2.0], [2.0]), "reproduced"),
        (storage([1.0], [2.0]), "depends"),
        (storage([1.1], [0.011]), "contradicted"),
    ],
    ids=["both", "copy-up", "neither"],
)
def test_layers_cost_what_they_are_measured_to_cost(layered, verdict):
    volume = storage([1.0], [0.01])
    assert told(verdicts.storage({"layered": layered, "volume": volume}, 64)).verdict == verdict
    assert verdicts.storage({"volume": volume}, 64) is None


def test_storage_is_told_with_its_driver_and_without_saying_that_anything_costs_the_same():
    places = {"layered": storage([0.9], [2.0]), "volume": storage([0.5], [0.01])}
    found = told(verdicts.storage(places | {"plain": storage([0.7], [0.02])}, 64, "overlay2"))
    assert (
        "driver overlay2. In the root directory of the LXC container, which has no layers" in found.sentence
    )
    faster = told(verdicts.storage(places | {"layered": storage([0.2], [2.0])}, 64))
    assert faster.sentence.startswith("The first change of a file from below took longer on layers, writing")
    assert "driver" not in faster.sentence


@pytest.mark.parametrize("accelerator", ["kvm", "tcg"])
@pytest.mark.parametrize(
    ("products", "verdict", "words"),
    [
        ({}, "depends", "OpenStack did not answer here, so nothing is said of it. VirtualBox did not answer"),
        ({"virtualbox": (2, "so")}, "depends", "the hypervisor of VirtualBox, found here, is of type 2"),
        ({"openstack": (2, "so"), "virtualbox": (2, "so")}, "reproduced", "as the report says, holds here"),
        ({"openstack": (1, "so")}, "depends", "The report calls both of them"),
        ({"openstack": (1, "so"), "virtualbox": (2, "so")}, "depends", "The report calls both of them"),
        ({"openstack": (1, "so"), "virtualbox": (1, "so")}, "contradicted", "The report calls both of them"),
    ],
)
def test_the_type_is_judged_by_the_products_that_are_found(accelerator, products, verdict, words):
    found = verdicts.hypervisors(Layers("kvm", "", "", "", "6.18"), accelerator, products)
    assert found.verdict == verdict
    assert words in found.sentence


@given(kinds=st.sets(st.sampled_from(sorted(FIGURES))), blank=st.booleans())
def test_what_was_not_measured_is_not_judged(kinds, blank):
    figures = {kind: Seen() if blank else FIGURES[kind] for kind in kinds}
    judged = [
        verdicts.kernels(figures),
        verdicts.weight(figures, "tcg"),
        verdicts.sharing(figures),
        verdicts.speed(figures, "tcg"),
        verdicts.levels(figures),
    ]
    if blank or not kinds & {"docker", "lxc"}:
        assert not any(judged)
    for found in filter(None, judged):
        assert found.verdict in ("reproduced", "contradicted", "depends")
        assert found.sentence[0].isupper()
        assert found.sentence.endswith(".")
