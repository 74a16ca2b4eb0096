"""What VirtualBox keeps of a machine: snapshots, exports, and machines that are saved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from lab import host, playbook, recap, variable
from vboxmanage import MANAGE, ansible, manage, module, states, words

MACHINE = "tutorial-vm"
KEPT = "kept machine"
DISK = f"/srv/machines/{KEPT}.vdi"
APPLIANCE = "/srv/machines/kept.ova"


def test_what_the_playbook_has_made_is_gone() -> None:
    assert states() == {MACHINE: "running"}
    snapshots = host("virtualbox-host").run(f"{MANAGE} snapshot {MACHINE} list").stdout
    assert "does not have any snapshots" in snapshots
    assert host("virtualbox-host").run("ls /srv/machines | grep imported").stdout == ""


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


def test_a_snapshot_whose_name_hides_what_is_printed_after_it_is_seen(kept: str) -> None:
    named = {"machine": kept, "name": "two\\"}
    assert module("virtualbox_snapshot", **named)["changed"]
    assert not module("virtualbox_snapshot", **named)["changed"]
    done = ansible("virtualbox_vm", json.dumps({"name": kept, "state": "absent"}))
    assert done.returncode != 0
    assert "which would go with it; delete them first" in words(done)
    assert module("virtualbox_snapshot", **named, state="absent")["changed"]


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
    asked = {"machine": MACHINE, "name": "while it runs"}
    module("virtualbox_snapshot", **asked)
    done = ansible("virtualbox_snapshot", json.dumps(asked | {"state": "restored"}))
    assert done.returncode != 0
    assert f"'{MACHINE}' is running, and what it is doing would be lost" in words(done)
    assert module("virtualbox_snapshot", **asked, state="absent")["snapshots"] == []
    assert states()[MACHINE] == "running"


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


def test_a_saved_machine_outlives_a_restart_of_its_host() -> None:
    playbook("virtualbox_saved")
    assert recap(playbook("virtualbox_saved"))[MACHINE]["changed"] == 0
    assert states() == {MACHINE: "saved"}
    client = docker.from_env()
    container = client.containers.get(variable("ansible_host", "virtualbox-host"))
    container.stop()
    client.close()
    playbook("virtualbox_machine")
    assert states() == {MACHINE: "running"}
    # A guest that boots says so there.
    console = host("virtualbox-host").file(f"/srv/machines/{MACHINE}.console").content_string
    assert "ready" not in console
