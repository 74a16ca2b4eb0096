"""Docker on systems that had none: one that systemd has started, and one without an init system."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import testinfra
from lab import INVENTORY, recap, run, variable
from testinfra.host import Host

PLAYBOOK = Path(__file__).parents[1] / "converge.yml"
INITS = ("systemd", "bare")
EACH = pytest.mark.parametrize("init", INITS)

CONFIGURATION = "/etc/docker/daemon.json"
SUDO = "/etc/sudoers.d/visitor"
STOP = {
    "systemd": "systemctl stop docker.service docker.socket",
    "bare": "start-stop-daemon --stop --retry 30 --pidfile /run/docker.pid --exec /usr/sbin/dockerd",
}

Guest = Callable[[str, str], Host]


def converge(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the role on the guests."""
    return run("ansible-playbook", f"--inventory={INVENTORY}", str(PLAYBOOK), *arguments)


def changed(*arguments: str) -> dict[str, int]:
    """Run the role on the guests, which must succeed, and return how much it has changed on each."""
    done = converge(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return {name.removeprefix("docker-"): counts["changed"] for name, counts in recap(done.stdout).items()}


def refusal(*arguments: str) -> str:
    """Run the role on the guests, which must all be refused as they are, and return what it says."""
    done = converge(*arguments)
    counts = recap(done.stdout).values()
    assert all(count["failed"] == 1 and count["changed"] == 0 for count in counts), done.stdout
    return " ".join(done.stdout.split())


@pytest.fixture(scope="module")
def guest() -> Guest:
    """Return how to reach a guest as one of its users: by Docker alone, which is quicker than Ansible."""
    prefix = f"lab-{variable('lab_name')}-docker-"
    return lambda init, user: testinfra.get_host(f"docker://{user}@{prefix}{init}")


def on_each(guest: Guest, command: str) -> None:
    """Run a command as root on each guest."""
    for init in INITS:
        guest(init, "root").check_output(command)


def answers(guest: Guest) -> list[bool]:
    """Return of each guest whether its Docker answers the user."""
    return [guest(init, "visitor").run("docker version").rc == 0 for init in INITS]


def refuse_an_old_one() -> None:
    said = refusal("--extra-vars=docker_host_minimum_version=99.0")
    for init in INITS:
        assert f"docker_host: docker-{init} has Docker " in said
    assert "the lab needs 99.0 or newer" in said


@EACH
def test_who_asked_for_it_may_use_it_at_once(guest: Guest, init: str) -> None:
    visitor = guest(init, "visitor")
    assert visitor.check_output("id --user --name") == "visitor"
    assert visitor.check_output("docker info --format '{{ .Driver }}'") == "vfs"


@EACH
def test_who_asked_for_it_may_use_it_after_the_next_login(guest: Guest, init: str) -> None:
    assert "docker" in guest(init, "root").user("visitor").groups


@EACH
def test_nobody_else_may_use_it(guest: Guest, init: str) -> None:
    assert guest(init, "nobody").run("docker version").rc != 0


def test_systemd_starts_it_at_every_boot(guest: Guest) -> None:
    docker = guest("systemd", "root").service("docker")
    assert docker.is_enabled
    assert docker.is_running


def test_without_an_init_system_it_belongs_to_nobody_who_ends(guest: Guest) -> None:
    machine = guest("bare", "root")
    number = machine.file("/run/docker.pid").content_string.strip()
    assert machine.file(f"/proc/{number}/comm").content_string == "dockerd\n"
    assert "\nPPid:\t1\n" in machine.file(f"/proc/{number}/status").content_string


def test_who_may_not_use_it_is_told_how_to(guest: Guest) -> None:
    on_each(guest, "setfacl --remove-all /var/run/docker.sock && gpasswd --delete visitor docker")
    assert answers(guest) == [False, False]
    said = refusal("--extra-vars=docker_host_grant_access=false")
    assert "docker_host: visitor may not use /var/run/docker.sock" in said
    refuse_an_old_one()

    # A system without the tools for access lists as well.
    guest("bare", "root").check_output("dpkg --purge acl")
    assert changed("--check", "--diff") == dict.fromkeys(INITS, 2)
    assert answers(guest) == [False, False]
    guest("bare", "root").check_output("apt-get install --yes acl")
    assert changed() == dict.fromkeys(INITS, 2)
    assert answers(guest) == [True, True]


def test_settings_of_others_stay_and_a_docker_that_runs_is_not_restarted(guest: Guest) -> None:
    declared = {"bridge": "none", "ip6tables": False, "iptables": False, "storage-driver": "vfs"}
    for init in INITS:
        machine = guest(init, "root")
        assert json.loads(machine.file(CONFIGURATION).content_string) == declared
        machine.check_output(f'sed -i \'s/"vfs"/"vfs", "debug": true/; /bridge/d\' {CONFIGURATION}')
    done = converge()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reads its configuration at the next start" in " ".join(done.stdout.split())
    for init in INITS:
        file = guest(init, "root").file(CONFIGURATION)
        assert json.loads(file.content_string) == {**declared, "debug": True}
        assert guest(init, "visitor").check_output("docker info --format '{{ .Debug }}'") == "false"
        guest(init, "root").check_output(f"sed -i '/debug/d' {CONFIGURATION}")


def test_a_configuration_that_cannot_be_kept_is_refused(guest: Guest) -> None:
    broken = '{"debug": true,}'
    on_each(guest, f"cp {CONFIGURATION} /root/kept && echo '{broken}' >{CONFIGURATION}")
    try:
        said = refusal()
        for init in INITS:
            assert guest(init, "root").file(CONFIGURATION).content_string == f"{broken}\n"
            assert f"docker_host: {CONFIGURATION} on docker-{init} is no JSON that Docker could read" in said
    finally:
        on_each(guest, f"mv /root/kept {CONFIGURATION}")


def test_a_docker_that_was_stopped_is_started_where_it_may_be(guest: Guest) -> None:
    for init in INITS:
        guest(init, "root").check_output(STOP[init])
    assert answers(guest) == [False, False]
    said = refusal("--extra-vars=docker_host_start=false")
    assert "docker_host: Docker does not answer on /var/run/docker.sock" in said

    on_each(guest, f"mv {SUDO} /root/sudo")
    try:
        said = refusal()
    finally:
        on_each(guest, f"mv /root/sudo {SUDO}")
    for init in INITS:
        assert f"docker_host: starting Docker on docker-{init} needs root's rights, and visitor" in said

    refuse_an_old_one()
    assert changed("--check", "--diff") == dict.fromkeys(INITS, 2)
    assert answers(guest) == [False, False]
    # It is started, and who asked may use its new socket.
    assert changed() == dict.fromkeys(INITS, 2)
    assert answers(guest) == [True, True]
    assert changed() == dict.fromkeys(INITS, 0)


def test_a_docker_that_died_is_started_although_its_socket_still_refuses_the_user(guest: Guest) -> None:
    """Where systemd runs it holds the socket itself, and starts Docker again."""
    machine = guest("bare", "root")
    machine.check_output("setfacl --remove-all /var/run/docker.sock && gpasswd --delete visitor docker")
    machine.check_output("kill -KILL $(cat /run/docker.pid)")
    assert changed("--check") == {"systemd": 0, "bare": 2}
    assert changed() == {"systemd": 0, "bare": 3}
    assert answers(guest) == [True, True]
