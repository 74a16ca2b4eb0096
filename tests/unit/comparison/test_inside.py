"""What an instance says about itself, from what a kernel shows it."""

from __future__ import annotations

import json

import pytest

from comparison import inside, storage_trial
from comparison.processes import draw, family, parse

FILES = {
    "proc/stat": "cpu  1 2 3\nbtime 1795644052\nprocesses 9\n",
    "proc/sys/kernel/osrelease": "6.18.44-fc\n",
    "proc/sys/kernel/random/boot_id": "b5642f2f-1977-4999-99dc-e6bca8a350ad\n",
    # As in an LXC container.
    "proc/self/status": "Name:\tcat\nCapPrm:\t000001fcfcfcffff\nCapEff:\t000001fcfcfcffff\nSeccomp:\t2\n",
}


@pytest.fixture
def machine(tmp_path):
    """Give a root directory with the files of FILES."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_kernel_is_told(machine):
    assert inside.kernel(machine) == {
        "release": "6.18.44-fc",
        "booted": 1795644052,
        "boot_id": "b5642f2f-1977-4999-99dc-e6bca8a350ad",
    }


def test_the_processes_are_a_tree(machine):
    for number, (name, parent) in {
        1: ("systemd", 0),
        2: ("kthreadd", 0),
        30: ("(sd-pam) (1)", 9),
        9: ("sshd", 1),
    }.items():
        path = machine / "proc" / str(number) / "stat"
        path.parent.mkdir()
        path.write_text(f"{number} ({name}) S {parent} 1 1 0 -1 0 0 0 0 0 0 0\n")
    told = map(parse, inside.processes(machine))
    assert draw(family(1, told)) == "systemd\n  sshd\n    (sd-pam) (1)"
    assert draw(family(1, map(parse, inside.processes(machine / "nowhere")))) == ""


def test_what_is_not_there_is_absent(machine):
    assert set(inside.crash_means(machine).values()) == {"absent"}


def test_what_may_be_written_is_open(machine):
    (machine / "proc/sysrq-trigger").touch()
    assert inside.crash_means(machine)["the system request key"] == "open"


@pytest.mark.parametrize(("capabilities", "state"), [("000001fcfcfcffff", "closed"), ("1ffffffffff", "open")])
def test_a_module_needs_the_capability(machine, capabilities, state):
    (machine / "proc/modules").touch()
    (machine / "proc/self/status").write_text(f"CapEff:\t{capabilities}\n")
    assert inside.crash_means(machine)["a kernel module"] == state


IDENTITY = "         0          0 4294967295\n"


@pytest.mark.parametrize(
    ("capabilities", "users", "label", "state"),
    [
        ("000001fcfcfcffff", IDENTITY, None, "open"),
        ("000001fcfcfcffff", IDENTITY, "unconfined\n", "open"),
        ("000001fcfcfcffff", IDENTITY, "lxc-own (complain)\n", "open"),
        # SELinux's.
        ("000001fcfcfcffff", IDENTITY, "unconfined_u:unconfined_r:unconfined_t:s0\0", "open"),
        ("000001fcfcfcffff", IDENTITY, "lxc-container-default-cgns (enforce)\n", "closed"),
        ("000001fcfcfcffff", "0 100000 65536\n", None, "closed"),
        # As in a Docker container.
        ("00000000a80425fb", IDENTITY, None, "closed"),
    ],
)
def test_mounting_proc_anew_needs_to_be_root_and_unconfined(machine, capabilities, users, label, state):
    (machine / "proc/self/status").write_text(f"CapEff:\t{capabilities}\n")
    (machine / "proc/self/uid_map").write_text(users)
    if label is not None:
        (machine / "proc/self/attr").mkdir()
        (machine / "proc/self/attr/current").write_text(label)
    assert inside.crash_means(machine)["mounting /proc anew"] == state


def test_the_label_of_apparmors_own_counts_beside_another_modules(machine):
    own = machine / "proc/self/attr/apparmor"
    own.mkdir(parents=True)
    (machine / "proc/self/uid_map").write_text(IDENTITY)
    (machine / "proc/self/attr/current").write_text("system_u:system_r:container_t:s0\0")
    for label, state in (("lxc-own (enforce)\n", "closed"), ("unconfined\n", "open")):
        (own / "current").write_text(label)
        assert inside.crash_means(machine)["mounting /proc anew"] == state


def test_an_outer_label_that_does_not_show_confines_as_well(machine):
    stacked = machine / "sys/kernel/security/apparmor/.ns_stacked"
    stacked.parent.mkdir(parents=True)
    stacked.write_text("yes\n")
    (machine / "proc/self/uid_map").write_text(IDENTITY)
    assert inside.crash_means(machine)["mounting /proc anew"] == "closed"


def test_it_opens_nothing_for_writing(machine):
    (machine / "proc/sysrq-trigger").write_text("untouched")
    inside.crash_means(machine)
    assert (machine / "proc/sysrq-trigger").read_text() == "untouched"


def test_services_are_asked_of_systemd_alone():
    assert inside.services("python3") == []


def test_storage_is_tried_and_left_as_it_was(tmp_path, monkeypatch, capsys):
    directory = tmp_path / "data"
    for action in ("prepare", "try"):
        monkeypatch.setattr("sys.argv", ["storage_trial.py", action, str(directory), "2", "1"])
        storage_trial.main()
    seconds = json.loads(capsys.readouterr().out)
    assert {kind: len(samples) for kind, samples in seconds.items()} == {"write": 2, "change": 2}
    assert {path.name: path.stat().st_size for path in directory.iterdir()} == {
        "old-0": 1 << 20,
        "old-1": 1 << 20,
    }
    assert (directory / "old-0").read_bytes()[:2] == b"x\0"
