"""Two machines of a VirtualBox that has its kernel driver, on a host with a kernel of its own."""

from __future__ import annotations

import pytest
from lab import evidence, host, run_playbook
from vboxmanage import ansible, manage, states, words


@pytest.mark.parametrize("claim", ["C11", "C12", "C13", "C14", "C15", "C16"])
def test_the_claim_about_one_machine_was_reproduced_with_the_driver(claim: str) -> None:
    found = evidence(claim, "virtualbox_vm")
    assert (found["verdict"], found["environment"]["execution"]) == ("reproduced", "with the driver")


@pytest.mark.parametrize("claim", ["C17", "C18"])
def test_the_claim_about_duplicates_was_reproduced_with_the_driver(claim: str) -> None:
    found = evidence(claim, "virtualbox_duplication")
    assert (found["verdict"], found["environment"]["execution"]) == ("reproduced", "with the driver")


def test_both_machines_run_on_the_processors_virtualisation() -> None:
    assert states() == {"tutorial-vm": "running", "tutorial-vm-copy": "running"}
    for machine in states():
        log = host("virtualbox-host").file(f"/srv/machines/{machine}/Logs/VBox.log").content_string
        assert "HM: HMR3Init: AMD-V w/ nested paging" in log
        assert "Snail execution mode is active" not in log


def test_virtualbox_has_made_the_interface() -> None:
    assert "Name:            vboxnet0" in manage("list", "hostonlyifs")
    assert "vboxnetadp" in host("virtualbox-host").check_output("lsmod")
    assert "veth" not in host("virtualbox-host").check_output("ip -details link show vboxnet0")


def test_the_driver_is_not_replaced_outside_a_container() -> None:
    done = ansible(
        "ansible.builtin.include_role", "name=virtualbox_host", "-e", "virtualbox_host_driverless=true"
    )
    assert done.returncode != 0
    assert "virtualbox_host_driverless: it is true, and virtualbox-host is no container" in words(done)


def test_a_host_of_the_other_kind_does_not_take_its_place() -> None:
    done = run_playbook("virtualbox_host", "-e", "lab_virtualbox_nested=false")
    assert done.returncode != 0
    assert (
        "lab_virtualbox_nested: it is false, and lab-molecule-virtualbox-host was made for the opposite"
        in words(done)
    )
    assert states() == {"tutorial-vm": "running", "tutorial-vm-copy": "running"}
