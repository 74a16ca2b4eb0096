"""A machine is what VirtualBox prints of it."""

from __future__ import annotations

import pytest

from virtualbox.model import Card, Controller, Drive, Forward, History, Place
from virtualbox.showvminfo import pairs
from virtualbox.state import extra_data, machine, media

SSH = Forward("ssh", "tcp", "192.168.56.1", 1234, "10.0.2.15", 22)


@pytest.fixture
def read(recorded):
    """Return a function that reads a recorded machine."""
    return lambda name, media=(): machine(pairs(recorded(name)), media=media)


def test_the_hardware_is_read(read):
    found = read("several_cards")
    assert (found.name, found.state, found.mark) == ("web", "poweroff", "")
    assert (found.cpus, found.memory, found.video_memory, found.firmware) == (1, 128, 8, "bios")
    assert found.boot_order == ("disk", "none", "none", "none")
    assert found.consoles == {1: "/root/web.log"}
    assert found.history == History()


def test_each_card_has_its_own_rules(read):
    cards = read("several_cards").cards
    assert cards[1] == Card(
        "nat",
        "10.0.2.0/24",
        "82540EM",
        "0800270BBC35",
        frozenset({SSH, Forward("web", "tcp", "", 8080, "", 80)}),
        is_connected=True,
    )
    assert cards[2].forwards == {Forward("ssh2", "udp", "127.0.0.1", 53, "", 53)}
    assert [(cards[number].attachment, cards[number].network) for number in (2, 3, 4)] == [
        ("nat", "nat"),
        ("hostonly", "vboxnet0"),
        ("intnet", "lab"),
    ]
    assert set(cards) == {1, 2, 3, 4}


def test_controllers_and_drives_are_read(read):
    found = read("several_cards")
    assert found.controllers == {
        "SATA": Controller("sata", "IntelAhci", 2),
        "IDE x": Controller("ide", "PIIX4", 2),
    }
    assert found.drives == {
        Place("SATA"): Drive("hdd", '/root/vms/we"b\\1.vdi'),
        Place("IDE x", 1): Drive("dvddrive", ""),
    }
    assert read("iso").drives == {Place("IDE x", 1): Drive("dvddrive", "/root/vms/x.iso")}


def test_a_snapshots_disk_counts_as_the_one_behind_it(read, recorded):
    found = read("two_snapshots", media(recorded("disks")))
    drive = found.drives[Place("SATA")]
    assert (drive.medium, drive.is_difference) == ('/root/vms/we"b\\1.vdi', True)


def test_a_cable_that_is_unplugged_is_read(read):
    cards = read("odd_values").cards
    assert {number: card.is_connected for number, card in cards.items()} == {1: False, 2: True}


def test_a_disk_without_others_in_front_of_it_is_whole(recorded):
    base = media(recorded("disks"))[0]
    text = recorded("several_cards")
    printed = dict(pairs(text))["SATA-ImageUUID-0-0"]
    found = machine(pairs(text.replace(printed, base.uuid)), media=[base])
    assert not found.drives[Place("SATA")].is_difference


def test_a_disk_that_is_not_registered_is_what_is_printed(read):
    assert (
        read("two_snapshots")
        .drives[Place("SATA")]
        .medium.endswith("{f6235a60-3b47-4028-9922-1d0f1edac4cd}.vdi")
    )


@pytest.mark.parametrize(("name", "state", "up"), [("running", "running", True), ("saved", "saved", False)])
def test_the_state_is_read(read, name, state, up):
    found = read(name)
    assert (found.state, found.is_up) == (state, up)


def test_disks_are_read_with_who_uses_them(recorded):
    base, first, second = media(recorded("disks"))
    assert (base.path, base.parent) == ('/root/vms/we"b\\1.vdi', "")
    assert (first.parent, second.parent) == (base.uuid, first.uuid)
    assert base.children == (first.uuid,)
    assert [user.split(" ", 1)[0] for user in base.users] == ["web"]


def test_a_disks_path_may_hold_what_python_takes_for_the_end_of_a_line(recorded):
    text = recorded("disks")
    assert [one.path for one in media(text.replace("/root/vms/", "/root/\u2028/"))] == [
        one.path.replace("/root/vms/", "/root/\u2028/") for one in media(text)
    ]


def test_a_description_passes_for_no_disk(recorded):
    text = recorded("disks")
    described = text.replace(
        "\nType: ", "\nDescription:    one\n\nUUID:           2\nLocation:       /lie\n\nType: "
    )
    assert described != text
    assert media(described) == media(text)


def test_a_registry_without_disks_has_none():
    assert media("\n") == []


@pytest.mark.parametrize(
    ("text", "value"), [("Value: web\n", "web"), ("No value set!\n", ""), ('Value: tést "q"\n', 'tést "q"')]
)
def test_extra_data_is_read(text, value):
    assert extra_data(text) == value
