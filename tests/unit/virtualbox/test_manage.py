"""What is done step by step can be cut off after each step; what the host lacks is said before the first."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from virtualbox import manage
from virtualbox.appliance import WantedAppliance, make_plan
from virtualbox.disk import Disk, WantedDisk
from virtualbox.manage import ManageError, Manager, no_room, occupied, systems_in
from virtualbox.model import Card, Forward, Machine, Wanted
from virtualbox.plan import Step, removal

MACHINE = """name="{name}"
UUID="1"
CfgFile="{folder}/{name}/{name}.vbox"
VMState="poweroff"
ostype="Other"
cpus=1
memory=64
vram=8
firmware="BIOS"
boot1="disk"
boot2="none"
boot3="none"
boot4="none"
storagecontrollername0="SATA"
storagecontrollertype0="IntelAhci"
storagecontrollerportcount0="2"
"""


class Killed(BaseException):
    """Somebody has killed the module."""


class VirtualBox:
    """As much of VirtualBox as is needed here; `dies` says after which call it is cut off."""

    def __init__(self, folder):
        self.folder = folder
        self.notes = {}
        self.machines = {}
        self.registered = {}
        self.dies = lambda words: False

    def run(self, call):
        words = list(call[1:])
        status, output, errors = getattr(self, words[0])(*words[1:])
        if self.dies(words):
            raise Killed
        return status, output, errors

    def manager(self):
        return Manager("/bin/true", self.run)

    def getextradata(self, whose, key):
        value = self.notes.get((whose, key))
        return 0, f"Value: {value}\n" if value else "No value set!\n", ""

    def setextradata(self, whose, key, value=""):
        self.notes[whose, key] = value
        return 0, "", ""

    def showvminfo(self, name, form):
        if name not in self.machines:
            return 1, "", "VBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001)"
        settings = self.folder / name / f"{name}.vbox"
        settings.parent.mkdir(exist_ok=True)
        settings.write_text("<VirtualBox><Machine/></VirtualBox>")
        drives = [
            f'"SATA-{port}-0"="{path}"\n"SATA-ImageUUID-{port}-0"="{port}"\n'
            for port, path in enumerate(self.machines[name])
        ]
        return 0, MACHINE.format(name=name, folder=self.folder) + "".join(drives), ""

    def list(self, *_):
        return 0, "\n".join(f"UUID: {uuid}\nLocation: {path}\n" for path, uuid in self.registered.items()), ""

    def createmedium(self, kind, option, path, *_):
        if Path(path).exists() or path in self.registered:
            return 1, "", "VBoxManage: error: it is there"
        Path(path).touch()
        self.registered[path] = "5"
        return 0, "", ""

    def closemedium(self, kind, path, *delete):
        self.registered.pop(path, None)
        if delete:
            Path(path).unlink()
        return 0, "", ""

    def showmediuminfo(self, kind, path):
        if not self.machines:
            return 0, f"UUID: 5\nLocation: {path}\n", ""
        (uuid,) = (
            str(port) for disks in self.machines.values() for port, one in enumerate(disks) if one == path
        )
        return 0, f"UUID: {uuid}\nLocation: {path}\n", ""

    def modifymedium(self, kind, uuid, move, place):
        (disks,) = self.machines.values()
        Path(disks[int(uuid)]).rename(place)
        disks[int(uuid)] = place
        return 0, "", ""

    def export(self, name, output, path):
        Path(path).write_text("exported")
        return 0, "", ""

    # `import` is no name in Python.
    def _import(self, path, *options):
        name, folder = options[5], Path(options[7])
        (folder / name).mkdir()
        self.machines[name] = [str(folder / name / f"disk{number}.vdi") for number in (1, 2)]
        for disk in self.machines[name]:
            Path(disk).touch()
        return 0, "", ""

    def unregistervm(self, name, delete):
        for disk in self.machines.pop(name):
            Path(disk).unlink()
        shutil.rmtree(self.folder / name)
        return 0, "", ""

    def modifyvm(self, name, option, new):
        self.machines[new] = self.machines.pop(name)
        self.notes = {
            (new if whose == name else whose, key): self.notes[whose, key] for whose, key in self.notes
        }
        (self.folder / name).rename(self.folder / new)
        return 0, "", ""


setattr(VirtualBox, "import", VirtualBox._import)


@pytest.fixture
def there(tmp_path):
    """Return a VirtualBox without machines."""
    return VirtualBox(tmp_path)


def imported(there):
    """Import the machine, or go on with it, and return the plan."""
    want = WantedAppliance(f"{there.folder}/web.ova", "web", "imported", str(there.folder))
    manager = there.manager()
    plan = make_plan(want, manager.appliance(want))
    assert plan.problems == ()
    if plan.steps:
        manager.import_(want, plan.steps)
    return plan


def exported(there):
    """Export the machine, and return the plan."""
    want = WantedAppliance(f"{there.folder}/web.ova", "web")
    manager = there.manager()
    found = manager.appliance(want)
    plan = make_plan(want, found)
    assert plan.problems == ()
    if plan.steps:
        manager.export(want, found, plan.steps)
    return plan


WRITES = ("import", "setextradata", "modifymedium", "modifyvm")


@pytest.mark.parametrize("last", range(1, 9))
def test_an_import_that_was_killed_after_any_step_is_finished(there, last):
    calls = []

    def dies(words):
        calls.append(words)
        return len([one for one in calls if one[0] in WRITES]) == last

    there.dies = dies
    with pytest.raises(Killed):
        imported(there)
    there.dies = lambda words: False
    imported(there)
    assert there.machines == {"web": [f"{there.folder}/web.vdi", f"{there.folder}/web-2.vdi"]}
    assert {key: value for key, value in there.notes.items() if value} == {
        ("web", "cloud-lab/machine"): "web",
        ("web", "cloud-lab/imported"): f"{there.folder}/web.ova",
        ("global", "cloud-lab/disk/0"): f"{there.folder}/web.vdi",
        ("global", "cloud-lab/disk/1"): f"{there.folder}/web-2.vdi",
    }
    assert imported(there).steps == ()


def test_a_machine_that_virtualbox_had_not_finished_is_made_anew(there):
    def registered(*arguments):
        VirtualBox._import(there, *arguments)
        # Its disks come later, and one has come.
        Path(there.machines["web.cloud-lab-import"].pop()).unlink()
        return -9, "", "Killed"

    setattr(there, "import", registered)
    with pytest.raises(ManageError, match="Killed"):
        imported(there)
    delattr(there, "import")
    assert there.manager().machine("web") is None
    assert imported(there).lines == [
        "- machine web.cloud-lab-import",
        f"+ machine web (of {there.folder}/web.ova)",
    ]
    assert there.machines == {"web": [f"{there.folder}/web.vdi", f"{there.folder}/web-2.vdi"]}


def test_an_import_takes_no_other_disks_place(there):
    (there.folder / "web-2.vdi").write_text("foreign")
    with pytest.raises(ManageError, match=r"there is a file .*/web-2\.vdi already"):
        imported(there)
    assert (there.folder / "web-2.vdi").read_text() == "foreign"
    (there.folder / "web-2.vdi").unlink()
    assert imported(there).lines == [f"~ machine web (import of {there.folder}/web.ova finished)"]


def test_a_disk_that_virtualbox_has_not_moved_is_missed(there):
    # As recorded, with the status of a success.
    there.modifymedium = lambda *_: (0, "Move medium finished", "VBoxManage: error: The disk is full.")
    with pytest.raises(ManageError, match=r"has not moved .*disk1\.vdi to .*/web\.vdi: The disk is full\.;"):
        imported(there)


@pytest.mark.parametrize("call", ["export", "setextradata"])
def test_an_export_that_was_killed_after_any_step_is_done_again(there, call):
    there.machines["web"] = []
    exported(there)
    assert exported(there).steps == ()
    there.machines["web"] = [f"{there.folder}/another.vdi"]
    there.dies = lambda words: words[0] == call
    with pytest.raises(Killed):
        exported(there)
    there.dies = lambda words: False
    assert exported(there).lines == [f"~ file {there.folder}/web.ova (of machine web)"]
    assert exported(there).steps == ()


def test_a_file_is_deleted_with_what_is_noted_of_it(there):
    there.machines["web"] = []
    exported(there)
    want = WantedAppliance(f"{there.folder}/web.ova", state="absent")
    manager = there.manager()
    found = manager.appliance(want)
    manager.remove(want, found, make_plan(want, found).steps)
    assert list(there.folder.glob("web.*")) == []
    assert not any(there.notes.values())


def test_what_an_export_has_left_is_deleted_and_a_file_of_somebody_else_is_not(there):
    there.machines["web"] = []
    there.dies = lambda words: words[0] == "export"
    with pytest.raises(Killed):
        exported(there)
    there.dies = lambda words: False
    (there.folder / "web.ova").write_text("foreign")
    want = WantedAppliance(f"{there.folder}/web.ova", state="absent")
    manager = there.manager()
    found = manager.appliance(want)
    plan = make_plan(want, found)
    assert plan.lines == [f"- file {there.folder}/web.cloud-lab-part.ova"]
    assert plan.kept == f"path: {want.path} is a file that this module has not made, so it stays"
    manager.remove(want, found, plan.steps)
    assert [path.name for path in there.folder.glob("web.*")] == ["web.ova"]
    assert make_plan(want, manager.appliance(want)).steps == ()


def test_a_file_that_cannot_be_deleted_is_named(there, monkeypatch):
    there.machines["web"] = []
    exported(there)
    want = WantedAppliance(f"{there.folder}/web.ova", state="absent")
    manager = there.manager()
    found = manager.appliance(want)

    # Nothing is forbidden to root, who may run this.
    def unlink(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", unlink)
    words = (
        rf"path: {want.path} cannot be deleted: Permission denied; let this user write in its directory, or"
    )
    with pytest.raises(ManageError, match=words):
        manager.remove(want, found, make_plan(want, found).steps)
    # What is noted of it stays with it.
    assert make_plan(want, manager.appliance(want)).steps


def waited(monkeypatch, step, *states):
    """Wait for a step while the machine goes through these states."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    left = iter(states)

    def run(call):
        if call[1] != "showvminfo":
            return 0, "", ""
        state, session = next(left)
        held = 'SessionName="headless"\n' if session else ""
        return 0, f'VMState="{state}"\nLogFldr="/srv/web/Logs"\n{held}', ""

    Manager("/bin/true", run).carry_out("web", [step], 60)
    assert list(left) == []


