"""A system with an init and services of its own. A container that is not ours stays."""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import INVENTORY, host, recap, run, variable
from testinfra.host import Host

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root enters LXC's containers")

HOME = Path("/var/lib/lxc")
ADDRESS = "198.18.0.200"


@pytest.fixture(scope="module")
def machine() -> Host:
    return host("localhost")


@pytest.fixture(scope="module")
def name() -> str:
    return f"lab-{variable('lab_name')}-system"


@pytest.fixture
def foreign(machine: Host) -> Iterator[Path]:
    """Give a container that no role has made, as far as its directory."""
    home = HOME / "lab-test-foreign"
    machine.run_expect([0], f"mkdir -p {home} && touch {home}/.config")
    yield home
    machine.run_expect([0], f"rm -r {home}")


def inside(machine: Host, name: str, command: str) -> str:
    output: str = machine.check_output(f"lxc-attach --name {name} --clear-env -- {command}")
    return output


def role(**variables: str) -> subprocess.CompletedProcess[str]:
    """Run the role on this machine."""
    extra = [f"--extra-vars={key}={value}" for key, value in variables.items()]
    include = ["-m", "ansible.builtin.include_role", "-a", "name=lxc_container"]
    return run("ansible", f"--inventory={INVENTORY}", "localhost", *include, *extra)


def words(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a run has said, without its line breaks."""
    return " ".join((done.stdout + done.stderr).split())


def test_its_init_has_started_everything(machine: Host, name: str) -> None:
    assert inside(machine, name, "systemctl is-system-running") == "running"
    assert inside(machine, name, "cat /proc/1/comm") == "systemd"


@pytest.mark.parametrize("unit", ["cron", "rsyslog", "page"])
def test_several_services_run_in_it(machine: Host, name: str, unit: str) -> None:
    assert inside(machine, name, f"systemctl is-active {unit}") == "active"


def test_its_service_is_reached_from_this_machine() -> None:
    with urllib.request.urlopen(f"http://{ADDRESS}:8000/", timeout=10) as answer:
        assert answer.read() == b"from the container\n"


def test_it_sees_its_own_processes_alone(machine: Host, name: str) -> None:
    assert int(inside(machine, name, "sh -c 'ls -d /proc/[0-9]* | wc -l'")) < 40


def test_its_root_is_nobody_on_this_machine(machine: Host, name: str) -> None:
    assert inside(machine, name, "id -u") == "0"
    pid = machine.check_output(f"lxc-info --name {name} --pid --no-humanize")
    assert machine.check_output(f"stat --format %u:%g /proc/{pid}") == "1000000:1000000"
    # Its files are its root's all the same, also those it writes; so nobody else of this machine may enter.
    inside(machine, name, "touch /srv/written")
    assert inside(machine, name, "stat --format %u /etc/passwd /srv/written").split() == ["0", "0"]
    home = machine.file(str(HOME / name))
    assert (home.mode, home.uid, home.gid) == (0o750, 0, 1000000)
    assert machine.file(f"{HOME}/{name}/rootfs/srv/written").uid == 0


def test_a_container_that_is_not_ours_stays(foreign: Path, machine: Host) -> None:
    done = role(lxc_container_name=foreign.name, lxc_container_state="absent")
    assert done.returncode != 0
    assert f"there is a container {foreign.name} in {HOME} that this role has not made" in words(done)
    assert machine.file(f"{foreign}/.config").exists


def test_a_directory_that_was_left_before_it_was_marked_is_the_roles(machine: Host) -> None:
    home = HOME / "lab-test-interrupted"
    machine.run_expect([0], f"mkdir -p {home}")
    done = role(lxc_container_name=home.name, lxc_container_state="absent")
    assert done.returncode == 0, words(done)
    assert not home.exists()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"lxc_container_name": "a/b"}, "lxc_container_name: 'a/b' is no name of a container"),
        (
            {"lxc_container_name": "lab-test", "lxc_container_address": "198.18.0.1/24"},
            "lxc_container_address: '198.18.0.1/24' is no IPv4 address",
        ),
        (
            {"lxc_container_name": "lab-test", "lxc_container_first_id": "1000"},
            "lxc_container_first_id: 1000 and the 65535 after it may not be the container's users",
        ),
        # The scenario's own container has reserved them.
        (
            {"lxc_container_name": "lab-test", "lxc_container_first_id": "1000001"},
            "not free, /etc/subuid has root:1000000:65536",
        ),
        (
            {"lxc_container_name": "lab-test", "lxc_container_mirror": "nowhere"},
            "lxc_container_mirror is 'nowhere', but it must begin with http",
        ),
        (
            {
                "lxc_container_name": "lab-test",
                "lxc_container_min_free_mib": "999999999",
                "lxc_container_suite": "bullseye",
            },
            "lxc_container_min_free_mib asks for 999999999",
        ),
        # The root file system is in the cache.
        (
            {"lxc_container_name": "lab-test", "lxc_container_min_free_mib": "999999999"},
            f"lxc_container_dir: {HOME} has",
        ),
    ],
    ids=[
        "name",
        "address",
        "users",
        "taken users",
        "mirror",
        "space in the cache",
        "space for the container",
    ],
)
def test_what_cannot_work_is_refused_by_name(variables: dict[str, str], message: str) -> None:
    done = role(**variables)
    assert done.returncode != 0
    assert message in words(done)
    assert not (HOME / "lab-test").exists()


def test_a_link_that_its_root_makes_leads_no_file_out_of_it(machine: Host, name: str, tmp_path: Path) -> None:
    inside(machine, name, f"sh -c 'mv /srv /former && ln -s {tmp_path} /srv'")
    converge = Path(__file__).parents[1] / "converge.yml"
    done = run("ansible-playbook", f"--inventory={INVENTORY}", str(converge))
    assert done.returncode == 0, words(done)
    assert recap(done.stdout)["localhost"]["changed"] == 1
    assert list(tmp_path.iterdir()) == []
