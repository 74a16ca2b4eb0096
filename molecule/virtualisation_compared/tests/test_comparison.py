"""Each claim has its verdict and its figures, the charts are there, and nothing runs any more."""

from __future__ import annotations

import os
import shutil
from io import BytesIO
from pathlib import Path

import docker
import pytest
from lab import evidence, playbook, recap, run_playbook, variable

PLAYBOOK = "virtualisation_compared"
# What does not depend on how fast this machine is.
CERTAIN = {
    "C01": "reproduced",
    "C03": "depends",
    "C05": "reproduced",
    "C06": "reproduced",
    "C07": "reproduced",
    "C08": "reproduced",
}


@pytest.mark.parametrize("claim", sorted(CERTAIN))
def test_what_depends_on_no_speed_is_as_it_must_be(claim: str) -> None:
    assert evidence(claim, PLAYBOOK)["verdict"] == CERTAIN[claim]


@pytest.mark.parametrize("claim", ["C02", "C04", "C09", "C10"])
def test_what_was_measured_is_judged(claim: str) -> None:
    record = evidence(claim, PLAYBOOK)
    assert record["verdict"] in ("reproduced", "contradicted", "depends")
    assert record["observations"][0]["output"]


def test_processes_and_services_were_seen_inside_the_machine() -> None:
    seen = [one["output"] for one in evidence("C06", PLAYBOOK)["observations"] if one["host"] == "vm"]
    assert any(output.startswith("systemd\n  ") for output in seen)
    assert any("calculator.service" in output for output in seen)


def test_the_panic_was_the_machines_own() -> None:
    observations = evidence("C05", PLAYBOOK)["observations"]
    [panic] = [entry for entry in observations if "sysrq-trigger" in entry["command"]]
    assert (panic["host"], panic["rc"]) == ("vm", 0)
    assert "Kernel panic - not syncing: sysrq triggered crash" in panic["output"]
    questions = [entry for entry in observations if entry["command"].startswith("instance_answers:")]
    assert [(entry["rc"], entry["output"]) for entry in questions] == [(0, "11")] * 7 + [(1, "no answer")]


def test_a_container_was_given_no_way_to_crash_its_host() -> None:
    means = {
        entry["host"]: [line.split(": ")[1] for line in entry["output"].splitlines()]
        for entry in evidence("C05", PLAYBOOK)["observations"]
        if entry["command"].endswith("< inside.py")
    }
    assert {host: len(states) for host, states in means.items()} == {"docker": 4, "lxc": 4}
    assert not [host for host, states in means.items() if "open" in states]


def test_the_pages_say_what_was_written_and_fail_without_their_database() -> None:
    observations = evidence("C08", PLAYBOOK)["observations"]
    written = {entry["output"].strip() for entry in observations if entry["command"].endswith("< run.sql")}
    pages = {entry["output"].strip() for entry in observations if entry["command"].startswith("uri:")}
    assert len(written) == 1
    assert pages == written
    refused = [entry["output"] for entry in observations if entry["rc"]]
    assert len(refused) == 2
    assert all("500" in output for output in refused)


def test_three_docker_containers_have_one_program_each_and_the_lxc_container_all() -> None:
    outputs = {
        " ".join(entry["command"].split()[:2]): entry["output"]
        for entry in evidence("C08", PLAYBOOK)["observations"]
    }
    programs = [line.split()[1].strip('"') for line in sorted(outputs["docker ps"].splitlines())]
    # The version of PHP is in its program's name.
    assert [program.partition("fpm")[0] for program in programs] == ["mariadbd", "php-", "apache2"]
    assert outputs["lxc-ls --running"].split() == [f"lab-{variable('lab_name')}-comparison-lamp"]


def test_the_evidence_says_that_the_run_was_quick() -> None:
    assert evidence("C04", PLAYBOOK)["environment"]["thoroughness"].startswith("quick")


def test_the_evidence_and_the_report_say_what_is_missing() -> None:
    environment = evidence("C04", PLAYBOOK)["environment"]
    assert environment["parts"] == "process, docker, lxc, vm, layers, crash, lamp"
    assert environment["gaps"] == {}
    report = (Path(variable("lab_evidence_dir")) / PLAYBOOK / "report.md").read_text()
    assert "## What is missing\n\nNothing.\n" in report
    assert [f"- [C{number:02}](C{number:02}.json) " in report for number in range(1, 11)] == [True] * 10


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ("comparison_parts=docker,dokcer", "comparison_parts: 'dokcer' is no part of the comparison"),
        ("comparison_parts=attempt", "comparison_parts: 'attempt' is no part of the comparison"),
        ("comparison_accelerator=hvf", "comparison_accelerator: 'hvf' is no way to run the virtual machine"),
        (
            "ansible_become_user=nobody ansible_become_exe=/bin/false",
            "reads the memory of processes, for which it needs root's rights",
        ),
    ],
    ids=["misspelt", "no part", "accelerator", "no root"],
)
def test_what_cannot_work_is_refused_before_anything_is_started(variables: str, message: str) -> None:
    done = run_playbook(PLAYBOOK, "-e", variables, "-e", "comparison_quick=true")
    assert done.returncode != 0
    assert message in " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize("name", ["start_time", "memory", "latency", "density"])
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_charts_are_there(name: str, kind: str) -> None:
    chart = Path(variable("lab_evidence_dir")) / PLAYBOOK / f"{name}.{kind}"
    assert chart.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")