START = Step(("startvm", "web"), wait="running")
PRESS = Step(("controlvm", "web", "acpipowerbutton"), wait="poweroff")
UNPLUG = Step(("controlvm", "web", "poweroff"), wait="poweroff")
SAVE = Step(("controlvm", "web", "savestate"), wait="saved")


@pytest.mark.parametrize(
    ("step", "states"),
    [
        (START, [("starting", True), ("running", True)]),
        (PRESS, [("running", True), ("poweroff", True), ("poweroff", False)]),
        (PRESS, [("running", True), ("aborted", False)]),
        (UNPLUG, [("gurumeditation", True), ("poweroff", False)]),
        (SAVE, [("saving", True), ("saved", False)]),
    ],
)
def test_a_state_is_waited_for_until_nothing_holds_the_machine(monkeypatch, step, states):
    waited(monkeypatch, step, *states)


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (START, "aborted"),
        (START, "poweroff"),
        (START, "gurumeditation"),
        (SAVE, "aborted"),
        (PRESS, "gurumeditation"),
    ],
)
def test_a_machine_that_has_died_is_not_waited_for(monkeypatch, step, state):
    with pytest.raises(ManageError, match=rf"'web' is {state} and will not be {step.wait}; .*/srv/web/Logs"):
        waited(monkeypatch, step, (state, False))


