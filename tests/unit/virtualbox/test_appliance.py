"""A machine is exported when it is another one than in the file, and imported under a name that is free."""

from __future__ import annotations

from dataclasses import replace

import pytest

from virtualbox.appliance import (
    EXPORTS,
    File,
    There,
    WantedAppliance,
    attached,
    content,
    disk_path,
    disk_paths,
    imports,
    make_plan,
    mistakes,
    note,
    part_of,
    replacing,
)
from virtualbox.model import Drive, Machine, Place
from virtualbox.plan import Plan
from virtualbox.showvminfo import pairs

WANTED = WantedAppliance("/srv/web.ova", "web")
IMPORT = WantedAppliance("/srv/web.ova", "web", "imported", "/srv")
MACHINE = Machine("web", "20c5bc44", mark="web")
FILE = File("/srv/web.ova", 9, 1)
ABSENT = WantedAppliance("/srv/web.ova", state="absent")
MADE = There(FILE, MACHINE, "abc", note(MACHINE, "abc", FILE))
WHOLE = replace(MACHINE, imported="/srv/web.ova")
HALF = Machine("web.cloud-lab-import", settings="/srv/web.cloud-lab-import/web.cloud-lab-import.vbox")
IMPORTING = [
    "import /srv/web.ova --options importtovdi --vsys 0 --vmname web.cloud-lab-import --basefolder /srv",
    "setextradata web.cloud-lab-import cloud-lab/imported /srv/web.ova",
    "setextradata web.cloud-lab-import cloud-lab/machine web",
    "modifyvm web.cloud-lab-import --name web",
]


def calls(wanted, there):
    """Return the plan's calls as lines."""
    plan = make_plan(wanted, there)
    assert plan.problems == ()
    return [" ".join(step.arguments) for step in plan.steps]


def problem(wanted, there):
    """Return the one reason why nothing is done."""
    plan = make_plan(wanted, there)
    assert plan.steps == ()
    (found,) = plan.problems
    return found


def test_a_machine_is_exported_under_another_name_first():
    plan = make_plan(WANTED, There(None, MACHINE))
    assert [step.arguments for step in plan.steps] == [
        ("export", "web", "--output", "/srv/web.cloud-lab-part.ova")
    ]
    assert plan.lines == ["+ file /srv/web.ova (of machine web)"]
    assert part_of("/a.ova/b.ova") == "/a.ova/b.cloud-lab-part.ova"


def test_a_file_of_the_machine_as_it_is_now_is_left_alone():
    assert calls(WANTED, MADE) == []


def test_a_file_of_the_machine_as_it_was_is_replaced():
    plan = make_plan(WANTED, replace(MADE, content="def"))
    assert plan.lines == ["~ file /srv/web.ova (of machine web)"]


@pytest.mark.parametrize(
    "there",
    [
        replace(MADE, exported=""),
        # Somebody has written another file there since.
        replace(MADE, file=replace(FILE, changed=2)),
        replace(MADE, file=replace(FILE, size=8)),
        # It was made of another machine.
        replace(MADE, machine=replace(MACHINE, uuid="another")),
    ],
)
def test_any_other_file_stays(there):
    assert problem(WANTED, there) == (
        "path: /srv/web.ova is a file that this module has not made of 'web'; name another, or consent to "
        "lose it with force: true"
    )
    assert len(calls(replace(WANTED, force=True), there)) == 1


def test_a_file_that_was_made_here_is_deleted_whatever_it_was_made_of():
    plan = make_plan(ABSENT, There(FILE, exported=MADE.exported))
    assert [step.arguments for step in plan.steps] == [
        ("setextradata", "global", "cloud-lab/exported/srv/web.ova")
    ]
    assert plan.lines == ["- file /srv/web.ova"]
    assert make_plan(ABSENT, There(exported=MADE.exported)) == Plan()


@pytest.mark.parametrize(
    "there",
    [There(FILE), There(replace(FILE, changed=2), exported=MADE.exported)],
    ids=["foreign", "touched"],
)
def test_a_file_of_somebody_else_is_not_deleted(there):
    assert make_plan(ABSENT, there) == Plan(
        kept="path: /srv/web.ova is a file that this module has not made, so it stays"
    )


@pytest.mark.parametrize("state", EXPORTS)
def test_a_machine_that_stands_still_is_exported(state):
    assert len(calls(WANTED, There(None, replace(MACHINE, state=state)))) == 1


@pytest.mark.parametrize("state", ["running", "paused", "saving"])
def test_a_machine_that_runs_is_not_exported(state):
    assert problem(WANTED, replace(MADE, machine=replace(MACHINE, state=state))) == (
        f"machine: 'web' is {state}, and its disks change; stop it or save it first (module virtualbox_vm)"
    )


def test_a_machine_that_is_not_there_is_not_exported():
    assert problem(WANTED, There()).startswith("machine: VirtualBox has no machine 'web' here; ")


