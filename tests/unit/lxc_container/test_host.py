"""A run that was cut off anywhere leaves what the next one finishes; nothing else is ever touched."""

from __future__ import annotations

import fcntl
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from lxc_container.host import Host, HostError, alone, look, read_items
from lxc_container.model import File, Wanted
from lxc_container.plan import Step, removal


class Killed(BaseException):
    """Somebody has killed the module."""


class Lxc:
    """As much of LXC and tar as is needed here; `dies` names the program in which the run is cut off."""

    def __init__(self, dies=""):
        self.dies = dies
        self.says = ["running"]
        self.asked = []

    def __call__(self, command):
        self.asked.append(command)
        if "rm" in command:
            # As far as it gets.
            subprocess.run(command[: -1 if self.dies == "rm" else None], check=True)
        if "tar" in command:
            (directory,) = (word.partition("=")[2] for word in command if word.startswith("--directory="))
            (Path(directory) / "usr").mkdir()
        if self.dies and self.dies in command:
            raise Killed
        if command[0] == "lxc-info":
            return 0, "State:          STOPPED\n", ""
        if "is-system-running" in command:
            return 0, f"{self.says.pop(0) if len(self.says) > 1 else self.says[0]}\n", ""
        if "--failed" in command:
            return 0, "web.service loaded failed failed\n", ""
        return 0, "", ""


@pytest.fixture
def want(tmp_path):
    return Wanted(
        "office", directory=str(tmp_path / "lxc"), key="new", archive="new.tar", first_id=os.getgid()
    )


def test_an_archive_is_unpacked_into_a_directory_for_root_and_the_container(want):
    Host(Lxc(), want).do(Step("unpack"))
    found = look(Lxc(), want, {})
    assert (found.ours, found.mode, found.group, found.key) == (True, 0o750, os.getgid(), "new")


def test_an_unpacking_that_was_cut_off_is_ours_and_begins_anew(want):
    with pytest.raises(Killed):
        Host(Lxc(dies="tar"), want).do(Step("unpack"))
    found = look(Lxc(), want, {})
    assert (found.ours, found.key) == (True, "")
    (Path(want.root) / "half").touch()
    Host(Lxc(), want).do(Step("unpack"))
    assert os.listdir(want.root) == ["usr"]
    assert look(Lxc(), want, {}).key == "new"


@pytest.mark.parametrize("dies", ["", "rm", "tar"])
def test_the_list_of_files_goes_with_the_root_that_they_were_put_into(want, dies):
    host = Host(Lxc(), want)
    host.do(Step("unpack"))
    host.do(Step("note", paths=frozenset({"/etc/page.conf"})))
    with suppress(Killed):
        Host(Lxc(dies=dies), want).do(Step("unpack"))
    assert look(Lxc(), want, {}).noted is None


@pytest.mark.parametrize("cut", ["rm", "unlink", "rmdir"])
def test_a_removal_that_was_cut_off_is_finished(want, monkeypatch, cut):
    host = Host(Lxc(), want)
    host.do(Step("unpack"))
    host.do(Step("note", paths=frozenset({"/a"})))
    host.do(Step("configure", text="x"))

    def die(*_, **__):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        if cut != "rm":
            patch.setattr(Path, cut, die)
        Host(Lxc(dies=cut), want).do(Step("remove"))
    found = look(Lxc(), want, {})
    assert found.home and found.ours
    for step in removal(want, found):
        host.do(step)
    assert not look(Lxc(), want, {}).home


@pytest.mark.parametrize("mark", ["", "office\n"])
def test_a_directory_with_the_mark_is_ours(want, mark):
    Path(want.home).mkdir(parents=True)
    assert look(Lxc(), want, {}).ours
    (Path(want.home) / "cloud-lab.container").write_text(mark)
    (Path(want.home) / "config").touch()
    assert look(Lxc(), want, {}).ours


