"""What is stated is made so, what is not stated stays, and nothing is lost without consent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtualbox.model import Card, Controller, Drive, Forward, History, Machine, Place, Snapshot, Wanted
from virtualbox.plan import differences, make_plan, needed, opened, removal, starts, uncovers

SSH = Forward("ssh", "tcp", "192.168.56.1", 1234, "10.0.2.15", 22)
WEB = Forward("web", "tcp", "", 8080, "", 80)
DISK = {Place("SATA"): Drive("hdd", "/srv/web.vdi")}
SATA = {"SATA": Controller("sata", "IntelAhci", 1)}
WANTED = Wanted(
    "web",
    cpus=1,
    memory=128,
    video_memory=8,
    firmware="bios",
    boot_order=("disk",),
    cards={1: Card("nat", "10.0.2.0/24", "82540EM", None, frozenset({SSH}))},
    controllers=SATA,
    drives=DISK,
    consoles={1: "/srv/web.log"},
)
MACHINE = Machine(
    "web",
    "20c5bc44",
    "poweroff",
    "web",
    cpus=1,
    memory=128,
    video_memory=8,
    firmware="bios",
    boot_order=("disk", "none", "none", "none"),
    cards={1: Card("nat", "10.0.2.0/24", "82540EM", "0800270BBC35", frozenset({SSH}))},
    controllers={"SATA": Controller("sata", "IntelAhci", 1)},
    drives=DISK,
    consoles={1: "/srv/web.log"},
)


def calls(plan):
    """Return the steps' arguments as lines."""
    assert not plan.problems
    return [" ".join(step.arguments) for step in plan.steps]


def test_a_new_machine_is_marked_at_once():
    made = calls(make_plan(WANTED, None))
    assert made[:2] == ["createvm --name web --register", "setextradata web cloud-lab/machine web"]
    assert "modifyvm web --natpf1 ssh,tcp,192.168.56.1,1234,10.0.2.15,22" in made
    assert (
        made[-1] == "storageattach web --storagectl SATA --port 0 --device 0 --type hdd --medium /srv/web.vdi"
    )


def test_a_new_machine_is_started_last():
    plan = make_plan(replace(WANTED, state="started"), None)
    assert calls(plan)[-1] == "startvm web --type headless"
    assert plan.steps[-1].wait == "running"
    assert starts(plan.steps)


def test_what_is_as_it_should_be_is_left_alone():
    assert calls(make_plan(WANTED, MACHINE)) == []


def test_what_is_not_stated_is_left_alone():
    assert differences(Wanted("web"), MACHINE) == []


def test_a_new_machine_has_no_card_that_is_stated_as_none():
    assert "modifyvm web --nic1 none" in calls(make_plan(Wanted("web", cards={1: Card("none")}), None))


def test_a_machine_that_starts_anew_gives_back_its_memory():
    wanted = replace(WANTED, memory=192)
    assert needed(wanted, None) == needed(wanted, MACHINE) == 192
    assert needed(wanted, replace(MACHINE, state="running")) == 64
    assert needed(Wanted("web"), MACHINE) == 128


def test_rules_that_a_card_has_kept_are_replaced():
    wanted = Wanted("web", cards={1: Card("nat", forwards=frozenset({SSH}))})
    assert not uncovers(wanted, MACHINE)
    for cards in ({}, {1: Card("hostonly", "vboxnet0", forwards=frozenset())}):
        assert uncovers(wanted, replace(MACHINE, cards=cards))
    kept = Card("hostonly", "vboxnet0", forwards=frozenset({replace(SSH, host_port=4321)}))
    assert calls(make_plan(wanted, replace(MACHINE, cards={1: kept}))) == [
        "modifyvm web --nic1 nat",
        "modifyvm web --natpf1 delete ssh",
        "modifyvm web --natpf1 ssh,tcp,192.168.56.1,1234,10.0.2.15,22",
    ]


