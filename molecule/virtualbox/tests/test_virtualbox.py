"""Two machines of VirtualBox, reached through their host. What was changed is repaired; foreign ones stay."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import evidence, host, playbook, recap, variable
from vboxmanage import ansible, manage, words

FOREIGN = "somebody elses"


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


def test_rules_that_were_changed_by_hand_are_repaired() -> None:
    manage("controlvm", "tutorial-vm", "natpf1", "delete", "ssh")
    manage("controlvm", "tutorial-vm", "natpf1", "ssh,tcp,192.168.56.1,4321,10.0.2.15,22")
    # On every address of the host: in the way of the one that it should be.
    manage("controlvm", "tutorial-vm", "natpf1", "everywhere,tcp,,1234,10.0.2.15,22")
    manage("controlvm", "tutorial-vm", "natpf1", "more,tcp,,9999,,80")
    manage("controlvm", "tutorial-vm", "setlinkstate1", "off")
    manage("controlvm", "tutorial-vm-copy", "natpf1", "delete", "ssh")
    planned = playbook("virtualbox_duplication", "--check", "--diff")
    lines = [line for line in planned.splitlines() if line.startswith(("+ ", "- ", "~ "))]
    assert lines == [
        "~ cable of network card 1 (plugged in)",
        "- port forward everywhere: tcp *:1234 -> 10.0.2.15:22",
        "- port forward more: tcp *:9999 -> guest:80",
        "- port forward ssh: tcp 192.168.56.1:4321 -> 10.0.2.15:22",
        "+ port forward ssh: tcp 192.168.56.1:1234 -> 10.0.2.15:22",
        "+ port forward ssh: tcp 192.168.56.1:1235 -> 10.0.2.15:22",
    ]
    assert recap(playbook("virtualbox_machine"))["tutorial-vm"]["changed"] == 2
    rules = [
        line
        for line in manage("showvminfo", "tutorial-vm", "--machinereadable").splitlines()
        if "Forwarding" in line
    ]
    assert rules == ['Forwarding(0)="ssh,tcp,192.168.56.1,1234,10.0.2.15,22"']
    manage("controlvm", "tutorial-vm-copy", "natpf1", "ssh,tcp,192.168.56.1,1235,10.0.2.15,22")


def test_a_machine_that_is_not_ours_stays(foreign: str) -> None:
    done = ansible("virtualbox_vm", f"name='{foreign}' state=absent force=true")
    assert done.returncode != 0
    assert f"there is a machine '{foreign}' that this module has not made" in words(done)
    assert foreign in manage("list", "vms")


def test_a_running_machine_is_not_interrupted() -> None:
    done = ansible("virtualbox_vm", "name=tutorial-vm memory=64")
    assert done.returncode != 0
    assert "VirtualBox changes this only in a machine that is off: ~ memory" in words(done)


def test_nothing_is_made_for_a_machine_that_cannot_be(tmp_path: Path) -> None:
    image = tmp_path / "image.raw"
    image.write_bytes(bytes(2**20))
    asked = {
        "virtualbox_vm_name": "bad",
        "virtualbox_vm_folder": "/srv/bad",
        "virtualbox_vm_disk_image": str(image),
        "virtualbox_vm_network": "10.0.2.0/30",
    }
    done = ansible("include_role", "name=virtualbox_vm", f"--extra-vars={json.dumps(asked)}")
    assert done.returncode != 0
    assert "nics[0].network: 10.0.2.0/30 is too small; use /27 or larger" in words(done)
    assert not host("virtualbox-host").file("/srv/bad").exists


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
