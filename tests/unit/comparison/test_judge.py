"""From what the modules hand on to verdicts, evidence and a table."""

from __future__ import annotations

from typing import Any

import pytest

from comparison.judge import PARTS, density, judge, missing, observations, seen, table
from comparison.samples import summary
from evidence.record import build

from .recorded import CPUINFO


def facts(scale: float, **more: Any) -> dict[str, Any]:
    return {
        "start": summary([scale, 1.2 * scale]).facts(),
        "answer": summary([scale / 1000] * 3).facts(),
        "rate": summary([1000 / scale] * 3).facts(),
        "idle": summary([scale / 10] * 3).facts(),
        "idle_step": 0.25,
        "memory_first": 30 * scale,
        "memory_further": 20 * scale,
        "kernel": {"release": "6.18", "booted": 1000, "boot_id": "b"},
        "init": False,
        "processes": 1,
        "tree": "python3",
        "asked": "python3 - < inside.py",
    } | more


def page(containers: list[str], text: str = "Uy7Q\n", **more: Any) -> dict[str, Any]:
    return {
        "url": "http://198.18.1.23/index.php",
        "page": text,
        "containers": containers,
        "listed": "docker ps",
        "written": {"command": "mariadb", "output": "Uy7Q"},
        "stopped": "systemctl stop mariadb.service",
        "refusal": "HTTP Error 500: Internal Server Error",
    } | more


ANSWERS = {
    kind: [f"http://127.0.0.1:{port}/", "11"]
    for kind, port in (("process", 50101), ("docker", 50001), ("lxc", 50002), ("vm", 50111))
}
MEASURED: dict[str, Any] = {
    "seen": {
        "process": facts(1),
        "docker": facts(
            1.1, disk_first=160.0, disk_further=0.0, crash_means={"the system request key": "closed"}
        ),
        "lxc": facts(
            1.5,
            disk_first=200.0,
            disk_further=200.0,
            disk_asked="du rootfs",
            init=True,
            services=["cron.service", "rsyslog.service"],
            crash_means={"the system request key": "absent"},
        ),
        "vm": facts(16, kernel={"release": "6.12", "booted": 2000, "boot_id": "v"}),
    },
    "accelerator": "tcg",
    "machine": {
        "cpuinfo": CPUINFO,
        "hypervisor": "kvm",
        "container": "docker",
        "vendor": "",
        "kernel": "6.18",
    },
    "products": [
        {"item": {"product": "virtualbox", "argv": ["VBoxManage", "--version"]}, "rc": 2},
        {
            "item": {"product": "openstack", "argv": ["docker", "exec", "cloud-lab", "grep", "^virt_type"]},
            "rc": 0,
            "stdout": "virt_type = qemu",
        },
    ],
    "storage": {
        "layered": {
            "write": [0.5, 0.6],
            "change": [0.5, 0.6],
            "command": "trial /srv/old",
        },
        "volume": {
            "write": [0.5, 0.6],
            "change": [0.01, 0.02],
            "command": "trial /data/old",
        },
    },
    "storage_mib": 64,
    "layered": {"layers": 6, "write_gone": True, "volume_kept": True},
    "crash": {
        "console": "Kernel panic - not syncing: sysrq triggered crash",
        "command": "ssh debian@127.0.0.1 echo c",
        "rc": 0,
        "before": ANSWERS,
        "after": ANSWERS | {"vm": [ANSWERS["vm"][0], ""]},
    },
    "lamp": {
        "token": "Uy7Q",
        "lxc": page(["lab-x-comparison-lamp"], inside={"command": "systemctl", "output": "apache2 mariadb"}),
        "docker": page([f"lab-x-comparison-{name}" for name in ("database", "php", "web")]),
    },
}


def test_every_claim_is_judged_from_full_figures():
    assert {claim: verdict.verdict for claim, verdict in judge(MEASURED).items()} == {
        "C01": "reproduced",
        "C02": "reproduced",
        "C03": "depends",
        "C04": "reproduced",
        "C05": "reproduced",
        "C06": "reproduced",
        "C07": "reproduced",
        "C08": "reproduced",
        "C09": "depends",
        "C10": "depends",
    }


@pytest.mark.parametrize("claim", PARTS)
def test_every_verdict_makes_evidence(claim):
    verdict = judge(MEASURED)[claim]
    record = build(
        claim,
        verdict.verdict,
        verdict.sentence,
        "p.yml",
        {},
        observations(MEASURED, claim),
        "2025-11-22T10:16:00Z",
    )
    assert all(entry["output"] for entry in record["observations"])


def test_evidence_says_what_ran_and_how_it_ended():
    *before, panic, process, _, _, machine = observations(MEASURED, "C05")[:9]
    assert [entry["output"] for entry in before] == ["11"] * 4
    assert (panic["command"], panic["rc"]) == ("ssh debian@127.0.0.1 echo c", 0)
    assert (process["rc"], process["output"]) == (0, "11")
    assert (machine["rc"], machine["output"]) == (1, "no answer")


def crashed(when, kind, answer):
    """Return the verdict where one of them answered otherwise."""
    crash = MEASURED["crash"]
    answers = crash[when] | {kind: [ANSWERS[kind][0], answer]}
    return judge(MEASURED | {"crash": crash | {when: answers}})["C05"]


def test_an_answer_after_the_panic_counts_only_if_it_is_right():
    found = crashed("after", "docker", "12")
    assert found.verdict == "contradicted"
    assert "the Docker container gave the right answer no more" in found.sentence
    assert crashed("after", "vm", "11").verdict == "depends"