def test_a_card_that_leaves_the_translation_listens_no_more():
    hostonly = replace(WANTED, state="started", cards={1: Card("hostonly", "vboxnet0")})
    assert opened(hostonly, MACHINE) == []
    kept = replace(hostonly, cards={1: Card("nat")})
    assert opened(kept, MACHINE) == [SSH]


@pytest.mark.parametrize("state", ["present", "started", "stopped", "saved", "absent"])
def test_a_machine_of_somebody_else_stays(state):
    plan = make_plan(replace(WANTED, state=state, force=True), replace(MACHINE, mark=""))
    assert plan.steps == ()
    assert plan.problems[0].startswith("name: there is a machine 'web' that this module has not made; ")
    assert plan.problems[0].endswith("VBoxManage setextradata 'web' cloud-lab/machine 'web'")


@pytest.mark.parametrize(
    ("change", "call"),
    [
        ({"cpus": 2}, "modifyvm web --cpus 2"),
        ({"memory": 64}, "modifyvm web --memory 64"),
        ({"video_memory": 16}, "modifyvm web --vram 16"),
        ({"firmware": "efi"}, "modifyvm web --firmware efi"),
        ({"boot_order": ("dvd", "disk")}, "modifyvm web --boot1 dvd --boot2 disk --boot3 none --boot4 none"),
        ({"consoles": {1: "/x"}}, "modifyvm web --uart1 0x3F8 4 --uartmode1 file /x"),
        ({"cards": {1: Card("nat", "10.0.3.0/24")}}, "modifyvm web --natnet1 10.0.3.0/24"),
        ({"cards": {1: Card("nat", device="virtio")}}, "modifyvm web --nictype1 virtio"),
        ({"cards": {1: Card("none")}}, "modifyvm web --nic1 none"),
        (
            {"cards": {2: Card("hostonly", "vboxnet0")}},
            "modifyvm web --nic2 hostonly --hostonlyadapter2 vboxnet0",
        ),
    ],
    ids=str,
)
def test_each_attribute_is_compared(change, call):
    wanted = replace(Wanted("web"), **change)
    assert calls(make_plan(wanted, MACHINE)) == [call]


def test_a_hardware_address_is_the_same_in_any_case():
    assert differences(Wanted("web", cards={1: Card(mac="0800270bbc35")}), MACHINE) == []


def test_port_forwards_are_a_set():
    wanted = Wanted("web", cards={1: Card(forwards=frozenset({WEB}))})
    assert calls(make_plan(wanted, MACHINE)) == [
        "modifyvm web --natpf1 delete ssh",
        "modifyvm web --natpf1 web,tcp,,8080,,80",
    ]
    assert calls(make_plan(wanted, replace(MACHINE, state="running"))) == [
        "controlvm web natpf1 delete ssh",
        "controlvm web natpf1 web,tcp,,8080,,80",
    ]


def test_a_rule_that_was_changed_by_hand_is_repaired():
    by_hand = replace(MACHINE.cards[1], forwards=frozenset({replace(SSH, host_port=4321)}))
    assert calls(make_plan(WANTED, replace(MACHINE, cards={1: by_hand}))) == [
        "modifyvm web --natpf1 delete ssh",
        "modifyvm web --natpf1 ssh,tcp,192.168.56.1,1234,10.0.2.15,22",
    ]


def test_a_disk_is_detached_and_not_deleted():
    wanted = Wanted("web", controllers={"IDE": Controller("ide", "PIIX4")}, drives={})
    assert calls(make_plan(wanted, MACHINE)) == [
        "storageattach web --storagectl SATA --port 0 --device 0 --type hdd --medium none",
        "storagectl web --name SATA --remove",
        "storagectl web --name IDE --add ide --controller PIIX4",
    ]


def test_a_controller_of_another_chip_is_made_anew_with_its_disks():
    wanted = Wanted("web", controllers={"SATA": Controller("sata", "IntelAhci", 4)}, drives=DISK)
    assert calls(make_plan(wanted, MACHINE)) == [
        "storageattach web --storagectl SATA --port 0 --device 0 --type hdd --medium none",
        "storagectl web --name SATA --remove",
        "storagectl web --name SATA --add sata --controller IntelAhci --portcount 4",
        "storageattach web --storagectl SATA --port 0 --device 0 --type hdd --medium /srv/web.vdi",
    ]


