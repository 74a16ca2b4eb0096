"""What is done follows from what is wanted and what there is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lxc_container import config, users
from lxc_container.model import File, Found, Link, Other, Wanted
from lxc_container.plan import diffs, foreign, links, make, missing, mistakes, refusals, removal

WANT = Wanted("office", key="new", archive="/cache/new.tar", interface="lxc-office", services=["web.service"])
PAGE, LINK = "/srv/index.html", "/etc/systemd/system/multi-user.target.wants/web.service"
ITEMS = {PAGE: File(b"page"), **links(WANT)}
RESERVED = dict.fromkeys(users.RESERVATIONS, "root:1000000:65536\n")
NOTHING = Found(free_mib=5000)
RUNNING = Found(
    home=True,
    mode=0o750,
    group=1000000,
    key="new",
    noted=frozenset(ITEMS),
    items=ITEMS,
    config=config.render(WANT, False),
    status="RUNNING",
    accounts=RESERVED,
)
STOPPED = replace(RUNNING, status="STOPPED")


def kinds(want, found, items=ITEMS):
    return [step.kind for step in make(want, found, items)]


def test_a_container_is_made_from_nothing_and_started_last():
    assert kinds(WANT, NOTHING) == [
        "reserve",
        "reserve",
        "unpack",
        "note",
        "put",
        "put",
        "configure",
        "start",
    ]
    assert kinds(replace(WANT, state="stopped"), NOTHING)[-1] == "configure"


def test_nothing_is_done_to_what_is_as_declared():
    assert kinds(WANT, RUNNING) == []
    assert kinds(replace(WANT, state="stopped"), STOPPED) == []


def test_one_that_is_in_the_wrong_state_is_started_or_stopped():
    assert kinds(WANT, STOPPED) == ["start"]
    assert kinds(replace(WANT, state="stopped"), RUNNING) == ["stop"]
    assert kinds(WANT, replace(RUNNING, status="FROZEN")) == ["kill", "start"]


@pytest.mark.parametrize(
    ("found", "change"),
    [
        (replace(RUNNING, items=ITEMS | {PAGE: File(b"old")}), "put"),
        (replace(RUNNING, items=ITEMS | {PAGE: File(b"page", 0o600)}), "put"),
        (replace(RUNNING, items=ITEMS | {LINK: Link("/dev/null")}), "put"),
        (replace(RUNNING, config="other"), "configure"),
    ],
)
def test_one_that_runs_is_stopped_before_anything_in_it_changes(found, change):
    assert kinds(WANT, found) == ["stop", change, "start"]


def test_another_root_takes_the_place_of_the_former_with_all_that_is_in_it():
    found = replace(RUNNING, key="old", noted=frozenset({"/srv/former"}))
    steps = make(WANT, found, ITEMS)
    assert [step.kind for step in steps] == ["kill", "unpack", "note", "put", "put", "start"]
    assert steps[2].paths == frozenset(ITEMS)


def test_what_is_no_longer_declared_is_taken_and_stays_on_the_list_until_then():
    steps = make(replace(WANT, services=[]), RUNNING, {PAGE: ITEMS[PAGE]})
    assert [step.kind for step in steps] == ["stop", "take", "note", "start"]
    assert steps[1].path == LINK
    moved = make(WANT, replace(STOPPED, noted=frozenset({"/srv/former"})), ITEMS)
    assert moved[0].paths == frozenset(ITEMS) | {"/srv/former"}
    assert moved[-2].paths == frozenset(ITEMS)


@pytest.mark.parametrize("there", [{}, {"/srv/former": Other(directory=True)}])
def test_what_has_gone_by_itself_or_become_a_directory_is_no_change(there):
    found = replace(RUNNING, noted=frozenset({*ITEMS, "/srv/former"}), items=ITEMS | there)
    steps = make(WANT, found, ITEMS)
    assert [(step.kind, step.line) for step in steps] == [("note", "")]


def test_a_list_is_begun_for_a_container_of_former_times_without_a_change():
    steps = make(WANT, replace(RUNNING, noted=None), ITEMS)
    assert [(step.kind, step.line) for step in steps] == [("note", "")]


def test_others_are_kept_out_of_its_directory():
    assert kinds(WANT, replace(RUNNING, mode=0o755)) == ["shut"]
    assert kinds(WANT, replace(RUNNING, group=0)) == ["shut"]


def test_users_are_reserved_once_and_not_those_of_the_machine():
    assert kinds(WANT, replace(RUNNING, accounts=RESERVED | {"/etc/subgid": ""})) == ["reserve"]
    assert "reserve" not in kinds(replace(WANT, first_id=0), NOTHING)


def test_one_that_is_removed_is_not_asked_to_shut_down():
    assert [step.kind for step in removal(WANT, RUNNING)] == ["kill", "remove"]
    assert [step.kind for step in removal(WANT, STOPPED)] == ["remove"]
    assert removal(WANT, NOTHING) == []


def test_a_container_that_is_not_ours_is_refused():
    found = Found(home=True, ours=False)
    said = "lxc_container_name: there is a container office in /var/lib/lxc that this role has not made. "
    assert foreign(WANT, found).startswith(said)
    assert refusals(WANT, found, {})[0] == foreign(WANT, found)
    assert foreign(WANT, RUNNING) == ""


def test_room_is_needed_only_to_unpack():
    want = replace(WANT, min_free_mib=10)
    assert refusals(want, RUNNING, ITEMS) == []
    (said,) = refusals(want, Found(free_mib=9), ITEMS)
    assert said.startswith(
        "lxc_container_dir: /var/lib/lxc has 9 MiB free, and lxc_container_min_free_mib asks for 10."
    )


def test_a_release_for_the_second_version_of_control_groups_is_refused_on_the_first():
    found = replace(NOTHING, cgroup2=False)
    assert refusals(WANT, found, ITEMS) == []
    (said,) = refusals(replace(WANT, suite="trixie"), found, ITEMS)
    assert said.startswith("lxc_container_suite: ")


def test_users_of_others_are_refused():
    found = replace(NOTHING, accounts={"/etc/subuid": "root:1000000:1000000000\n"})
    assert "root:1000000:1000000000" in refusals(WANT, found, ITEMS)[0]
    assert refusals(replace(WANT, first_id=0), found, ITEMS) == []


def test_a_directory_in_the_place_of_a_file_is_refused():
    found = replace(RUNNING, items=ITEMS | {PAGE: Other(directory=True)})
    assert refusals(WANT, found, ITEMS)[0].startswith(f"lxc_container_files: {PAGE} is a directory")


def test_what_has_to_be_built_is_missing_unless_it_is_unpacked_already():
    without = replace(NOTHING, programs=False, archive=False)
    assert [said.split(":")[0] for said in missing(WANT, without)] == [
        "lxc_container_host_packages",
        "lxc_container_cache_dir",
    ]
    assert missing(WANT, replace(RUNNING, archive=False)) == []


def file(**more):
    return {"dest": "/a", "mode": "0644", "content": "x", "src": None} | more


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"name": "a/b"}, "lxc_container_name: 'a/b' is no name of a container"),
        ({"name": ".."}, "lxc_container_name: '..' is no name of a container"),
        ({"address": "198.18.0.1/24"}, "lxc_container_address: '198.18.0.1/24' is no IPv4 address"),
        ({"address": "198.18.0.1", "interface": "x" * 16}, "lxc_container_interface: "),
        (
            {"first_id": 1000},
            "lxc_container_first_id: 1000 and the 65535 after it may not be the container's users.",
        ),
        ({"first_id": 4294901759}, "lxc_container_first_id: "),
        ({"options": [file(content=None)]}, "lxc_container_files: /a needs either content or src."),
        ({"options": [file(src="/b")]}, "lxc_container_files: /a needs either content or src."),
        ({"options": [file(dest="a")]}, "lxc_container_files: a is no path in the container."),
        ({"options": [file(dest="/a/../b")]}, "lxc_container_files: /a/../b is no path in the container."),
        ({"options": [file(dest="/./a")]}, "lxc_container_files: /./a is no path in the container."),
        ({"options": [file(dest="/")]}, "lxc_container_files: / is a directory. Name a file in it"),
        ({"options": [file(dest="/a/")]}, "lxc_container_files: /a/ is a directory. Name a file"),
        ({"options": [file(mode="u=rw")]}, "lxc_container_files: /a has the mode 'u=rw'."),
        # What YAML makes of 0400 and 0644.
        ({"options": [file(mode="256")]}, "lxc_container_files: /a has the mode '256'."),
        ({"options": [file(mode="420")]}, "lxc_container_files: /a has the mode '420'."),
        ({"options": [file(mode="2541")]}, "lxc_container_files: /a has the mode '2541'."),
        ({"services": ["../web.service"]}, "lxc_container_services: '../web.service' is no name of a unit."),
    ],
)
def test_what_can_never_work_is_named(more, said):
    (sentence,) = mistakes(replace(WANT, **more))
    assert sentence.startswith(said)


def test_what_works_is_no_mistake():
    fine = replace(WANT, address="198.18.0.1", interface="lxc-office", options=[file(), file(content="")])
    assert mistakes(fine) == []
    assert mistakes(replace(WANT, first_id=4294901758)) == mistakes(replace(WANT, first_id=0)) == []


def test_the_diff_shows_the_steps_and_what_changes_in_the_files():
    found = replace(RUNNING, items=ITEMS | {PAGE: File(b"old")}, config="")
    steps, *texts = diffs(WANT, found, make(WANT, found, ITEMS))
    assert steps == {"prepared": f"~ stopped\n~ {PAGE}\n+ configuration\n~ started\n"}
    assert (texts[0]["before"], texts[0]["after"]) == ("old", "page")
    assert texts[1]["after"] == RUNNING.config


def test_bytes_that_are_no_text_are_counted():
    items = {PAGE: File(b"\xff\xfe")}
    found = replace(RUNNING, items={})
    assert diffs(WANT, found, make(WANT, found, items))[1]["after"] == "2 bytes that are no text\n"
