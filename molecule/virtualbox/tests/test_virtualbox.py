"""Two machines of VirtualBox, reached through their host. What was changed is repaired; foreign ones stay."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import docker
import pytest
import yaml
from lab import INVENTORY, evidence, host, playbook, recap, run, variable

MANAGE = "/usr/lib/virtualbox/VBoxManage"
FOREIGN = "somebody elses"


def manage(*words: str) -> str:
    """Run VBoxManage on the host as somebody would by hand, and return what it prints."""
    quoted = " ".join(f"'{word}'" for word in words)
    return str(host("virtualbox-host").check_output(f"{MANAGE} {quoted}"))


def ansible(module: str, arguments: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a module on the host."""
    return run(
        "ansible", f"--inventory={INVENTORY}", "virtualbox-host", "-m", module, "-a", arguments, *options
    )


def words(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a run has said, without its line breaks."""
    return " ".join((done.stdout + done.stderr).split())


def module(which: str, /, **options: Any) -> dict[str, Any]:
    """Run a module on the host that must succeed, and return its result."""
    done = ansible(which, json.dumps(options))
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = yaml.safe_load(done.stdout.partition("=>")[2])
    return result


def states() -> dict[str, str]:
    """Return the state of each machine."""
    found = {}
    for line in manage("list", "vms").splitlines():
        name = line.split('"')[1]
        values = manage("showvminfo", name, "--machinereadable").splitlines()
        found[name] = next(value.split('"')[1] for value in values if value.startswith("VMState="))
    return found


@pytest.fixture
def foreign() -> Iterator[str]:
    """Give a machine that the module has not made."""
    manage("createvm", "--name", FOREIGN, "--register")
    yield FOREIGN
    manage("unregistervm", FOREIGN, "--delete")


@pytest.mark.parametrize("claim", ["C11", "C12", "C13", "C14", "C15", "C16"])
def test_the_claim_about_one_machine_was_reproduced(claim: str) -> None:
    assert evidence(claim, "virtualbox_vm")["verdict"] == "reproduced"


@pytest.mark.parametrize("claim", ["C17", "C18"])
def test_the_claim_about_duplicates_was_reproduced(claim: str) -> None:
    assert evidence(claim, "virtualbox_duplication")["verdict"] == "reproduced"


def test_people_log_in_through_the_forward() -> None:
    config = f"{variable('lab_state_dir')}/virtualbox_ssh_config"
    done = subprocess.run(
        ["ssh", "-F", config, "tutorial-vm", "uname -s; cat /etc/hostname 2>/dev/null; ip -4 route"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert done.stdout.startswith("Linux")
    assert "default via 10.0.2.2 dev eth0" in done.stdout


def test_both_machines_run_from_disks_of_their_own() -> None:
    assert sorted(line.split('"')[1] for line in manage("list", "runningvms").splitlines()) == [
        "tutorial-vm",
        "tutorial-vm-copy",
    ]
    disks = [line for line in manage("list", "hdds").splitlines() if line.startswith("UUID:")]
    assert len(disks) == len(set(disks)) == 2


# The second, on every address of the host, is in the way of the one that it should be.
@pytest.mark.parametrize("outside", ["192.168.56.1,4321", ",1234"])
def test_a_rule_that_was_changed_by_hand_is_repaired(outside: str) -> None:
    manage("controlvm", "tutorial-vm", "natpf1", "delete", "ssh")
    manage("controlvm", "tutorial-vm", "natpf1", f"ssh,tcp,{outside},10.0.2.15,22")
    manage("controlvm", "tutorial-vm", "natpf1", "more,tcp,,9999,,80")
    assert recap(playbook("virtualbox_machine"))["tutorial-vm"]["changed"] == 1
    rules = [
        line
        for line in manage("showvminfo", "tutorial-vm", "--machinereadable").splitlines()
        if "Forwarding" in line
    ]
    assert rules == ['Forwarding(0)="ssh,tcp,192.168.56.1,1234,10.0.2.15,22"']


def test_a_machine_that_is_not_ours_stays(foreign: str) -> None:
    done = ansible("virtualbox_vm", f"name='{foreign}' state=absent force=true")
    assert done.returncode != 0
    assert f"there is a machine '{foreign}' that this module has not made" in words(done)
    assert foreign in manage("list", "vms")


def test_a_running_machine_is_not_interrupted() -> None:
    done = ansible("virtualbox_vm", "name=tutorial-vm memory=64")
    assert done.returncode != 0
    assert "VirtualBox changes this only in a machine that is off: ~ memory" in words(done)


def test_a_disk_in_use_stays() -> None:
    done = ansible("virtualbox_medium", "path=/srv/machines/tutorial-vm.vdi state=absent")
    assert done.returncode != 0
    assert "is attached to tutorial-vm" in words(done)
    # In a trial run its machine may be yet to be removed.
    done = ansible("virtualbox_medium", "path=/srv/machines/tutorial-vm.vdi state=absent", "--check")
    assert done.returncode == 0, words(done)
    assert host("virtualbox-host").file("/srv/machines/tutorial-vm.vdi").exists


def test_a_port_that_is_taken_is_named() -> None:
    rule = {"name": "ssh", "host_ip": "192.168.56.1", "host_port": 1234, "guest_port": 22}
    asked = {"name": "tutorial-vm-copy", "nics": [{"attachment": "nat", "forwards": [rule]}]}
    done = ansible("virtualbox_vm", json.dumps(asked))
    assert done.returncode != 0
    assert "the host cannot listen there (address already in use)" in words(done)


def test_an_address_past_the_network_is_named() -> None:
    rule = {"name": "ssh", "host_port": 1236, "guest_ip": "10.0.3.15", "guest_port": 22}
    done = ansible("virtualbox_vm", json.dumps({"name": "tutorial-vm-copy", "nics": [{"forwards": [rule]}]}))
    assert done.returncode != 0
    assert "guest_ip 10.0.3.15 is not in the NAT's network 10.0.2.0/24; choose one that is" in words(done)


KEPT = "kept machine"
DISK = f"/srv/machines/{KEPT}.vdi"
APPLIANCE = "/srv/machines/kept.ova"


@pytest.fixture(scope="module")
def kept() -> Iterator[str]:
    """Give a machine of ours that is off, with an empty disk."""
    module("virtualbox_medium", path=DISK, size=4)
    module(
        "virtualbox_vm",
        name=KEPT,
        folder="/srv/machines",
        os_type="Linux_64",
        memory=16,
        controllers=[{"name": "SATA", "bus": "sata", "ports": 1}],
        drives=[{"controller": "SATA", "medium": DISK}],
    )
    yield KEPT
    module("virtualbox_vm", name=KEPT, state="absent", force=True)
    module("virtualbox_medium", path=DISK, state="absent")


def test_a_machine_goes_back_to_a_snapshot(kept: str) -> None:
    first = {"machine": kept, "name": 'vorher "täglich"'}
    assert module("virtualbox_snapshot", **first)["changed"]
    assert not module("virtualbox_snapshot", **first)["changed"]
    module("virtualbox_vm", name=kept, memory=32)
    restored = module("virtualbox_snapshot", **first, state="restored")
    assert restored["plan"] == [f'~ machine {kept} (restored to vorher "täglich")']
    assert restored["machine"] == {"name": kept, "state": "poweroff", "snapshot": 'vorher "täglich"'}
    assert module("virtualbox_vm", name=kept)["machine"]["memory"] == 16
    # Nothing has happened since.
    assert not module("virtualbox_snapshot", **first, state="restored")["changed"]


def test_what_a_machine_has_written_since_its_snapshot_is_not_lost(kept: str) -> None:
    asked = {"name": kept, "controllers": [{"name": "SATA", "bus": "sata", "ports": 2}], "force": True}
    done = ansible("virtualbox_vm", json.dumps(asked))
    assert done.returncode != 0
    assert f"controllers: this would detach {DISK} (SATA 0:0) from '{kept}'" in words(done)
    done = ansible("virtualbox_medium", json.dumps({"path": "/srv/machines/old.vdi", "clone_of": DISK}))
    assert done.returncode != 0
    assert f"clone_of: {DISK} is as it was at a snapshot" in words(done)


def test_a_snapshot_that_is_not_there_is_named(kept: str) -> None:
    done = ansible("virtualbox_snapshot", json.dumps({"machine": kept, "name": "none", "state": "restored"}))
    assert done.returncode != 0
    assert "'none' is no snapshot of 'kept machine'; name one that is there (vorher" in words(done)


def test_a_running_machine_does_not_go_back_without_consent() -> None:
    module("virtualbox_snapshot", machine="tutorial-vm-copy", name="while it runs")
    asked = {"machine": "tutorial-vm-copy", "name": "while it runs"}
    done = ansible("virtualbox_snapshot", json.dumps(asked | {"state": "restored"}))
    assert done.returncode != 0
    assert "'tutorial-vm-copy' is running, and what it is doing would be lost" in words(done)
    assert module("virtualbox_snapshot", **asked, state="absent")["snapshots"] == []
    assert states()["tutorial-vm-copy"] == "running"


def test_a_machine_is_exported_when_it_has_changed(kept: str) -> None:
    export = {"machine": kept, "path": APPLIANCE}
    assert module("virtualbox_appliance", **export)["changed"]
    assert not module("virtualbox_appliance", **export)["changed"]
    module("virtualbox_vm", name=kept, memory=24)
    assert module("virtualbox_appliance", **export)["plan"] == [f"~ file {APPLIANCE} (of machine {kept})"]
    host("virtualbox-host").check_output(f"touch {APPLIANCE}")
    done = ansible("virtualbox_appliance", json.dumps(export))
    assert done.returncode != 0
    assert "is a file that this module has not made of 'kept machine'" in words(done)
    assert not module("virtualbox_appliance", path=APPLIANCE, state="absent")["changed"]
    assert host("virtualbox-host").file(APPLIANCE).exists


def test_another_machine_is_made_of_an_export(kept: str) -> None:
    asked = {"machine": "imported", "path": APPLIANCE, "state": "imported", "folder": "/srv/machines"}
    assert module("virtualbox_appliance", **asked)["disks"] == ["/srv/machines/imported.vdi"]
    assert not module("virtualbox_appliance", **asked)["changed"]
    done = ansible("virtualbox_appliance", json.dumps(asked | {"machine": kept}))
    assert done.returncode != 0
    assert "there is a machine 'kept machine' that was not imported from" in words(done)
    uuids = [line for line in manage("list", "hdds").splitlines() if line.startswith("UUID:")]
    assert len(uuids) == len(set(uuids))
    module("virtualbox_vm", name="imported", state="absent")
    module("virtualbox_medium", path="/srv/machines/imported.vdi", state="absent")
    assert host("virtualbox-host").run("ls /srv/machines | grep imported").stdout == ""


def test_snapshots_go_with_their_machine_by_consent_and_its_disk_stays(kept: str) -> None:
    asked: dict[str, Any] = {"name": kept, "state": "absent"}
    module("virtualbox_snapshot", machine=kept, name="later")
    done = ansible("virtualbox_vm", json.dumps(asked))
    assert done.returncode != 0
    assert "later, which would go with it; delete them first" in words(done)
    assert module("virtualbox_vm", **asked, force=True)["machine"] is None
    assert host("virtualbox-host").file(DISK).exists
    # Nothing is in front of it, and no machine has it.
    manage("createmedium", "disk", "--filename=/srv/machines/foreign.vdi", "--size=4")
    assert not module("virtualbox_medium", path="/srv/machines/foreign.vdi", state="absent")["changed"]
    manage("closemedium", "disk", "/srv/machines/foreign.vdi", "--delete")
    module("virtualbox_medium", path=DISK, state="absent")


def test_the_playbook_shows_what_virtualbox_keeps() -> None:
    playbook("virtualbox_snapshot")
    assert states() == {"tutorial-vm": "running", "tutorial-vm-copy": "running"}
    assert (
        "does not have any snapshots"
        in host("virtualbox-host").run(f"{MANAGE} snapshot tutorial-vm list").stdout
    )
    assert host("virtualbox-host").run("ls /srv/machines | grep imported").stdout == ""


def test_saved_machines_outlive_a_restart_of_their_host() -> None:
    playbook("virtualbox_saved")
    assert recap(playbook("virtualbox_saved"))["tutorial-vm"]["changed"] == 0
    assert states() == {"tutorial-vm": "saved", "tutorial-vm-copy": "saved"}
    client = docker.from_env()
    container = client.containers.get(variable("ansible_host", "virtualbox-host"))
    container.stop()
    client.close()
    playbook("virtualbox_duplication")
    assert states() == {"tutorial-vm": "running", "tutorial-vm-copy": "running"}
    # A guest that boots says so there.
    console = host("virtualbox-host").file("/srv/machines/tutorial-vm.console").content_string
    assert "ready" not in console