def at(*media):
    """Return disks at the ports of one controller."""
    return {Place("SATA", port): Drive("hdd", medium) for port, medium in enumerate(media)}


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        (("/1", "/2"), ("/2", "/1")),
        (("/1", "/2"), ("/2", "/3")),
        (("/1", "/2", "/3"), ("/3", "/1", "/2")),
        (("/1", "/2"), ("/3", "/2", "/1")),
        (("/1",), ("/2", "/1")),
    ],
)
def test_disks_change_places(there, asked):
    sata = {"SATA": Controller("sata", "IntelAhci", 3)}
    found = replace(MACHINE, controllers=sata, drives=at(*there))
    attached = {place.port: drive.medium for place, drive in found.drives.items()}
    for step in make_plan(Wanted("web", drives=at(*asked)), found).steps:
        port, medium = int(step.arguments[5]), step.arguments[-1]
        # As VirtualBox does it: a disk is attached once.
        assert medium not in attached.values()
        attached[port] = medium
        if medium == "none":
            del attached[port]
    assert attached == dict(enumerate(asked))


@pytest.mark.parametrize(
    ("wanted", "option"),
    [
        (Wanted("web", controllers={"IDE": Controller("ide")}), "controllers"),
        (Wanted("web", controllers={"IDE": Controller("ide")}, drives=DISK), "drives"),
        (Wanted("web", drives={Place("SATE"): DISK[Place("SATA")]}), "drives"),
    ],
    ids=["gone", "undeclared", "misspelt"],
)
def test_a_drive_has_a_controller(wanted, option):
    label = next(iter(wanted.drives or DISK)).controller
    (problem,) = make_plan(wanted, MACHINE).problems
    assert problem.startswith(
        f"{option}: there would be no controller {label} for /srv/web.vdi ({label} 0:0); "
    )
    (problem,) = make_plan(replace(wanted, drives=wanted.drives or DISK), None).problems
    assert problem.startswith(f"drives: there would be no controller {label} ")


@pytest.mark.parametrize(
    ("bus", "ports", "place", "last"),
    [
        ("sata", 1, Place("S", 1), "0:0"),
        ("sata", None, Place("S", 30), "29:0"),
        ("sata", 2, Place("S", 0, 1), "1:0"),
        ("ide", None, Place("S", 2), "1:1"),
    ],
)
def test_a_drive_is_within_its_controller(bus, ports, place, last):
    wanted = Wanted(
        "web", controllers={"S": Controller(bus, None, ports)}, drives={place: Drive("dvddrive", "")}
    )
    (problem,) = make_plan(wanted, None).problems
    assert problem == (
        f"drives: the dvddrive cannot be at {place.where}, where the last place is {last}; choose another in "
        "drives, or more ports"
    )


def test_a_port_beyond_those_that_are_there_is_added_by_virtualbox():
    assert calls(make_plan(Wanted("web", drives=DISK | {Place("SATA", 7): Drive("hdd", "/2")}), MACHINE))


def test_a_controller_of_another_bus_is_made_anew():
    assert calls(make_plan(Wanted("web", controllers={"SATA": Controller("scsi")}), MACHINE))[1:3] == [
        "storagectl web --name SATA --remove",
        "storagectl web --name SATA --add scsi",
    ]


@pytest.mark.parametrize("state", ["running", "paused", "saved"])
def test_nothing_is_interrupted_without_consent(state):
    wanted = replace(WANTED, memory=64)
    plan = make_plan(wanted, replace(MACHINE, state=state))
    assert plan.steps == ()
    assert "~ memory 128 -> 64" in plan.problems[0]
    assert "force: true" in plan.problems[0]