def test_what_was_gone_before_was_not_taken_by_the_panic():
    crash = MEASURED["crash"]
    gone = {when: crash[when] | {"docker": ["http://172.17.0.2/", ""]} for when in ("before", "after")}
    found = judge(MEASURED | {"crash": crash | gone})["C05"]
    assert found.verdict == "depends"
    assert found.sentence.startswith(
        "The kernel of the virtual machine panicked, and a plain process and the LXC"
    )
    assert found.sentence.endswith(
        "The Docker container did not give it even before, which is not the panic's doing."
    )


def test_the_evidence_says_how_the_disk_was_measured():
    *_, disk = observations(MEASURED, "C03")
    assert disk == {
        "host": "lxc",
        "command": "du rootfs",
        "rc": 0,
        "output": "200 MiB, one more 200 MiB",
    }


def test_what_was_not_found_is_evidence_too():
    _, box, cloud = observations(MEASURED, "C10")
    assert (box["rc"], box["output"]) == (2, "no answer")
    assert (cloud["rc"], cloud["output"]) == (0, "virt_type = qemu")
    sentence = judge(MEASURED)["C10"].sentence
    assert "the hypervisor of OpenStack, found here, is of type 2" in sentence
    assert "VirtualBox did not answer here" in sentence


def test_a_page_of_another_run_does_not_count():
    lamp = MEASURED["lamp"]
    old = MEASURED | {"lamp": lamp | {"docker": page(lamp["docker"]["containers"], "an older token\n")}}
    assert judge(old)["C08"].verdict == "depends"
    older = old["lamp"] | {"lxc": page(lamp["lxc"]["containers"], "")}
    assert judge(old | {"lamp": older})["C08"].verdict == "contradicted"


def test_lamp_is_judged_by_the_containers_that_run():
    two = MEASURED["lamp"] | {"docker": page(["web", "database"])}
    found = judge(MEASURED | {"lamp": two})["C08"]
    assert found.verdict == "depends"
    assert "from 1 LXC container and came from 2 Docker containers" in found.sentence


def test_the_evidence_has_the_answer_without_the_database():
    told = observations(MEASURED, "C08")
    assert [entry["rc"] for entry in told] == [0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert {entry["output"] for entry in told if entry["rc"]} == {"HTTP Error 500: Internal Server Error"}
    assert "systemctl" in {entry["command"] for entry in told}


def test_without_anything_only_what_lies_beneath_is_judged():
    nothing = MEASURED | {"seen": {}, "storage": {}, "layered": {}, "crash": {}, "lamp": {}}
    [(claim, found)] = judge(nothing).items()
    assert (claim, found.verdict) == ("C10", "depends")
    assert "the hypervisor of OpenStack, found here, is of type 2" in found.sentence
    assert "QEMU with" not in found.sentence
    assert observations(nothing, "C10")[0]["output"].endswith("accelerator: no virtual machine ran")
    assert missing(judge(nothing), {"vm": "no QEMU"})["C01"] == "vm: no QEMU"


def test_a_hypervisor_that_fails_to_answer_is_evidence_with_its_reason():
    failed = MEASURED["products"][0] | {"rc": 125, "stdout": "", "stderr": "the daemon is gone"}
    broken = MEASURED | {"products": [failed]}
    assert "VirtualBox did not answer here" in judge(broken)["C10"].sentence
    assert observations(broken, "C10")[1]["output"] == "the daemon is gone"


def test_what_was_not_judged_has_the_reason_of_its_part():
    partial = MEASURED | {
        "seen": {"process": facts(1), "vm": facts(16)},
        "layered": {},
        "storage": {},
        "lamp": {},
    }
    reasons = missing(judge(partial), {"docker": "no Docker", "lxc": "no LXC", "layers": "no image"})
    assert reasons["C06"] == "docker: no Docker; lxc: no LXC"
    assert reasons["C07"] == reasons["C09"] == "docker: no Docker; layers: no image"
    assert reasons["C08"] == "this run did not try it"
    assert reasons["C03"].startswith("docker: no Docker")
    assert missing(judge(MEASURED), {}) == {}


def test_without_idle_load_the_rest_is_judged():
    busy = {kind: {**kept, "idle": None, "idle_step": None} for kind, kept in MEASURED["seen"].items()}
    judged = judge(MEASURED | {"seen": busy})
    assert missing(judged, {"idle": "vm: gone"}) == {"C02": "idle: vm: gone"}
    assert any(line.startswith("idle, % of a processor  -") for line in table(MEASURED | {"seen": busy}))


def test_the_table_has_a_column_for_each_kind():
    lines = table(MEASURED)
    assert lines[0].split() == ["process", "docker", "lxc", "vm"]
    assert lines[1].split()[:3] == ["first", "answer,", "s"]
    assert "17.6 (16-19.2)" in lines[1]
    assert lines[-1].startswith("Answers a second: at least so many. ")
    assert table(MEASURED | {"seen": {}})[0] == ""


def test_one_machine_alone_says_nothing_of_further_ones():
    alone = MEASURED | {"seen": MEASURED["seen"] | {"vm": facts(16, memory_further=None)}}
    lines = {line[:23].strip(): line.split()[-1] for line in table(alone)}
    assert (lines["one more, MiB"], lines["fit into a GiB"]) == ("-", "-")
    assert lines["memory, MiB"] == "480"


def test_density_needs_the_memory():
    assert density(seen(facts(1))) == 50
    assert density(seen({})) is None
