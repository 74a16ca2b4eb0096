"""What the roles decide, by Ansible itself, where VirtualBox says what a test tells it to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
MODULE = """#!/usr/bin/python
# WANT_JSON
import json
import os

print(json.dumps(json.loads(os.environ["STAND_IN_ANSWERS"]).get({name!r}, {{"changed": False}})))
"""


@dataclass(frozen=True)
class Run:
    """How a run ended, and what it said, without line ends."""

    status: int
    said: str


class Roles:
    """Runs parts of roles on this machine, with stand-ins for the modules of VirtualBox."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._library = directory / "library"
        self._library.mkdir()
        self.programs = directory / "programs"
        self.programs.mkdir()
        for name in ("virtualbox_vm", "virtualbox_medium"):
            (self._library / f"{name}.py").write_text(MODULE.format(name=name))

    def run(self, role: str, tasks: str, answers: dict[str, Any] | None = None, **variables: Any) -> Run:
        """Run the file *tasks* of a role; *answers* are the modules' results by their names."""
        check = variables.pop("check", False)
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable, **variables},
            "tasks": [
                {
                    "ansible.builtin.include_role": {
                        "name": role,
                        "tasks_from": tasks,
                        "rolespec_validate": False,
                    }
                }
            ],
        }
        playbook = self.directory / "playbook.yml"
        playbook.write_text(json.dumps([play]))
        environment = os.environ | {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_LIBRARY": str(self._library),
            "ANSIBLE_NOCOLOR": "true",
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "STAND_IN_ANSWERS": json.dumps(answers or {}),
        }
        options = ["--check"] if check else []
        command: list[str | Path] = [ANSIBLE_PLAYBOOK, "--inventory", "localhost,", playbook, *options]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        return Run(done.returncode, " ".join((done.stdout + done.stderr).split()))


@pytest.fixture
def roles(tmp_path: Path) -> Roles:
    return Roles(tmp_path)


@pytest.mark.parametrize(("there", "mode"), [(True, 0o700), (False, 0o755)])
def test_a_directory_that_is_there_keeps_its_mode(roles: Roles, there: bool, mode: int) -> None:
    folder = roles.directory / "machines"
    if there:
        folder.mkdir(mode=0o700)
    run = roles.run(
        "virtualbox_vm",
        "disk",
        virtualbox_vm_name="web",
        virtualbox_vm_folder=str(folder),
        virtualbox_vm_disk_image=str(ROOT / "LICENSE"),
    )
    assert run.status == 0, run.said
    assert folder.stat().st_mode & 0o7777 == mode


@pytest.mark.parametrize(
    ("plan", "deleted", "goes"), [(["- machine web"], False, True), ([], True, True), ([], False, False)]
)
def test_a_console_goes_with_its_machine_or_with_its_disk(
    roles: Roles, plan: list[str], deleted: bool, goes: bool
) -> None:
    console = roles.directory / "web.console"
    console.touch()
    run = roles.run(
        "virtualbox_vm",
        "leftovers",
        {"virtualbox_medium": {"changed": deleted}},
        virtualbox_vm_name="web",
        virtualbox_vm_folder=str(roles.directory),
        __virtualbox_vm_machine={"plan": plan},
    )
    assert run.status == 0, run.said
    assert console.exists() != goes


IMAGE: dict[str, Any] = {
    "virtualbox_vm_name": "web",
    "virtualbox_vm_disk": "",
    "virtualbox_vm_manage": "/bin/true",
}


@pytest.mark.parametrize(("image", "status"), [("images/web.raw", 2), ("/images/web.raw", 0)])
def test_an_image_is_named_by_its_whole_path(roles: Roles, image: str, status: int) -> None:
    run = roles.run("virtualbox_vm", "preflight", virtualbox_vm_disk_image=image, **IMAGE)
    assert run.status == status, run.said
    assert ("virtualbox_vm_disk_image: 'images/web.raw' is relative" in run.said) == bool(status)


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (None, "virtualbox_clone_machine: VirtualBox has no machine web here."),
        ({"state": "paused", "drives": ["/srv/web.vdi"]}, "web is paused and has the disks /srv/web.vdi."),
        (
            {"state": "running", "drives": ["/srv/other.vdi"]},
            "web is running and has the disks /srv/other.vdi.",
        ),
        ({"state": "running", "drives": ["/srv/web.vdi"]}, ""),
        ({}, ""),
    ],
    ids=["missing", "paused", "another disk", "running", "nobody's"],
)
def test_a_disk_is_duplicated_while_the_machine_that_has_it_is_off(
    roles: Roles, machine: dict[str, Any] | None, said: str
) -> None:
    if machine:
        machine = machine | {"drives": [{"medium": medium} for medium in machine["drives"]]}
    run = roles.run(
        "virtualbox_clone",
        "clone",
        {"virtualbox_vm": {"changed": False, "machine": machine}},
        virtualbox_clone_machine="" if machine == {} else "web",
        virtualbox_clone_source="/srv//web.vdi",
        virtualbox_clone_disk="/srv/copy.vdi",
        __virtualbox_clone_files={"results": [{"stat": {"exists": False}}]},
    )
    assert run.status == (2 if said else 0), run.said
    assert said in run.said