@pytest.mark.parametrize(
    ("state", "first"),
    [("starting", "stopped"), ("saving", "stopped"), ("gurumeditation", "stopped"), ("saved", "started")],
)
def test_what_changes_only_while_a_machine_runs_or_is_off_is_named(state, first):
    wanted = Wanted("web", cards={1: Card(forwards=frozenset({SSH, WEB}))})
    assert make_plan(wanted, replace(MACHINE, state=state)).problems == (
        f"name: 'web' is {state}, and VirtualBox changes this only in a machine that runs or is off: + port "
        f"forward web: tcp *:8080 -> guest:80. Bring it there first (state: {first}), or consent with force: "
        "true",
    )


@pytest.mark.parametrize("force", [False, True])
def test_a_saved_machine_is_started_before_its_port_forwards_change(force):
    wanted = Wanted("web", "started", cards={1: Card(forwards=frozenset({SSH, WEB}))}, force=force)
    plan = make_plan(wanted, replace(MACHINE, state="saved"))
    assert calls(plan) == ["startvm web --type headless", "controlvm web natpf1 web,tcp,,8080,,80"]
    assert plan.steps[0].wait == "running"


@pytest.mark.parametrize("state", ["running", "saved"])
def test_a_machine_is_not_powered_off_where_it_is_to_be_saved(state):
    wanted = replace(WANTED, state="saved", memory=64, force=True)
    assert make_plan(wanted, replace(MACHINE, state=state)).problems == (
        f"name: 'web' is {state}, and VirtualBox changes this only in a machine that is off: ~ memory 128 -> "
        "64. Bring it there first (state: stopped)",
    )


def test_with_consent_a_running_machine_runs_again():
    wanted = replace(WANTED, memory=64, force=True)
    assert calls(make_plan(wanted, replace(MACHINE, state="running"))) == [
        "controlvm web poweroff",
        "modifyvm web --memory 64",
        "startvm web --type headless",
    ]


@pytest.mark.parametrize(
    ("target", "state", "force", "expected"),
    [
        ("started", "poweroff", False, ["startvm web --type headless"]),
        ("started", "aborted", False, ["startvm web --type headless"]),
        ("started", "saved", False, ["startvm web --type headless"]),
        ("started", "paused", False, ["controlvm web resume"]),
        ("started", "running", False, []),
        ("stopped", "running", False, ["controlvm web acpipowerbutton"]),
        ("stopped", "running", True, ["controlvm web poweroff"]),
        ("stopped", "paused", False, ["controlvm web resume", "controlvm web acpipowerbutton"]),
        ("stopped", "paused", True, ["controlvm web poweroff"]),
        ("stopped", "saved", True, ["discardstate web"]),
        ("stopped", "poweroff", False, []),
        ("stopped", "aborted", False, []),
        ("saved", "running", False, ["controlvm web savestate"]),
        ("saved", "poweroff", False, []),
        ("saved", "saved", False, []),
        ("present", "running", False, []),
        ("present", "saved", False, []),
    ],
)
def test_each_state_is_reached_from_each(target, state, force, expected):
    wanted = replace(WANTED, state=target, force=force)
    assert calls(make_plan(wanted, replace(MACHINE, state=state))) == expected


@pytest.mark.parametrize(
    ("target", "state", "force", "expected"),
    [
        ("started", "starting", False, []),
        ("started", "restoring", False, []),
        ("stopped", "starting", True, ["controlvm web poweroff"]),
        ("stopped", "gurumeditation", True, ["controlvm web poweroff"]),
        ("present", "gurumeditation", False, []),
    ],
)
def test_a_passing_state_is_left_where_that_is_possible(target, state, force, expected):
    wanted = replace(WANTED, state=target, force=force)
    assert calls(make_plan(wanted, replace(MACHINE, state=state))) == expected


@pytest.mark.parametrize(
    ("target", "state", "force"),
    [
        ("saved", "starting", True),
        ("stopped", "starting", False),
        ("stopped", "saving", True),
        ("absent", "stopping", True),
        ("started", "stopping", False),
    ],
)
def test_a_passing_state_is_named(target, state, force):
    plan = make_plan(replace(WANTED, state=target, force=force), replace(MACHINE, state=state))
    assert plan.problems == (
        f"name: 'web' is {state} and cannot be {target} from there; run this again when that has ended",
    )


