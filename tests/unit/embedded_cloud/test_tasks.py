"""What the role decides, by Ansible itself, where Docker and the cloud say what a test tells them to."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
STAND_IN = """#!/usr/bin/python
# WANT_JSON
import json
import os
import sys

name = {name!r}
with open(sys.argv[1]) as file:
    arguments = {{key: value for key, value in json.load(file).items() if not key.startswith("_ansible")}}
with open(os.environ["STAND_IN_CALLS"], "a") as file:
    file.write(json.dumps([name, arguments]) + "\\n")
print(json.dumps(json.loads(os.environ["STAND_IN_ANSWERS"]).get(name, {{"changed": False}})))
"""
STAND_INS = {
    "community.docker": (
        "docker_container docker_container_info docker_host_info docker_image_info docker_image_remove "
        "docker_network docker_network_info"
    ),
    "openstack.cloud": "image image_info",
}


@dataclass(frozen=True)
class Run:
    """How a run ended, what it said, without line ends, and the modules it called with their arguments."""

    status: int
    said: str
    calls: list[tuple[str, dict[str, Any]]]


class Lab:
    """Runs a part of the role in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.state_dir = directory / "state"
        self._playbook = directory / "playbook.yml"
        self._calls = directory / "calls"
        self._collections = directory / "collections"
        for collection, modules in STAND_INS.items():
            modules_dir = (
                self._collections / "ansible_collections" / collection.replace(".", "/") / "plugins/modules"
            )
            modules_dir.mkdir(parents=True)
            for name in modules.split():
                (modules_dir / f"{name}.py").write_text(STAND_IN.format(name=name))

    def run(self, tasks: str, answers: dict[str, Any] | None = None, **variables: Any) -> Run:
        """Run the files *tasks* of the role; *answers* are the modules' results by their names."""
        self._calls.write_text("")
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {
                "ansible_python_interpreter": sys.executable,
                "embedded_cloud_state_dir": str(self.state_dir),
                **variables,
            },
            "tasks": [
                {"ansible.builtin.include_role": {"name": "embedded_cloud", "tasks_from": part}}
                for part in tasks.split()
            ],
        }
        self._playbook.write_text(json.dumps([play]))
        environment = os.environ | {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(self._collections),
            "ANSIBLE_NOCOLOR": "true",
            "STAND_IN_CALLS": str(self._calls),
            "STAND_IN_ANSWERS": json.dumps(answers or {}),
        }
        command: list[str | Path] = [ANSIBLE_PLAYBOOK, "--inventory", "localhost,", self._playbook]
        run = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        calls = [tuple(json.loads(line)) for line in self._calls.read_text().splitlines()]
        return Run(run.returncode, " ".join((run.stdout + run.stderr).split()), calls)


def test_every_file_that_makes_the_image_is_part_of_its_key() -> None:
    role = ROOT / "roles/embedded_cloud"
    included = re.findall(r"include_tasks: (\S+)", (role / "tasks/image.yml").read_text())
    keyed = re.findall(r"role_path[ ~}]+'?/tasks/(\w+\.yml)", (role / "vars/main.yml").read_text())
    assert sorted(keyed) == sorted(["image.yml", *included])


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.mark.parametrize(
    ("offered", "done"),
    [
        ([], ["present"]),
        ([("active", "new")], []),
        ([("active", "old")], ["absent", "present"]),
        ([("queued", "new")], ["absent", "present"]),
        ([("saving", "new"), ("active", "old")], ["absent", "absent", "present"]),
    ],
)
def test_a_guest_image_is_offered_once_and_complete(
    lab: Lab, offered: list[tuple[str, str]], done: list[str]
) -> None:
    images = [
        {"id": str(number), "status": status, "properties": {"build_key": key}}
        for number, (status, key) in enumerate(offered)
    ]
    run = lab.run(
        "guest_image",
        {"image_info": {"images": images}},
        _embedded_cloud_guest_image={"name": "debian", "path": "/image.qcow2", "key": "new"},
    )
    assert run.status == 0, run.said
    assert [arguments.get("state", "present") for name, arguments in run.calls if name == "image"] == done


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"embedded_cloud_user": "Nova"}, "embedded_cloud_user: 'Nova' is a user of the cloud itself"),
        ({"embedded_cloud_user": "admin"}, "embedded_cloud_user: 'admin' is a user of the cloud itself"),
        ({"embedded_cloud_project": "service"}, "'service' is a project of the cloud itself"),
        (
            {"embedded_cloud_flavors": [{"name": "small", "vcpus": 1, "ram": 256, "disk": 2}] * 2},
            "embedded_cloud_flavors: small, small has a name twice",
        ),
    ],
    ids=["service's user", "administrator", "project", "flavors"],
)
def test_what_can_only_fail_is_refused(lab: Lab, variables: dict[str, Any], words: str) -> None:
    run = lab.run("settings", **variables)
    assert run.status != 0
    assert words in run.said, run.said


PORTS = {"identity": 5000, "image": 9292, "placement": 8778, "compute": 8774, "network": 9696, "page": 50000}


def running_cloud() -> dict[str, Any]:
    """Return what Docker says of a cloud that runs with the ports PORTS."""
    return {
        "docker_host_info": {"containers": [], "images": [], "host_info": {}},
        "docker_container_info": {
            "exists": True,
            "container": {
                "Config": {"Labels": {"cloud-lab.image": "cloud-lab/cloud:1"}},
                "State": {"Status": "running", "Running": True},
                "HostConfig": {
                    "PortBindings": {
                        f"{port}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]
                        for port in PORTS.values()
                    }
                },
            },
        },
        "docker_image_info": {"images": [{}]},
        "docker_network_info": {"exists": False},
    }


def test_a_cloud_is_what_was_asked_for_when_each_service_has_its_port(lab: Lab) -> None:
    run = lab.run("preflight", running_cloud())
    assert run.status == 0, run.said
    assert "WARNING" not in run.said, run.said
    swapped = PORTS | {"identity": PORTS["image"], "image": PORTS["identity"]}
    run = lab.run("preflight", running_cloud(), embedded_cloud_ports=swapped)
    assert run.status != 0
    assert "was made with 127.0.0.1:5000:5000, 127.0.0.1:9292:9292 (port of this machine" in run.said
    assert "and 127.0.0.1:5000:9292, 127.0.0.1:9292:5000 is asked for" in run.said


def test_the_credentials_of_another_cloud_are_neither_overwritten_nor_removed(lab: Lab) -> None:
    first = ROOT / "roles/embedded_cloud/templates/clouds.yaml.j2"
    credentials = lab.state_dir / "clouds.yaml"
    lab.state_dir.mkdir()
    credentials.write_text(first.read_text().replace("{{ embedded_cloud_name }}", "first"))
    run = lab.run("preflight", running_cloud(), embedded_cloud_name="fir")
    assert run.status != 0
    assert f"{credentials} belongs to another cloud than fir." in run.said, run.said
    for name, stays in (("fir", True), ("first", False)):
        run = lab.run("main", running_cloud(), embedded_cloud_name=name, embedded_cloud_state="absent")
        assert run.status == 0, run.said
        assert credentials.exists() is stays