def test_a_machine_that_was_stopped_and_does_not_start_again_is_named(monkeypatch):
    restoring = Step(("snapshot", "web", "restore", "1"))

    def run(call):
        if call[1] == "showvminfo":
            return 0, 'VMState="poweroff"\n', ""
        return int(call[1] == "snapshot"), "", "VBoxManage: error: The disk is full"

    manager = Manager("/bin/true", run)
    with pytest.raises(ManageError, match="The disk is full; 'web' was powered off for this, start it when"):
        manager.carry_out("web", [UNPLUG, restoring, START], 60)
    for steps in ([UNPLUG, restoring], [restoring, START]):
        with pytest.raises(ManageError, match=r"The disk is full$"):
            manager.carry_out("web", steps, 60)


def test_a_machine_that_virtualbox_cannot_read_is_named():
    found = 'name="<inaccessible>"\nUUID="2353252c-175a-4904-b884-1c918f4bf064"\n'
    with pytest.raises(ManageError, match=r"cannot read the settings file of 'web'; .* unregistervm"):
        Manager("/bin/true", lambda call: (0, found, "")).machine("web")


def test_rules_that_a_card_keeps_are_read(tmp_path, recorded):
    (tmp_path / "web.vbox").write_text(recorded("forwards.vbox"), encoding="utf-8")
    machine = Machine("web", settings=str(tmp_path / "web.vbox"), cards={2: Card("nat")})
    cards = Manager("/bin/true", lambda call: (1, "", "")).with_kept_rules(machine).cards
    assert sorted(rule.name for rule in cards[1].forwards or ()) == ["ssh", "u"]
    assert (cards[1].attachment, cards[2]) == ("none", Card("nat"))
    with pytest.raises(ManageError, match="its settings file /nowhere cannot be read"):
        Manager("/bin/true", lambda call: (1, "", "")).with_kept_rules(replace(machine, settings="/nowhere"))