def test_what_is_not_marked_with_its_own_name_is_not_ours(want, tmp_path):
    home = Path(want.home)
    home.mkdir(parents=True)
    (home / ".config").touch()
    lxc = Lxc()
    assert not look(lxc, want, {}).ours
    (home / "cloud-lab.container").write_text("another\n")
    assert not look(lxc, want, {}).ours
    assert lxc.asked == []


@pytest.mark.parametrize("to", ["elsewhere", "nowhere"])
def test_a_link_or_a_file_of_that_name_is_not_ours(want, tmp_path, to):
    Path(want.directory).mkdir()
    (tmp_path / "elsewhere").mkdir()
    Path(want.home).symlink_to(tmp_path / to)
    found = look(Lxc(), want, {})
    assert found.home and not found.ours
    Path(want.home).unlink()
    Path(want.home).touch()
    assert not look(Lxc(), want, {}).ours


def test_the_init_is_asked_until_it_is_ready(want, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    lxc = Lxc()
    lxc.says = ["initializing", "starting", "running"]
    Host(lxc, want).wait(60)
    assert len(lxc.asked) == 3


def test_units_that_have_failed_are_named(want):
    lxc = Lxc()
    lxc.says = ["degraded"]
    with pytest.raises(
        HostError, match=r"in office these units have failed: web\.service\. Their reasons: lxc-attach"
    ):
        Host(lxc, want).wait(60)


def test_an_init_that_takes_too_long_is_named_and_so_is_a_container_that_has_ended(want):
    lxc = Lxc()
    lxc.says = ["starting"]
    with pytest.raises(
        HostError, match="lxc_container_start_timeout: after 0 s the init of office says 'starting'"
    ):
        Host(lxc, want).wait(0)
    lxc.says = [""]
    with pytest.raises(HostError, match="office has ended by itself"):
        Host(lxc, want).wait(60)


def test_files_are_read_as_copy_places_them(tmp_path):
    (tmp_path / "app/deep").mkdir(parents=True)
    (tmp_path / "app/main.py").write_text("main")
    (tmp_path / "app/deep/more.py").write_text("more")

    def placed(dest, src):
        return sorted(
            read_items([{"dest": dest, "mode": "0600", "content": None, "src": f"{tmp_path}/{src}"}])
        )

    assert placed("/opt/", "app") == placed("/opt", "app") == ["/opt/app/deep/more.py", "/opt/app/main.py"]
    assert placed("/opt", "app/") == ["/opt/deep/more.py", "/opt/main.py"]
    assert placed("/opt/", "app/main.py") == ["/opt/main.py"]
    assert placed("/opt/x", "app/main.py") == ["/opt/x"]
    with pytest.raises(HostError, match=r"lxc_container_files: \S+/no cannot be read: No such file"):
        placed("/opt", "no")
    assert read_items([{"dest": "/a", "mode": "0600", "content": "ü"}]) == {"/a": File("ü".encode(), 0o600)}


def test_one_file_is_one_however_its_path_is_written(want, tmp_path):
    (tmp_path / "x").write_text("x")
    written = [{"dest": dest, "mode": "0600", "content": "x"} for dest in ("/etc/x", "/etc//x", "//etc/x")]
    sent = [{"dest": dest, "mode": "0600", "src": f"{tmp_path}/x"} for dest in ("/etc//", "//etc//x")]
    assert list(read_items(written + sent)) == ["/etc/x"]
    sent = [{"dest": "//etc//", "mode": "0600", "src": f"{tmp_path}/"}]
    assert list(read_items(sent)) == ["/etc/x"]
    host = Host(Lxc(), want)
    host.do(Step("unpack"))
    host.do(Step("note", paths=frozenset({"/etc//x"})))
    assert look(Lxc(), want, {}).noted == frozenset({"/etc/x"})


def test_a_run_waits_for_another_one_even_where_there_is_no_directory_yet(want, tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    with alone(want.directory), pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