def test_nothing_runs_any_more() -> None:
    name = f"lab-{variable('lab_name')}-comparison"
    client = docker.from_env()
    try:
        assert [one.name for one in client.containers.list(all=True) if one.name.startswith(name)] == []
        assert [one.name for one in client.networks.list() if one.name == name] == []
        assert [one.name for one in client.volumes.list() if one.name == name] == []
    finally:
        client.close()
    state = Path(variable("lab_state_dir")) / "comparison"
    assert list(state.glob("*.pid")) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into /var/lib/lxc")
def test_no_lxc_container_is_left() -> None:
    name = f"lab-{variable('lab_name')}-comparison"
    assert list(Path("/var/lib/lxc").glob(f"{name}*")) == []


def test_nobody_else_may_enter_where_its_files_are() -> None:
    state = Path(variable("lab_state_dir"))
    assert [path.stat().st_mode & 0o777 for path in (state, state / "comparison")] == [0o700] * 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into /var/lib/lxc")
@pytest.mark.parametrize("directory", ["kept", "gone"])
def test_what_an_interrupted_run_has_left_is_removed_without_another_one(directory: str) -> None:
    name = f"lab-{variable('lab_name')}-comparison"
    state = Path(variable("lab_state_dir")) / "comparison"
    labels = {"cloud-lab.comparison-image": name}
    home = Path(f"/var/lib/lxc/{name}-1")
    (home / "rootfs").mkdir(parents=True)
    (home / "cloud-lab.container").write_text(f"{name}-1\n")
    if directory == "kept":
        # Of no process: one that ended by itself.
        state.mkdir(mode=0o700, exist_ok=True)
        (state / "process-1.pid").write_text("999999999\n")
    else:
        shutil.rmtree(state, ignore_errors=True)
    client = docker.from_env()
    try:
        image = next(image for image in client.images.list() if any("container" in tag for tag in image.tags))
        client.containers.create(image.id, "true", name=f"{name}-1", labels={"cloud-lab.comparison": name})
        # One that a newer one took the name from.
        client.images.build(
            fileobj=BytesIO(f"FROM {image.tags[0]}\nCMD true".encode()), labels=labels, rm=True
        )
        removal = "virtualisation_compared_absent"
        playbook(removal, "--check")
        assert client.containers.list(all=True, filters={"name": f"^/{name}-1$"})
        assert home.exists()
        playbook(removal)
        assert client.containers.list(all=True, filters={"name": f"^/{name}-1$"}) == []
        assert client.images.list(filters={"label": f"cloud-lab.comparison-image={name}"}) == []
        assert not home.exists()
        assert not state.exists()
        assert sum(counts["changed"] for counts in recap(playbook(removal)).values()) == 0
    finally:
        client.close()


def test_what_somebody_else_calls_so_or_has_made_of_it_stays(tmp_path: Path) -> None:
    name = f"lab-{variable('lab_name')}-comparison"
    image = f"lab-{variable('lab_name')}/comparison:sum"
    labels = {"cloud-lab.comparison-image": name}
    client = docker.from_env()
    some = next(image for image in client.images.list() if any("container" in tag for tag in image.tags))
    # As an interrupted run leaves it.
    left, _ = client.images.build(
        fileobj=BytesIO(f"FROM {some.tags[0]}\nCMD true".encode()), tag=image, labels=labels, rm=True
    )
    foreign = [
        client.volumes.create(name),
        client.containers.create(left.id, "true", name=f"{name}-writer"),
        client.containers.create(left.id, "true", name=f"own-{name}"),
    ]
    try:
        done = run_playbook(
            PLAYBOOK,
            *("-e", "comparison_parts=docker,layers", "-e", "comparison_quick=true"),
            *("-e", f"lab_evidence_dir={tmp_path}"),
        )
        words = " ".join((done.stdout + done.stderr).split())
        assert "No part could be shown here, of docker, layers." in words
        assert done.returncode != 0
        for part in ("docker", "layers"):
            assert (
                f"The part {part} cannot be shown here: The container {name}-writer of Docker has not"
                in words
            )
        for one in foreign:
            one.reload()
    finally:
        for one in reversed(foreign):
            one.remove(force=True)
        for tag in [tag for tag in client.images.list() if image in tag.tags]:
            client.images.remove(tag.id, force=True)
        client.close()


def test_a_part_that_has_no_room_says_so(tmp_path: Path) -> None:
    variables = f"comparison_parts=docker comparison_min_free_mib=99999999 lab_evidence_dir={tmp_path}"
    done = run_playbook(PLAYBOOK, "-e", variables, "-e", "comparison_quick=true")
    assert done.returncode != 0
    assert "comparison_min_free_mib asks for 99999999. Make room there" in " ".join(done.stdout.split())
    assert "comparison_min_free_mib" in (tmp_path / PLAYBOOK / "report.md").read_text()