@pytest.fixture
def taken():
    """Give a port of the loopback address on which somebody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_that_somebody_has_is_named(taken):
    rule = Forward("ssh", "tcp", "127.0.0.1", taken, "", 22)
    assert list(occupied([rule])) == [
        f"forwards: ssh: tcp 127.0.0.1:{taken} -> guest:22: the host cannot listen there (address already in "
        "use); stop what does, or choose another host_port"
    ]
    assert list(occupied([replace(rule, protocol="udp")])) == []


def test_an_address_that_the_host_lacks_is_named():
    # Of a network for documents.
    rule = Forward("ssh", "tcp", "192.0.2.9", 1234, "", 22)
    assert list(occupied([rule], is_trial=True)) == []
    assert list(occupied([rule])) == [
        "forwards: ssh: tcp 192.0.2.9:1234 -> guest:22: the host has no address 192.0.2.9; give it that "
        "address, or name one that it has"
    ]


def test_a_machine_that_does_not_fit_is_named(monkeypatch):
    monkeypatch.setattr(manage, "free_memory", lambda: 63)
    assert no_room("web", 63) == []
    assert no_room("web", 64) == [
        "memory: 'web' takes 64 MiB, and the host has 63 MiB free; give it less, or stop something"
    ]
    monkeypatch.setattr(manage, "free_memory", lambda: None)
    assert no_room("web", 64) == []


def test_a_file_of_a_name_like_the_parts_of_others_stays(there):
    there.machines["web"] = []
    theirs = there.folder / "web.part.ova"
    theirs.touch()
    exported(there)
    assert theirs.exists()


@pytest.mark.parametrize("call", ["createmedium", "closemedium", "setextradata"])
def test_a_disk_that_was_killed_half_made_is_made_again(there, call):
    want = WantedDisk(f"{there.folder}/web.vdi", size=4)
    there.dies = lambda words: words[0] == call
    with pytest.raises(Killed):
        there.manager().make(want)
    there.dies = lambda words: False
    manager = there.manager()
    assert manager.disk(want.path) is None
    manager.make(want)
    assert manager.disk(want.path) == Disk("5", want.path)
    assert [path.name for path in there.folder.iterdir()] == ["web.vdi"]
    manager.delete(want.path, Disk("5", want.path))
    assert list(there.folder.glob("web.*")) == []
    assert not any(there.notes.values())


def test_a_disk_that_was_deleted_by_hand_is_forgotten_before_it_is_made_again(there):
    want = WantedDisk(f"{there.folder}/web.vdi", size=4)
    manager = there.manager()
    assert manager.lost(want.path) is None
    there.registered[want.path] = "4"
    assert manager.lost(want.path) == Disk("4")
    closed: list[str] = []

    def closemedium(kind, what, *delete):
        closed.append(what)
        return VirtualBox.closemedium(there, kind, what, *delete)

    there.closemedium = closemedium
    manager.make(want)
    assert closed[0] == "4"
    assert manager.lost(want.path) is None


def test_a_disk_takes_no_place_of_a_file_that_has_come_meanwhile(there):
    want = WantedDisk(f"{there.folder}/web.vdi", size=4)
    foreign = there.folder / "web.vdi"
    there.dies = lambda words: words[0] == "createmedium" and foreign.write_text("foreign") == 0
    with pytest.raises(ManageError, match=r"path: .*/web\.vdi is another file than when this began"):
        there.manager().make(want)
    assert foreign.read_text() == "foreign"


def test_two_disks_of_a_directory_are_made_one_after_the_other(there):
    directory = os.open(there.folder, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    with ThreadPoolExecutor() as pool:
        making = pool.submit(there.manager().make, WantedDisk(f"{there.folder}/web.vdi", size=4))
        with pytest.raises(TimeoutError):
            making.result(timeout=0.2)
        os.close(directory)
        assert making.result(timeout=30) is None


def test_an_export_takes_no_place_of_a_file_that_has_come_meanwhile(there):
    there.machines["web"] = []
    foreign = there.folder / "web.ova"
    there.dies = lambda words: words[0] == "export" and foreign.write_text("foreign") == 0
    with pytest.raises(ManageError, match=r"path: .*/web\.ova is another file than when this began"):
        exported(there)
    assert foreign.read_text() == "foreign"


def test_the_machines_of_an_appliance_are_counted(tmp_path):
    system = '<VirtualSystem ovf:id="web"/>'
    ovf = '<Envelope xmlns="http://o" xmlns:ovf="http://o">{}</Envelope>'
    for number in range(3):
        (tmp_path / "a.ovf").write_text(ovf.format(system * number))
        with tarfile.open(tmp_path / "a.ova", "w") as file:
            file.add(tmp_path / "a.ovf", "a.ovf")
        assert systems_in(str(tmp_path / "a.ova")) == number
    assert systems_in(str(tmp_path / "a.ovf")) == 0
    assert systems_in(str(tmp_path / "none.ova")) == 0


def test_snapshots_are_known_whatever_is_printed_of_them(tmp_path, recorded):
    """The name of the first one ends in a backslash."""
    settings = tmp_path / "odd.vbox"
    settings.write_text(recorded("odd_values.vbox"))
    text = recorded("odd_values").replace("/srv/m/odd/odd.vbox", str(settings))

    def run(call):
        return 0, text if call[1] == "showvminfo" else "", ""

    found = Manager("/bin/true", run).machine("odd")
    assert found
    assert [snapshot.name for snapshot in found.history.snapshots] == ["two\\", "three"]
    assert removal(Wanted("odd", state="absent"), replace(found, mark="odd"), None).problems


def test_half_a_disk_is_removed_and_its_whole_one_is_not(there):
    want = WantedDisk(f"{there.folder}/web.vdi", size=4)
    there.dies = lambda words: words[0] == "createmedium"
    with pytest.raises(Killed):
        there.manager().make(want)
    there.dies = lambda words: False
    (there.folder / "web.vdi").write_text("foreign")
    there.manager().drop(want.path)
    assert [path.name for path in there.folder.iterdir()] == ["web.vdi"]
    assert there.registered == {}


def test_a_disk_with_others_in_front_of_it_says_so(there, recorded):
    (there.folder / "web.vdi").touch()
    there.showmediuminfo = lambda *_: (0, recorded("disks").partition("\n\n")[0], "")
    found = there.manager().disk(f"{there.folder}/web.vdi")
    assert found.has_children
    assert [user.split(" ", 1)[0] for user in found.users] == ["web"]


@pytest.mark.parametrize(
    "passing",
    [
        "VBoxManage: error: Failed to create the VirtualBox object!",
        "VBoxManage: error: The object is not ready\n"
        "VBoxManage: error: The session is not locked (session state: Unlocked)",
    ],
)
def test_what_was_just_ending_is_asked_again(passing, monkeypatch):
    answers = [(1, "", passing), (0, 'name="one"', "")]
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    manager = Manager("/bin/true", lambda call: answers.pop(0))
    assert manager.call(["showvminfo", "one", "--machinereadable"]) == 'name="one"'


def test_an_error_that_stays_is_told(monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    error = (1, "", "VBoxManage: error: The session is not locked (session state: Unlocked)")
    with pytest.raises(ManageError, match="The session is not locked"):
        Manager("/bin/true", lambda call: error).call(["showvminfo", "one", "--machinereadable"])
