"""Each mistake that shows without VirtualBox gets one sentence with the option, its value and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from virtualbox import disk
from virtualbox.disk import Disk, DiskPlan, WantedDisk, making
from virtualbox.errors import explained
from virtualbox.model import Card, Controller, Drive, Forward, Place, Wanted, mistakes, normal, repeated

SSH = Forward("ssh", "tcp", "192.168.56.1", 1234, "10.0.2.15", 22)


def with_rules(*rules, **options):
    return Wanted("web", cards={1: Card("nat", "10.0.2.0/24", forwards=frozenset(rules), **options)})


def with_drives(*drives):
    return Wanted("web", drives={Place("SATA", port): drive for port, drive in enumerate(drives)})


def changed(**options):
    values = {name: getattr(SSH, name) for name in SSH.__slots__}
    return Forward(**values | options)


@pytest.mark.parametrize("name", ["web", "tést vm", 'a "b"'.replace('"', "'"), "9"])
def test_a_name_of_a_machine(name):
    assert mistakes(Wanted(name)) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        " web",
        "-web",
        ".web",
        "a/b",
        "a\\b",
        "a:b",
        "a\nb",
        "{1230bfc5}",
        "x" * 201,
        "a.cloud-lab-import",
        "1230bfc5-0397-4832-a03f-c3548cb4645f",
    ],
)
def test_no_name_of_a_machine(name):
    (mistake,) = mistakes(Wanted(name))
    assert mistake.startswith("name: ")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted("web", cpus=0), "cpus: 0 is not possible; use 1 to 64"),
        (Wanted("web", video_memory=257), "video_memory: 257 MiB is not possible; use 1 to 256"),
        (Wanted("web", folder="machines"), "folder: 'machines' is relative to nothing that lasts"),
        (Wanted("web", consoles={1: "web.log"}), "console: 'web.log' is relative to nothing that lasts"),
        (Wanted("web", consoles={1: "/a\nb"}), "console: '/a\\nb' holds a control character; leave it out"),
        (with_rules(mac="010203040506"), "nics[0].mac: '010203040506' is an address of many cards"),
        (
            Wanted("web", cards={1: Card("none", is_connected=True)}),
            "nics[0]: none takes the card away, with its connected; leave them out",
        ),
        (Wanted("web", memory=2), "memory: 2 MiB is not possible; use 4 to 2097152"),
        (Wanted("web", boot_order=("disk", "disk")), "boot_order: disk is there more than once"),
        (Wanted("web", boot_order=("none",) * 5), "are more than 4 devices"),
        (
            Wanted("web", cards={1: Card("nat", "10.0.2.1/24")}),
            "nics[0].network: '10.0.2.1/24' is no network",
        ),
        (Wanted("web", cards={2: Card("hostonly")}), "nics[1].network: hostonly needs"),
        (Wanted("web", cards={1: Card(mac="08:00:27:0b:bc:35")}), "nics[0].mac: "),
        (Wanted("web", cards={9: Card()}), "nics[8]: a machine has 8 network cards at most"),
        (
            Wanted("web", cards={1: Card("hostonly", "vboxnet0", forwards=frozenset({SSH}))}),
            "nics[0].forwards: hostonly has no address translation",
        ),
        (with_rules(changed(host_ip="localhost")), "host_ip 'localhost' is no address"),
        (with_rules(changed(host_port=0)), "host_port is 0; use 1 to 65535"),
        (with_rules(changed(guest_port=65536)), "guest_port is 65536; use 1 to 65535"),
        (with_rules(changed(name="a,b")), "'a,b' is no name of a rule"),
        (with_rules(changed(name="a\\b")), "is no name of a rule"),
        (
            Wanted("web", cards={1: Card("none", "x", mac="080027000001")}),
            "nics[0]: none takes the card away, with its network and mac",
        ),
        (
            Wanted("web", cards={1: Card("none", forwards=frozenset({SSH}))}),
            "with its forwards; leave them out",
        ),
        (
            Wanted("web", cards={1: Card("nat", "10.0.2.0")}),
            "nics[0].network: 10.0.2.0 is too small; use /27 or larger",
        ),
        (Wanted("web", cards={1: Card("nat", "10.0.2.0/28")}), "10.0.2.0/28 is too small"),
        (with_rules(SSH, changed(host_port=1235)), "ssh is there twice"),
        (with_rules(SSH, changed(name="too")), "192.168.56.1:1234 is that of ssh too"),
        (with_rules(SSH, changed(name="too", host_ip="")), "*:1234 is that of ssh too"),
        (with_rules(SSH, changed(name="too", host_ip="0.0.0.0")), "0.0.0.0:1234 is that of ssh too"),
        (with_drives(Drive("hdd", "")), "drives: SATA 0:0 has a disk without a medium"),
        (with_drives(Drive("hdd", "web.vdi")), "drives: 'web.vdi' is relative to nothing that lasts"),
        (with_drives(Drive("hdd", "/a"), Drive("hdd", "/a")), "/a is attached twice; clone it for SATA 1:0"),
        (
            Wanted("web", drives={Place("SATA", -1): Drive("dvddrive", "")}),
            "drives: SATA -1:0 is no place; count ports and devices from 0",
        ),
        (
            Wanted("web", controllers={"S": Controller("sata", "PIIX4")}),
            "controllers: S cannot have the chip PIIX4 on sata; use IntelAhci, or leave it out",
        ),
        (
            Wanted("web", controllers={"S": Controller("sata", None, 31)}),
            "controllers: ports of S: 31 is not possible; use 1 to 30",
        ),
        (Wanted("web", controllers={"S": Controller("ide", None, 1)}), "1 is not possible; use 2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake(wanted, words):
    (mistake,) = mistakes(wanted)
    assert words in mistake


def test_two_of_one_name_are_named():
    assert repeated("drives", ["SATA 0:0", "SATA 1:0", "SATA 0:0"]) == [
        "drives: SATA 0:0 is there more than once; leave it out where it comes later"
    ]


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("//srv//web.vdi", "/srv/web.vdi"),
        ("/srv/./a/../web.vdi", "/srv/web.vdi"),
        ("web.vdi", "web.vdi"),
        ("", ""),
    ],
)
def test_a_path_is_compared_as_virtualbox_writes_it(path, written):
    assert normal(path) == written


def test_every_mistake_is_named_at_once():
    assert len(mistakes(Wanted("", cpus=0, memory=1))) == 3


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (WantedDisk("web.vdi", size=1), "is relative to nothing that lasts"),
        (WantedDisk("/a\\b.vdi", size=1), "holds a backslash or a control character"),
        (WantedDisk("/web.img", size=1), "is to be a VDI; let it end in .vdi"),
        (WantedDisk("/web.vdi"), "nothing says what '/web.vdi' is made of"),
        (WantedDisk("/web.vdi", raw="/x", size=1), "raw and size says what"),
        (WantedDisk("/web.vdi", clone_of="/web.vdi"), "is the disk itself"),
        (WantedDisk("/web.vdi", size=-1), "size: -1 MiB is no size"),
    ],
)
def test_a_mistake_in_a_disk(wanted, words):
    (mistake,) = disk.mistakes(wanted)
    assert words in mistake


def test_a_disk_is_made_once_and_never_replaced():
    wanted = WantedDisk("/web.vdi", raw="/x")
    assert disk.plan(wanted, None) == DiskPlan(make=True)
    assert disk.plan(wanted, Disk("1")) == DiskPlan()


def test_a_disk_with_snapshots_is_not_cloned_as_it_was():
    wanted = WantedDisk("/copy.vdi", clone_of="/web.vdi")
    source = Disk("1", users=("web (UUID: 2) [one (UUID: 3)]",), has_children=True)
    assert disk.plan(wanted, None, source).problem == (
        "clone_of: /web.vdi is as it was at a snapshot (web (UUID: 2) [one (UUID: 3)]), and what was written "
        "since would be missing; delete the snapshots first (module virtualbox_snapshot)"
    )
    assert disk.plan(wanted, Disk("2"), source) == DiskPlan()
    assert disk.plan(wanted, None, replace(source, has_children=False)) == DiskPlan(make=True)


def test_a_disk_that_was_deleted_is_not_replaced_under_its_machine():
    wanted = WantedDisk("/web.vdi", size=1)
    lost = Disk("1", users=("web (UUID: 2)",))
    assert disk.plan(wanted, None, lost=lost).problem == (
        "path: the file /web.vdi is gone, and web (UUID: 2) still had it; another disk would not fit there. "
        "Put the file back, or detach it first (module virtualbox_vm, drives)"
    )
    assert "other disks still had" in disk.plan(wanted, None, lost=Disk("1", has_children=True)).problem
    assert disk.plan(wanted, None, lost=Disk("1")) == DiskPlan(make=True)
    assert disk.plan(replace(wanted, state="absent"), None, lost=lost) == DiskPlan()


def test_only_our_own_unused_disk_is_deleted():
    wanted = WantedDisk("/web.vdi", state="absent")
    assert disk.mistakes(wanted) == []
    assert disk.plan(wanted, None) == DiskPlan()
    assert disk.plan(wanted, Disk("1", "/web.vdi")) == DiskPlan(delete=True)
    kept = DiskPlan(kept="path: /web.vdi is a disk that this module has not made, so it stays")
    assert disk.plan(wanted, Disk("1")) == kept
    # A copy of ours has our identifier, and is not ours.
    assert disk.plan(wanted, Disk("1", "/original.vdi")) == kept
    # Whoever has it.
    assert disk.plan(wanted, Disk("1", users=("web",))) == kept
    assert "attached to web" in disk.plan(wanted, Disk("1", "/web.vdi", ("web",))).problem


def test_half_a_disk_is_removed_whatever_becomes_of_a_whole_one():
    wanted = WantedDisk("/web.vdi", state="absent")
    for there in (None, Disk("1"), Disk("1", "/web.vdi")):
        whole = disk.plan(wanted, there)
        assert disk.plan(wanted, there, has_part=True) == replace(whole, drop=True)
    assert disk.plan(wanted, None, has_part=True).changes
    # Another is made over it.
    assert disk.plan(WantedDisk("/web.vdi", size=1), None, has_part=True) == DiskPlan(make=True)


@pytest.mark.parametrize(
    ("wanted", "arguments"),
    [
        (WantedDisk("/w.vdi", raw="/r"), "convertfromraw /r /p --format VDI"),
        (WantedDisk("/w.vdi", clone_of="/o.vdi"), "clonemedium disk /o.vdi /p --format VDI"),
        (
            WantedDisk("/w.vmdk", size=8, format="VMDK"),
            "createmedium disk --filename /p --size 8 --format VMDK",
        ),
    ],
)
def test_a_disk_is_made_of_what_is_named(wanted, arguments):
    assert " ".join(making(wanted, "/p")) == arguments


COPY = (
    "VBoxManage: error: Cannot register the hard disk '/srv/copy.vdi' {1484} because a hard disk "
    "'/srv/web.vdi' with UUID {1484} already exists\n"
    "VBoxManage: error: Details: code NS_ERROR_INVALID_ARG (0x80070057), component VirtualBoxWrap\n"
    'VBoxManage: error: Context: "OpenMedium(...)" at line 197 of file VBoxManageDisk.cpp\n'
)


def test_an_error_is_told_without_where_it_was_in_the_source():
    told = explained(COPY)
    assert told.startswith("Cannot register the hard disk '/srv/copy.vdi' {1484} because")
    assert "Context" not in told and "Details" not in told
    assert "clone the disk instead" in told


# As VirtualBox 7.2.22 has them in its library; not recorded, since that needs its driver and KVM beside it.
KVM = (
    "VBoxManage: error: VirtualBox can't {}. Please disable the KVM kernel extension, recompile your kernel "
    "and reboot ({})"
)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (KVM.format("operate in VMX root mode", "VERR_VMX_IN_VMX_ROOT_MODE"), "modprobe -r kvm_intel"),
        (KVM.format("enable the AMD-V extension", "VERR_SVM_IN_USE"), "modprobe -r kvm_amd"),
        ("VBoxManage: error: Error -1908 in supR3HardenedMainInitRuntime!", "modprobe vboxdrv"),
        # As recorded where there is no driver.
        (
            "VBoxManage: error: The virtual machine 'a' has terminated unexpectedly during startup with exit "
            "code 1 (0x1)",
            "modprobe vboxdrv",
        ),
        ("VBoxManage: fatal error: RTR3Init: VERR_NO_TRANSLATION", "C.UTF-8"),
        ("VBoxManage: error: Cannot unregister the machine 'a' while it is locked", "run this again when"),
        ("VBoxManage: error: The machine 'a' is already locked for a session (or being unlocked)", "import"),
        ("", "it gave no reason"),
        ("VBoxManage: error: Failed to lock source media '/srv/a.vdi'", "virtualbox_clone_machine"),
        ("VBoxManage: error: Machine settings file '/srv/a/a.vbox' already exists", "registervm"),
        ("VBoxManage: error: something new", "something new"),
    ],
)
def test_what_helps_is_said(output, words):
    assert words in explained(output)


def test_an_identifier_is_no_number_of_an_error():
    assert "vboxdrv" not in explained(
        "VBoxManage: error: Cannot open '/a' {1484953a-1908-4a47-0000-00000000}"
    )


def test_nobody_is_advised_to_do_without_the_driver():
    # On a machine of somebody's own that would slow every other virtual machine, for good.
    told = explained("VBoxManage: error: The VM driver was not loaded (VERR_VM_DRIVER_NOT_INSTALLED)")
    assert "virtualbox-dkms" in told
    assert "driverless" not in told