def test_a_file_is_known_while_another_takes_its_place():
    # A run may be killed before the new file has its name, or after.
    new = File(FILE.path, 10, 2)
    kept = replacing(note(MACHINE, "def", new), MADE)
    for there in (replace(MADE, content="def", exported=kept), replace(MADE, content="ghi", exported=kept)):
        assert len(calls(WANTED, there)) == 1
    assert calls(WANTED, There(new, MACHINE, "def", kept)) == []
    # One that was replaced by consent is nobody's of ours.
    assert replacing("new", There(FILE, MACHINE, exported="old")) == "new"


def test_a_machine_gets_its_name_when_it_is_whole():
    assert calls(IMPORT, There(FILE)) == IMPORTING
    assert imports(make_plan(IMPORT, There(FILE)))


def test_an_import_whose_disks_have_not_their_places_is_gone_on_with():
    plan = make_plan(IMPORT, There(None, half=replace(HALF, mark="web", imported="/srv/web.ova")))
    assert [step.arguments for step in plan.steps] == [("modifyvm", "web.cloud-lab-import", "--name", "web")]
    assert plan.lines == ["~ machine web (import of /srv/web.ova finished)"]
    assert not imports(plan)


@pytest.mark.parametrize(
    "half",
    # VirtualBox has registered the first before its disks were there.
    [HALF, replace(HALF, imported="/srv/web.ova"), replace(HALF, mark="web", imported="/srv/other.ova")],
    ids=["unmarked", "half marked", "of another file"],
)
def test_any_other_import_that_was_interrupted_begins_anew(half):
    drives = {
        Place("SATA"): Drive("hdd", "/srv/web.vdi"),
        Place("SATA", 1): Drive("hdd", "/srv/web.cloud-lab-import/disk.vdi"),
    }
    assert calls(IMPORT, There(FILE, half=replace(half, drives=drives))) == [
        "storageattach web.cloud-lab-import --storagectl SATA --port 0 --device 0 --type hdd --medium none",
        "unregistervm web.cloud-lab-import --delete",
        *IMPORTING,
    ]


def test_a_machine_is_imported_once():
    assert calls(IMPORT, There(FILE, WHOLE)) == []
    # The file need not be kept.
    assert calls(IMPORT, There(None, WHOLE)) == []


@pytest.mark.parametrize(
    "machine",
    [MACHINE, replace(MACHINE, imported="/srv/other.ova"), replace(WHOLE, mark="")],
    ids=["not imported", "of another file", "of somebody else"],
)
def test_a_name_that_is_taken_is_refused(machine):
    assert problem(IMPORT, There(FILE, machine, half=HALF)) == (
        "machine: there is a machine 'web' that was not imported from /srv/web.ova; choose another name, or "
        "remove it first"
    )


def test_an_imported_disk_is_beside_the_machines_directory():
    assert [disk_path(IMPORT, number) for number in (1, 2)] == ["/srv/web.vdi", "/srv/web-2.vdi"]
    drives = {Place("SATA", 1): Drive("hdd", "/b"), Place("SATA"): Drive("hdd", "/a")}
    dvd = {Place("IDE"): Drive("dvddrive", "/c.iso")}
    assert disk_paths(replace(MACHINE, drives=drives | dvd)) == ["/a", "/b"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (replace(WANTED, path="web.ova"), "path: 'web.ova' is relative to nothing that lasts"),
        (
            replace(WANTED, path="/web.ovf"),
            "path: '/web.ovf' is to hold a machine in one file; let it end in .ova",
        ),
        (replace(WANTED, machine="-web"), "machine: '-web' is no name of a machine"),
        (replace(IMPORT, folder=""), "folder: '' is relative to nothing that lasts"),
    ],
)
def test_a_mistake(wanted, words):
    (mistake,) = mistakes(wanted)
    assert words in mistake


def test_a_folder_is_for_an_import_alone():
    assert mistakes(WANTED) == mistakes(IMPORT) == mistakes(ABSENT) == []


def test_a_machine_is_known_again_by_all_that_is_said_of_it(recorded):
    found, disk = pairs(recorded("several_cards")), File("/srv/web.vdi", 9, 1)
    same = content(found, [disk])
    assert content(pairs(recorded("several_cards")), [disk]) == same
    others = [
        content([*found, ("more", "")], [disk]),
        content(
            [
                ("VMStateChangeTime", "") if key == "VMStateChangeTime" else (key, value)
                for key, value in found
            ],
            [disk],
        ),
        content(found, [replace(disk, changed=2)]),
        content(found, []),
    ]
    assert len({same, *others}) == 5


def test_the_files_at_the_controllers_are_found(recorded):
    assert attached(pairs(recorded("iso"))) == ["/root/vms/x.iso"]
    assert attached(pairs(recorded("two_snapshots"))) == [
        "/root/vms/web/Snapshots/{f6235a60-3b47-4028-9922-1d0f1edac4cd}.vdi"
    ]
