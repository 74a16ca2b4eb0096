"""A path is resolved in the container, wherever a link in it may lead."""

from __future__ import annotations

import os

import pytest

from lxc_container.model import File, Link, Other
from lxc_container.root import Root

UNIT = File(b"[Service]\n")
OURS = (os.getuid(), os.getgid())


@pytest.fixture
def inside(tmp_path):
    """Return the directory of a container's root, beside which the machine has files of its own."""
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine/secret").write_text("the machine's")
    (tmp_path / "rootfs").mkdir()
    return tmp_path / "rootfs"


@pytest.fixture
def root(inside):
    return Root(str(inside), OURS)


def test_a_file_is_put_with_its_directories_and_read_again(root, inside):
    script = File(b"#!/bin/sh\n", 0o755)
    root.put("/opt/deep/run", script)
    assert (inside / "opt/deep/run").read_bytes() == b"#!/bin/sh\n"
    assert root.read("/opt/deep/run", len(script.content)) == script
    assert os.listdir(inside / "opt/deep") == ["run"]


def test_what_a_killed_run_has_left_is_no_hindrance(root, inside):
    (inside / ".cloud-lab.new").write_text("half")
    root.put("/run", UNIT)
    assert os.listdir(inside) == ["run"]


@pytest.mark.parametrize("target", ["{machine}", "../machine", "../../../machine", "/../machine", "inner/up"])
def test_a_directory_that_is_a_link_out_of_the_container_leads_into_it(root, inside, target):
    machine = inside.parent / "machine"
    (inside / "inner").mkdir()
    (inside / "inner/up").symlink_to("../../machine")
    (inside / "etc").symlink_to(target.format(machine=machine))
    root.put("/etc/secret", File(b"the container's"))
    assert (machine / "secret").read_text() == "the machine's"
    assert os.listdir(machine) == ["secret"]
    assert root.read("/etc/secret", 100) == File(b"the container's")
    root.take("/etc/secret")
    assert root.read("/etc/secret", 100) is None
    assert os.listdir(machine) == ["secret"]


def test_a_link_is_followed_as_the_container_does(root, inside):
    (inside / "usr/lib").mkdir(parents=True)
    (inside / "lib").symlink_to("/usr/lib")
    root.put("/lib/a", UNIT)
    assert (inside / "usr/lib/a").read_bytes() == UNIT.content


def test_the_root_itself_is_no_link(inside, tmp_path):
    (tmp_path / "link").symlink_to(inside)
    with pytest.raises(NotADirectoryError):
        Root(str(tmp_path / "link"), OURS).put("/a", UNIT)


def test_a_link_that_leads_to_itself_ends(root, inside):
    (inside / "round").symlink_to("round")
    with pytest.raises(OSError, match="symbolic links"):
        root.put("/round/a", UNIT)
    assert root.read("/round/a", 100) == Other()


def test_a_file_that_is_a_link_is_replaced_and_not_what_it_leads_to(root, inside):
    secret = inside.parent / "machine/secret"
    (inside / "a").symlink_to(secret)
    assert root.read("/a", 100) == Link(str(secret))
    root.put("/a", UNIT)
    assert (secret.read_text(), (inside / "a").is_symlink()) == ("the machine's", False)


def test_a_link_is_put_and_leads_nowhere_on_the_machine(root, inside):
    root.put("/wants/web.service", Link("/etc/web.service"))
    assert os.readlink(inside / "wants/web.service") == "/etc/web.service"
    root.take("/wants/web.service")
    assert os.listdir(inside / "wants") == []


def test_what_is_no_file_of_ours_is_something_other(root, inside):
    os.mkfifo(inside / "pipe")
    (inside / "long").write_bytes(b"0123456789")
    (inside / "directory").mkdir()
    assert root.read("/pipe", 9) == root.read("/long", 9) == Other()
    assert root.read("/directory", 9) == Other(directory=True)
    assert Root(str(inside), (12345, 12345)).read("/long", 10) == Other()


def test_what_is_not_there_is_taken_already(root, inside):
    (inside / "file").touch()
    for path in ("/no", "/no/such", "/file/below"):
        root.take(path)
        assert root.read(path, 1) is None


def test_everything_that_was_opened_is_closed(root, inside):
    (inside / "a/b").mkdir(parents=True)
    (inside / "link").symlink_to("/a/../a/b")
    before = len(os.listdir("/proc/self/fd"))
    root.put("/link/c/d", UNIT)
    root.read("/link/c/no", 1)
    assert len(os.listdir("/proc/self/fd")) == before
