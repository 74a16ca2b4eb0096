"""Two containers, a snapshot between them, and what they take for the internet. What is not ours stays."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import docker
import pytest
from docker.models.containers import Container
from lab import INVENTORY, evidence, host, run, run_playbook, variable

FOREIGN = "lab-test-foreign"


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def foreign(client: docker.DockerClient) -> Iterator[Container]:
    """Give a container that no role has made, of an image that is ours."""
    image = client.containers.get(variable("container_name", "container")).image
    container = client.containers.create(image, ["sleep", "600"], name=FOREIGN, network_mode="none")
    yield container
    container.remove(force=True)


def ansible(module: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a module, or a role by `include_role`, on this machine; names with `_` are the role's variables."""
    arguments = [f"{name}={value}" for name, value in options.items() if "_" not in name]
    extra = json.dumps({name: value for name, value in options.items() if "_" in name})
    return run(
        "ansible",
        f"--inventory={INVENTORY}",
        "localhost",
        "-m",
        module,
        "-a",
        " ".join(arguments),
        f"--extra-vars={extra}",
    )


def words(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a run has said, without its line breaks."""
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("claim", ["C19", "C20", "C21"])
def test_the_claim_was_reproduced(claim: str) -> None:
    assert evidence(claim, "docker_containers")["verdict"] == "reproduced"


def test_the_container_has_the_reports_address() -> None:
    assert "172.17.0.2" in host("container").interface("eth0").addresses


def test_the_internet_sees_this_machine_and_not_the_container() -> None:
    reader = "import urllib.request as r; print(r.urlopen('http://198.51.100.8/address').read().decode())"
    assert host("container").check_output(f'python3 -c "{reader}"').strip() == "198.51.100.1"


@pytest.mark.parametrize(
    ("name", "status"), [("container", 0), ("container-copy", 0), ("container-internet", 127)]
)
def test_nano_is_where_it_was_installed_or_kept(name: str, status: int) -> None:
    assert host(name).run("nano --version").rc == status


def test_the_snapshot_is_one_layer_on_the_image(client: docker.DockerClient) -> None:
    snapshot = client.images.get(variable("container_snapshot", "container"))
    base = client.containers.get(variable("container_name", "container")).image
    assert snapshot.attrs["RootFS"]["Layers"][:-1] == base.attrs["RootFS"]["Layers"]
    assert client.containers.get(variable("container_name", "container-copy")).image.id == snapshot.id


def test_a_container_that_is_not_ours_stays(foreign: Container) -> None:
    done = ansible(
        "ansible.builtin.include_role",
        name="docker_container",
        docker_container_name=FOREIGN,
        docker_container_state="absent",
    )
    assert done.returncode != 0
    assert f"there is a container {FOREIGN} that this role has not made" in words(done)
    foreign.reload()


def test_a_name_that_is_taken_is_named(foreign: Container) -> None:
    done = ansible(
        "ansible.builtin.include_role",
        name="docker_container",
        docker_container_name=FOREIGN,
        docker_container_image=foreign.image.tags[0],
    )
    assert done.returncode != 0
    assert f"there is a container {FOREIGN} that this role has not made" in words(done)
    foreign.reload()
    assert foreign.status == "created"


def test_what_is_not_declared_any_more_goes(client: docker.DockerClient) -> None:
    """Docker itself compares what is declared, and so would miss what is not."""
    image = client.containers.get(variable("container_name", "container")).image.tags[0]
    least = {
        "docker_container_name": "lab-test-declared",
        "docker_container_image": image,
        "docker_container_command": ["sleep", "600"],
        "docker_container_init": True,
    }
    more = {
        "docker_container_env": {"A": "1", "B": "2"},
        "docker_container_capabilities": ["NET_ADMIN"],
        "docker_container_volumes": ["/srv:/srv:ro"],
        "docker_container_published_ports": ["127.0.0.1:50191:80"],
        "docker_container_hostname": "declared",
    }

    def run_it(**declared: object) -> str:
        done = ansible("ansible.builtin.include_role", name="docker_container", **least, **declared)
        assert done.returncode == 0, words(done)
        return str(client.containers.get("lab-test-declared").id)

    try:
        first = run_it(**more)
        assert run_it(**more) == first
        second = run_it()
        assert second != first
        assert run_it() == second
        facts = client.containers.get("lab-test-declared").attrs
        assert not [value for value in facts["Config"]["Env"] or [] if value.startswith(("A=", "B="))]
        assert not facts["HostConfig"]["CapAdd"]
        assert not facts["HostConfig"]["Binds"]
        assert not facts["HostConfig"]["PortBindings"]
    finally:
        client.containers.get("lab-test-declared").remove(force=True)


@pytest.mark.parametrize(
    "role",
    [
        {
            "name": "docker_container",
            "docker_container_name": "lab-test",
            "docker_container_image": "lab-test:1",
        },
        {
            "name": "docker_snapshot",
            "docker_snapshot_name": "lab-test:1",
            "docker_snapshot_container": "lab-test",
        },
    ],
    ids=["container", "snapshot"],
)
def test_a_docker_that_does_not_answer_is_named(
    role: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    done = ansible("ansible.builtin.include_role", **role)
    assert done.returncode != 0
    assert f"{role['name']}: Docker does not answer" in words(done)
    assert "Install or start it; the role docker_host does both." in words(done)


def test_a_full_disk_is_named(client: docker.DockerClient) -> None:
    done = ansible(
        "ansible.builtin.include_role",
        name="docker_snapshot",
        docker_snapshot_name="lab-test/full:1",
        docker_snapshot_container=variable("container_name", "container"),
        docker_snapshot_min_free_mib=99999999,
    )
    assert done.returncode != 0
    assert "docker_snapshot_min_free_mib asks for 99999999. Make room there" in words(done)
    assert not client.images.list("lab-test/full")


@pytest.mark.parametrize("check", [[], ["--check"]], ids=["run", "trial"])
def test_names_that_are_taken_are_refused_before_anything_is_made(
    client: docker.DockerClient, check: list[str]
) -> None:
    image = client.containers.get(variable("container_name", "container")).image.tags[0]
    done = run_playbook("docker_containers", "-e", f"container_snapshot={image}", *check)
    assert done.returncode != 0
    assert f"container_snapshot: {image} is an image that this lab has not made" in words(done)
    assert client.images.get(image)


def test_a_limit_that_leaves_somebody_out_is_refused() -> None:
    done = run_playbook("docker_containers", "--limit", "container")
    assert done.returncode != 0
    assert "--limit container leaves out localhost, container-copy, container-internet" in words(done)


def test_a_limit_that_leaves_nobody_out_is_none() -> None:
    done = run_playbook("docker_containers", "--check", "--limit", "localhost,containers")
    assert done.returncode == 0, words(done)


def test_an_image_of_somebody_else_is_looked_into_before_anything_is_made_of_it(
    client: docker.DockerClient,
) -> None:
    """The snapshot has nano, so that nobody could show that it was installed."""
    name = variable("container_name", "container")
    before = client.containers.get(name).id
    done = run_playbook(
        "docker_containers", "-e", f"container_base_image={variable('container_snapshot', 'container')}"
    )
    assert done.returncode != 0
    assert "has nano already" in words(done)
    assert client.containers.get(name).id == before


def test_an_image_that_docker_cannot_get_is_named() -> None:
    done = run_playbook("docker_containers", "-e", "container_base_image=lab-test/Capitals")
    assert done.returncode != 0
    assert (
        "container_base_image: 'lab-test/Capitals' cannot be looked into (docker: invalid reference"
        in words(done)
    )
    assert "docker run --help" not in words(done)


@pytest.mark.parametrize(("configuration", "kept"), [("/etc/apt/internet.conf", False), ("/dev/null", True)])
def test_looking_at_packages_leaves_nothing_for_a_snapshot_to_keep(
    client: docker.DockerClient, configuration: str, kept: bool
) -> None:
    """As in an image of somebody else, whose apt keeps what it has read unless it is told not to."""
    look = "rm /etc/apt/apt.conf.d/container && python3 -c 'import apt; apt.Cache()' && ls /var/cache/apt"
    output = client.containers.run(
        variable("container_snapshot", "container"),
        ["sh", "-c", look],
        environment={"APT_CONFIG": configuration},
        network_mode="none",
        remove=True,
    )
    assert ("pkgcache.bin" in output.decode()) is kept


def test_an_image_that_is_not_there_is_named() -> None:
    done = ansible(
        "ansible.builtin.include_role",
        name="docker_container",
        docker_container_name="lab-test-missing",
        docker_container_image="lab-test/missing:1",
    )
    assert done.returncode != 0
    assert "Docker has no image lab-test/missing:1" in words(done)


def test_an_image_that_is_no_snapshot_stays(client: docker.DockerClient) -> None:
    name = client.containers.get(variable("container_name", "container")).image.tags[0]
    done = ansible("docker_snapshot", name=name, state="absent")
    assert done.returncode != 0
    assert "is an image that this module has not taken" in words(done)
    assert client.images.get(name)


def test_a_snapshot_in_use_stays(client: docker.DockerClient) -> None:
    name = variable("container_snapshot", "container")
    done = ansible("docker_snapshot", name=name, state="absent")
    assert done.returncode != 0
    assert f"is in use by the container {variable('container_name', 'container-copy')}" in words(done)
    assert client.images.get(name)


def test_a_trial_run_needs_no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    done = run_playbook("docker_containers", "--check", "-e", "docker_host_socket=/nonexistent/docker.sock")
    assert done.returncode == 0, words(done)
    assert "Docker does not answer yet" in words(done)


def test_a_trial_run_of_the_removal_predicts_it(client: docker.DockerClient) -> None:
    done = run_playbook("docker_containers_absent", "--check")
    assert done.returncode == 0, words(done)
    name = variable("container_snapshot", "container")
    assert f"The snapshot {name} would be removed after the container" in words(done)
    assert client.images.get(name)


def test_content_makes_a_snapshot_and_time_does_not(client: docker.DockerClient, foreign: Container) -> None:
    def snapshot() -> str:
        done = ansible("docker_snapshot", name="lab-test/content:1", container=FOREIGN)
        assert done.returncode == 0, words(done)
        return done.stdout.split("=>")[0].split("|")[1].strip()

    foreign.start()
    foreign.exec_run(["sh", "-c", "echo one >/root/file"])
    try:
        assert snapshot() == "CHANGED"
        foreign.exec_run(["touch", "-d", "2001-01-01", "/root/file"])
        assert snapshot() == "SUCCESS"
        foreign.exec_run(["chmod", "600", "/root/file"])
        assert snapshot() == "CHANGED"
        # What somebody else has made of it has the same labels, and no name.
        other = client.containers.create("lab-test/content:1", ["true"], network_mode="none")
        theirs = other.commit()
        named = other.commit("lab-test/content", "1")
        for state in ("present", "absent"):
            done = ansible("docker_snapshot", name="lab-test/content:1", container=FOREIGN, state=state)
            assert "is an image that this module has not taken" in words(done)
        assert client.images.get("lab-test/content:1").id == named.id
        client.images.get(other.attrs["Image"]).tag("lab-test/content", "1")
        other.remove()
        foreign.exec_run(["rm", "/root/file"])
        assert snapshot() == "CHANGED"
        client.images.get(theirs.id).remove()
        assert ansible("docker_snapshot", name="lab-test/content:1", container=FOREIGN).stdout.count(
            "SUCCESS"
        )
    finally:
        assert ansible("docker_snapshot", name="lab-test/content:1", state="absent").returncode == 0
    assert client.images.list("lab-test/content") == []