@pytest.mark.parametrize("target", ["started", "stopped", "saved", "absent"])
def test_a_machine_that_virtualbox_has_given_up_is_not_off(target):
    plan = make_plan(replace(WANTED, state=target), replace(MACHINE, state="gurumeditation"))
    assert plan.problems == (
        f"name: 'web' is gurumeditation and cannot be {target} from there; consent to power it off with "
        "state: stopped and force: true",
    )


def test_a_saved_state_is_not_thrown_away():
    plan = make_plan(replace(WANTED, state="stopped"), replace(MACHINE, state="saved"))
    assert plan.problems == (
        "name: 'web' is saved, and what it was doing would be lost; start it, or consent with force: true",
    )


def test_what_changes_when_a_machine_stops_changes_afterwards():
    wanted = replace(WANTED, state="stopped", memory=64)
    assert calls(make_plan(wanted, replace(MACHINE, state="running"))) == [
        "controlvm web acpipowerbutton",
        "modifyvm web --memory 64",
    ]


def test_a_machine_is_removed_without_its_disks():
    assert calls(make_plan(Wanted("web", state="absent"), MACHINE)) == [
        "storageattach web --storagectl SATA --port 0 --device 0 --type hdd --medium none",
        "unregistervm web --delete",
    ]
    assert calls(make_plan(Wanted("web", state="absent"), None)) == []


@pytest.mark.parametrize("state", ["running", "saved"])
def test_a_machine_that_is_doing_something_is_not_removed(state):
    busy = replace(MACHINE, state=state)
    assert f"'web' is {state}" in make_plan(Wanted("web", state="absent"), busy).problems[0]
    assert not make_plan(Wanted("web", state="absent", force=True), busy).problems


SNAPSHOTS = History((Snapshot("1", "first"), Snapshot("2", "second", "1"), Snapshot("3", "third", "1")))


def test_snapshots_are_not_removed_with_their_machine_without_consent():
    plan = make_plan(Wanted("web", state="absent"), replace(MACHINE, history=SNAPSHOTS))
    assert plan.problems == (
        "name: 'web' has the snapshots first, second, third, which would go with it; delete them first "
        "(module virtualbox_snapshot), or consent with force: true",
    )


@pytest.mark.parametrize(("state", "before"), [("poweroff", []), ("running", ["controlvm web poweroff"])])
def test_with_consent_snapshots_are_merged_into_disks_that_stay(state, before):
    plan = make_plan(
        Wanted("web", state="absent", force=True), replace(MACHINE, state=state, history=SNAPSHOTS)
    )
    # Unregistering deletes what is attached, so the disk has to be off by then, with nothing in front of it.
    assert calls(plan) == [
        *before,
        "snapshot web delete 3",
        "snapshot web delete 2",
        "snapshot web delete 1",
        "storageattach web --storagectl SATA --port 0 --device 0 --type hdd --medium none",
        "unregistervm web --delete",
    ]
    assert plan.lines[-4:] == ["- snapshot third", "- snapshot second", "- snapshot first", "- machine web"]


@pytest.mark.parametrize(
    ("wanted", "option"),
    [
        (Wanted("web", controllers={"SATA": Controller("sata", "IntelAhci", 4)}), "controllers"),
        (Wanted("web", controllers={"IDE": Controller("ide")}, drives={}), "drives"),
        (Wanted("web", drives={}), "drives"),
        (Wanted("web", drives={Place("SATA", 1): DISK[Place("SATA")]}), "drives"),
        (Wanted("web", drives={Place("SATA"): Drive("hdd", "/srv/other.vdi")}), "drives"),
    ],
    ids=["rebuilt", "removed", "detached", "moved", "replaced"],
)
def test_a_disk_does_not_fall_back_to_a_snapshot(wanted, option):
    drives = {Place("SATA"): replace(DISK[Place("SATA")], is_difference=True)}
    plan = make_plan(replace(wanted, force=True), replace(MACHINE, history=SNAPSHOTS, drives=drives))
    assert plan.steps == ()
    assert plan.problems == (
        f"{option}: this would detach /srv/web.vdi (SATA 0:0) from 'web', and lose what was written there "
        "since the snapshots first, second, third; delete those first (module virtualbox_snapshot), or "
        "leave it where it is",
    )


