"""What the comparison's variables come to, as Ansible computes them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from ad_hoc import ad_hoc, result

ROOT = Path(__file__).resolve().parents[3]


def settings(name: str, **variables: Any) -> Any:
    """Return one of the comparison's variables, with these beside them."""
    done = ad_hoc(
        "ansible.builtin.debug",
        f"var={name}",
        "--extra-vars=@playbooks/vars/comparison.yml",
        f"--extra-vars={json.dumps({'lab_name': 'x', 'lab_state_dir': '/lab', **variables})}",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return result(done)[name]


def disk(mtime: float, size: int) -> str:
    """Return the machine's disk on a guest image."""
    image = {"stat": {"mtime": mtime, "size": size}}
    path: str = settings(
        "_machine_disk",
        guest_image_key="k",
        _machine_user_data="#cloud-config",
        __guest_image=image,
        _lab_key="k",
    )
    return path


def test_an_image_that_was_built_again_has_another_disk_on_it():
    first = disk(1000.5, 1 << 28)
    assert first.startswith("/lab/comparison/machine-")
    assert disk(1000.5, 1 << 28) == first
    assert first not in (disk(2000.5, 1 << 28), disk(1000.5, 1 << 27))


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"msg": "non-zero return code", "stderr": "no room\n"}, "non-zero return code: no room"),
        ({}, "no reason was given"),
        (
            {
                "msg": "One or more items failed",
                "results": [
                    {"msg": "fine"},
                    {"failed": False, "msg": "fine"},
                    {"failed": True, "msg": "no such image"},
                    {"failed": True, "msg": "another"},
                ],
            },
            "no such image",
        ),
        # Not every result of this name is a loop's.
        ({"msg": "no package", "results": ["a line"]}, "no package"),
    ],
    ids=["command", "silence", "loop", "other results"],
)
def test_a_failure_has_the_reason_of_what_failed(result, reason):
    assert settings("_reason", ansible_failed_result=result) == reason


DEVICE = {"stat": {"exists": True, "readable": True, "writeable": True}}


@pytest.mark.parametrize(
    ("known", "ran_on", "processor"),
    [
        ({"__kvm": DEVICE, "__kvm_trial": {"rc": 0}}, "kvm", "host"),
        (
            {"__kvm": DEVICE, "__kvm_trial": {"rc": 1}},
            "tcg, without KVM: the guest image did not boot with it within 40 s",
            "qemu64",
        ),
        (
            {"__kvm": {"stat": {"exists": False}}, "__kvm_trial": {"skipped": True}},
            "tcg, without KVM: this machine has no /dev/kvm",
            "qemu64",
        ),
        (
            {"__kvm": {"stat": DEVICE["stat"] | {"writeable": False}}, "__kvm_trial": {"skipped": True}},
            "tcg, without KVM: who runs this may not use /dev/kvm",
            "qemu64",
        ),
        ({"comparison_accelerator": "kvm"}, "kvm", "host"),
        ({"comparison_accelerator": "tcg"}, "tcg, without KVM: comparison_accelerator says so", "qemu64"),
    ],
    ids=["kvm", "boots not", "no device", "no permission", "asked for", "asked not to"],
)
def test_the_machine_runs_on_kvm_or_it_is_said_why_not(known, ran_on, processor):
    assert settings("_ran_on", comparison_seen={"vm": {}}, **known) == ran_on
    words = settings("_machine_command", lab_comparison_ports="5", _machine_disk="/d", **known)
    assert words[words.index("-cpu") + 1] == processor


@pytest.mark.parametrize(("seconds", "overdue"), [(590, False), (610, True)])
def test_a_machine_is_waited_for_no_longer_than_it_may_take(seconds, overdue):
    assert settings("_machine_overdue", comparison_boot_began=int(time.time()) - seconds) is overdue


def test_nothing_ran_where_no_machine_was_tried():
    assert settings("_ran_on", comparison_seen={}) == "none: no virtual machine ran"
    assert settings("_accelerator") == "tcg"


def test_the_report_shows_what_lies_beneath():
    layers = "hardware\noperating system: 6.18"
    template = ROOT / "playbooks" / "templates" / "comparison.md.j2"
    report = settings(
        "_report",
        _report=f"{{{{ lookup('ansible.builtin.template', '{template}') }}}}",
        __judged={"layers": layers, "missing": {}, "claims": [], "table": []},
        comparison_gaps={},
        comparison_seen={},
    )
    assert f"## What lies beneath\n\n```\n{layers}\n```\n" in report
