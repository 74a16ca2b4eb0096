"""What the kernel says is read as it is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.layers import detect, hypervisor_type, product_type
from comparison.memory import mib, pss
from comparison.processes import Process, busy, draw, family
from comparison.processes import parse as parse_stat

from .recorded import CPUINFO, ROLLUP, SMAPS, STAT

TREE = [
    Process(1, 0, "init", 5),
    Process(10, 1, "containerd-shim", 7),
    Process(20, 10, "python3", 9),
    Process(31, 20, "worker", 1),
    Process(30, 20, "worker", 2),
    Process(40, 1, "other", 100),
]


def test_the_rollup_and_the_mappings_are_read_alike():
    assert pss(ROLLUP) == 217
    assert pss(SMAPS) == 20
    assert pss("") == 0


def test_the_dirty_part_of_a_share_is_not_taken_for_the_share():
    assert pss("Pss_Dirty:  112 kB\nPss:  1 kB\n") == 1


def test_a_mib_is_1024_kib():
    assert mib(1536) == 1.5


def test_a_process_is_read():
    assert parse_stat(STAT) == Process(pid=11391, parent=11385, name="cat", ticks=17)


@given(st.text(min_size=1).filter(lambda name: "\0" not in name))
def test_a_process_may_have_any_name(name):
    assert parse_stat(STAT.replace("(cat)", f"({name})")) == Process(11391, 11385, name, 17)


def test_a_family_is_what_descends_from_its_root():
    assert [process.pid for process in family(20, TREE)] == [20, 30, 31]
    assert family(99, TREE) == []


def test_what_watches_over_it_alone_belongs_to_it():
    assert [process.pid for process in family(20, TREE, {"containerd-shim"})] == [10, 20, 30, 31]
    assert [process.pid for process in family(10, TREE, {"containerd-shim"})] == [10, 20, 30, 31]


def test_a_tree_is_drawn_without_numbers():
    assert draw(family(20, TREE, {"containerd-shim"})) == "containerd-shim\n  python3\n    worker\n    worker"


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 30)), max_size=40))
def test_a_family_is_found_once_whatever_the_parents_are(pairs):
    processes = list({pid: Process(pid, parent % pid, "x", 0) for pid, parent in pairs}.values())
    for process in processes:
        found = [member.pid for member in family(process.pid, processes)]
        assert found[0] == process.pid
        assert len(found) == len(set(found))


def test_a_load_is_what_was_used_in_between():
    before = [Process(1, 0, "a", 100), Process(2, 0, "gone", 500)]
    after = [Process(1, 0, "a", 150), Process(3, 0, "new", 10)]
    assert busy(before, after, ticks_a_second=100, seconds=2.0) == 30.0


def test_a_guest_of_a_hypervisor_is_recognised():
    layers = detect(CPUINFO, "kvm\n", "docker\n", "", "6.18.44\n")
    assert (layers.below, layers.around, layers.extensions) == ("kvm", "docker", "")
    assert layers.text().splitlines() == [
        "hardware",
        "hypervisor below: kvm",
        "operating system: 6.18.44",
        "container around this machine: docker",
        "the processor's virtualisation: not offered here",
    ]


def test_a_machine_on_its_own_hardware_is_recognised():
    layers = detect("flags\t: fpu vmx\n", "none\n", "none\n", "ACME\n", "6.12")
    assert (layers.below, layers.around, layers.extensions) == ("", "", "VT-x")
    assert "made by: ACME" in layers.text()


def test_the_processors_flag_is_believed_where_nothing_names_the_hypervisor():
    assert detect(CPUINFO, "none", "none", "", "6").below == "unnamed"


@pytest.mark.parametrize(("accelerator", "number"), [("kvm", 1), ("tcg", 2)])
def test_the_type_follows_from_what_runs_the_guest(accelerator, number):
    assert hypervisor_type(accelerator)[0] == number


@pytest.mark.parametrize(
    ("product", "said", "number"),
    [
        ("virtualbox", "7.0.20r163906\n", 2),
        ("virtualbox", "no such container", None),
        ("openstack", "virt_type = qemu\n", 2),
        ("openstack", "virt_type = kvm\n", 1),
        ("openstack", "virt_type = lxc\n", None),
        ("openstack", "", None),
    ],
)
def test_the_type_of_a_product_follows_from_what_it_says(product, said, number):
    found = product_type(product, said)
    assert (found and found[0]) == number