MANAGE = """#!/bin/sh
echo "$*" >> "$0.calls"
[ "$1" != list ] || cat "$0.interfaces"
[ "$2" != create ] || echo "Interface 'vboxnet9' was successfully created"
"""
LISTED = """Name:            vboxnet9
GUID:            786f6276-656e-4074-8000-0a0027000000
DHCP:            Disabled
IPAddress:       {}
NetworkMask:     {}
"""


class Host:
    """Runs the tasks that make an interface between VirtualBox's machines and their host."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._manage = roles.directory / "VBoxManage"
        self._manage.write_text(MANAGE)
        self._manage.chmod(0o755)

    def run(self, listed: str = "", tasks: str = "host_only_interface", **variables: Any) -> Run:
        """Run the tasks where VirtualBox lists these interfaces."""
        Path(f"{self._manage}.interfaces").write_text(listed)
        return self._roles.run(
            "virtualbox_host",
            tasks,
            virtualbox_host_manage=str(self._manage),
            virtualbox_host_interface="vboxnet9",
            __virtualbox_host_user={"stdout": "somebody"},
            **{"__virtualbox_host_kernel": {"stdout": ""}, **variables},
        )

    @property
    def calls(self) -> list[str]:
        """What VBoxManage was asked beside its list."""
        made = Path(f"{self._manage}.calls").read_text().splitlines()
        return [call for call in made if not call.startswith("list")]


@pytest.fixture
def host(roles: Roles) -> Host:
    return Host(roles)


SET = "hostonlyif ipconfig vboxnet9 --ip 192.168.56.1 --netmask 255.255.255.0"


def test_an_interface_is_made_once(host: Host) -> None:
    assert host.run().status == 0
    assert host.calls == ["hostonlyif create", SET]
    there = {"stdout": "7: vboxnet9    inet 192.168.56.1/24 brd 192.168.56.255 scope global vboxnet9\n"}
    run = host.run(LISTED.format("192.168.56.1", "255.255.255.0"), __virtualbox_host_kernel=there)
    assert run.status == 0, run.said
    assert len(host.calls) == 2


def test_a_trial_run_says_that_an_interface_would_be_made(host: Host) -> None:
    run = host.run(check=True)
    assert run.status == 0, run.said
    assert "changed=1" in run.said
    assert host.calls == []
    plain = host.run(tasks="plain_interface", check=True)
    assert "changed=1" in plain.said, plain.said


@pytest.mark.parametrize("there", [("10.9.0.1", "255.255.255.0"), ("192.168.56.1", "255.255.0.0")])
def test_an_interface_with_another_address_or_mask_stays(host: Host, there: tuple[str, str]) -> None:
    run = host.run(LISTED.format(*there))
    assert run.status == 2
    assert f"has the address {'/'.join(there)}, and" in run.said
    assert "VBoxManage hostonlyif remove vboxnet9" in run.said
    kernel = {"stdout": "7: vboxnet9@peer    inet 192.168.56.1/16 scope global vboxnet9\n"}
    plain = host.run(tasks="plain_interface", __virtualbox_host_kernel=kernel)
    assert "has the address 192.168.56.1/16, and" in plain.said


@pytest.mark.parametrize("mask", ["24", "255.0.255.0"])
def test_a_mask_is_one(host: Host, mask: str) -> None:
    run = host.run(tasks="preflight", virtualbox_host_netmask=mask)
    assert f"virtualbox_host_netmask: {mask} is no mask." in run.said


@pytest.mark.parametrize(("system", "name"), [("Darwin", "macOS"), ("", "Windows")])
def test_a_system_that_is_not_linux_is_named(host: Host, roles: Roles, system: str, name: str) -> None:
    uname = roles.programs / "uname"
    uname.write_text(f"#!/bin/sh\necho {system}\n")
    uname.chmod(0o755)
    shell = {} if system else {"ansible_shell_type": "powershell"}
    run = host.run(tasks="preflight", **shell)
    assert f"virtualbox_host: localhost runs {name}, and only Linux" in run.said