def test_a_disk_that_came_after_the_snapshots_loses_nothing():
    assert calls(make_plan(Wanted("web", drives={}), replace(MACHINE, history=SNAPSHOTS))) == [
        "storageattach web --storagectl SATA --port 0 --device 0 --type hdd --medium none"
    ]


def test_what_leaves_the_disks_alone_changes_beside_snapshots():
    machine = replace(MACHINE, history=SNAPSHOTS)
    more = SATA | {"IDE": Controller("ide", "PIIX4")}
    wanted = replace(WANTED, memory=64, controllers=more)
    assert calls(make_plan(wanted, machine)) == [
        "modifyvm web --memory 64",
        "storagectl web --name IDE --add ide --controller PIIX4",
    ]


HALF = replace(
    MACHINE,
    name="web.cloud-lab-import",
    mark="",
    settings="/srv/web.cloud-lab-import/web.cloud-lab-import.vbox",
    drives=DISK | {Place("SATA", 1): Drive("hdd", "/srv/web.cloud-lab-import/disk002.vdi")},
)
ABSENT = Wanted("web", state="absent")
HALF_REMOVED = [
    "storageattach web.cloud-lab-import --storagectl SATA --port 0 --device 0 --type hdd --medium none",
    "unregistervm web.cloud-lab-import --delete",
]


def test_what_an_import_has_begun_is_removed_with_its_disks():
    assert calls(removal(ABSENT, None, HALF)) == HALF_REMOVED
    assert calls(removal(ABSENT, MACHINE, HALF)) == [*calls(make_plan(ABSENT, MACHINE)), *HALF_REMOVED]
    assert calls(removal(ABSENT, None, None)) == []


def test_a_machine_made_where_an_import_was_interrupted_is_somebody_elses():
    theirs = replace(MACHINE, mark="", imported="/srv/web.ova", settings="/srv/web/web.vbox")
    plan = removal(ABSENT, theirs, HALF)
    assert plan.steps == ()
    assert plan.problems[0].startswith("name: there is a machine 'web' that this module has not made; ")


def test_only_new_rules_are_listened_for():
    started = replace(WANTED, state="started")
    assert opened(started, None) == [SSH]
    assert opened(started, MACHINE) == [SSH]
    assert opened(started, replace(MACHINE, state="running")) == []
    assert opened(WANTED, MACHINE) == []
    moved = Wanted("web", cards={1: Card(forwards=frozenset({replace(SSH, name="other")}))})
    assert opened(moved, replace(MACHINE, state="running")) == []


@pytest.mark.parametrize(
    "host_ip, opens",
    [("", False), ("192.168.56.1", False), ("127.0.0.1", True)],
    ids=["all", "same", "other"],
)
def test_the_machine_itself_is_nobody_in_the_way(host_ip, opens):
    by_hand = Card("nat", "10.0.2.0/24", forwards=frozenset({replace(SSH, host_ip=host_ip)}))
    assert opened(WANTED, replace(MACHINE, state="running", cards={1: by_hand})) == [SSH] * opens
    every = replace(WANTED, cards={1: Card(forwards=frozenset({replace(SSH, host_ip="")}))})
    assert opened(every, replace(MACHINE, state="running")) == []


@pytest.mark.parametrize(
    ("network", "guest_ip", "shown"),
    [
        ("10.0.2.0/24", "10.0.3.15", "10.0.2.0/24"),
        ("nat", "10.0.3.15", "10.0.2.0/24"),
        ("172.16.0.0/27", "10.0.2.15", "172.16.0.0/27"),
    ],
)
def test_a_rule_does_not_lead_past_the_network_that_the_card_has(network, guest_ip, shown):
    machine = replace(MACHINE, cards={1: Card("nat", network)})
    rules = frozenset({replace(SSH, guest_ip=guest_ip)})
    problem = (
        f"nics[0].forwards ssh: guest_ip {guest_ip} is not in the NAT's network {shown}; choose one that is"
    )
    assert make_plan(Wanted("web", cards={1: Card(forwards=rules)}), machine).problems == (problem,)
    stated = Wanted("web", cards={1: Card(network=shown, forwards=rules)})
    for there in (machine, replace(machine, cards={}), None):
        assert make_plan(stated, there).problems == (problem,)


def test_a_card_that_is_not_translated_yet_gets_virtualboxs_network():
    machine = replace(MACHINE, cards={2: Card("bridged", "eth0")})
    asked = Wanted("web", cards={2: Card(forwards=frozenset({replace(SSH, guest_ip="10.0.3.15")}))})
    assert make_plan(asked, machine).problems == ()


FORWARDS = st.frozensets(
    st.builds(
        Forward,
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["tcp", "udp"]),
        st.just(""),
        st.integers(1, 3),
        st.just(""),
        st.integers(1, 3),
    )
)


@given(FORWARDS, FORWARDS)
def test_deleting_and_adding_leads_to_the_set(wanted, there):
    # As VirtualBox does it: by name, and each name once.
    there = {rule.name: rule for rule in there}
    wanted = frozenset({rule.name: rule for rule in wanted}.values())
    machine = replace(MACHINE, cards={1: Card(forwards=frozenset(there.values()))})
    for call in calls(make_plan(Wanted("web", cards={1: Card(forwards=wanted)}), machine)):
        *_, last = call.split()
        if " delete " in call:
            del there[last]
        else:
            name, protocol, host_ip, host_port, guest_ip, guest_port = last.split(",")
            assert name not in there
            there[name] = Forward(name, protocol, host_ip, int(host_port), guest_ip, int(guest_port))
    assert frozenset(there.values()) == wanted


STATES = ["running", "paused", "saved", "poweroff", "aborted", "aborted-saved"]


@given(
    st.sampled_from(["present", "started", "stopped", "saved", "absent"]),
    st.sampled_from(STATES),
    st.sampled_from([None, 64, 128]),
)
def test_no_plan_loses_anything_without_consent(target, state, memory):
    plan = make_plan(Wanted("web", state=target, memory=memory), replace(MACHINE, state=state))
    words = {word for step in plan.steps for word in step.arguments}
    assert not words & {"poweroff", "discardstate"}
    assert not (plan.steps and plan.problems)


def test_a_change_names_what_there_was():
    card = Card("bridged", "eth0", "virtio", "080027000001", frozenset(), is_connected=False)
    there = replace(
        MACHINE, cards={1: card}, consoles={}, drives={Place("SATA"): Drive("hdd", "/srv/old.vdi")}
    )
    assert make_plan(WANTED, there).lines == [
        "~ serial port 1 none -> /srv/web.log",
        "~ network card 1 (bridged eth0 virtio -> nat 10.0.2.0/24 82540EM)",
        f"+ port forward {SSH.line}",
        "~ hdd SATA 0:0: /srv/old.vdi -> /srv/web.vdi",
    ]


def test_a_cable_is_plugged_in_while_the_machine_runs():
    card = replace(MACHINE.cards[1], is_connected=False)
    there = replace(MACHINE, state="running", cards={1: card})
    assert make_plan(Wanted("web", cards={1: Card()}), there).steps == ()
    assert calls(make_plan(Wanted("web", cards={1: Card(is_connected=True)}), there)) == [
        "controlvm web setlinkstate1 on"
    ]


def test_a_new_machine_has_one_card_and_its_cable_is_plugged_in():
    cards = {1: Card("nat", is_connected=True), 2: Card("none"), 3: Card("intnet", "lab", is_connected=False)}
    made = calls(make_plan(Wanted("web", cards=cards), None))
    assert [call for call in made if call.startswith("modifyvm")] == [
        "modifyvm web --nic1 nat",
        "modifyvm web --nic3 intnet --intnet3 lab",
        "modifyvm web --cableconnected3 off",
    ]
