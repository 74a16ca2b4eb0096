"""The digest of a container changes with what it holds and with nothing else."""

from __future__ import annotations

import io
import tarfile

import pytest

from docker_snapshot.content import Content, Entry, content, read

CONFIG = {"Cmd": ["sleep", "600"], "Env": ["LANG=C.UTF-8"], "Hostname": "4f2a"}
CHANGES = {"/root": "modified", "/root/file": "added", "/etc/motd": "deleted"}


def archive(body=b"one\n", mtime=0, mode=0o644, uid=0, extra=()):
    """Return a container's file system as Docker exports it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        root = tarfile.TarInfo("root/")
        root.type, root.mtime = tarfile.DIRTYPE, mtime
        tar.addfile(root)
        file = tarfile.TarInfo("root/file")
        file.size, file.mtime, file.mode, file.uid = len(body), mtime, mode, uid
        tar.addfile(file, io.BytesIO(body))
        for name in extra:
            tar.addfile(tarfile.TarInfo(name))
    stream.seek(0)
    return stream


def held(image="sha256:base", config=CONFIG, changes=CHANGES, **options) -> Content:
    return content(image, config, changes, read(archive(**options), changes))


@pytest.mark.parametrize(
    "same",
    [
        {"mtime": 1_700_000_000},
        {"extra": ["usr/bin/unchanged"]},
        {"config": {**CONFIG, "Hostname": "77aa"}},
        {"changes": dict(reversed(CHANGES.items()))},
    ],
    ids=["time", "unchanged file", "host name", "order"],
)
def test_it_stays(same):
    assert held(**same).digest == held().digest


@pytest.mark.parametrize(
    "other",
    [
        {"body": b"two\n"},
        {"mode": 0o600},
        {"uid": 1000},
        {"image": "sha256:other"},
        {"config": {**CONFIG, "Cmd": ["true"]}},
        {"changes": {**CHANGES, "/etc/issue": "deleted"}},
        {"changes": {**CHANGES, "/root/file": "modified"}},
    ],
    ids=["bytes", "mode", "owner", "image", "command", "one more", "kind"],
)
def test_it_changes(other):
    assert held(**other).digest != held().digest


def test_directories_are_not_counted_as_files():
    assert held().files == {"/etc/motd": "deleted", "/root/file": "added"}
    assert held().counts == {"added": 1, "deleted": 1, "modified": 0}


def test_each_kind_of_file_is_told_apart():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, kind, link in (
            ("link", tarfile.SYMTYPE, "target"),
            ("twin", tarfile.LNKTYPE, "target"),
            ("node", tarfile.CHRTYPE, ""),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.devmajor, member.devminor = kind, link, 1, 3
            tar.addfile(member)
    stream.seek(0)
    assert [(entry.kind, entry.link) for entry in read(stream, ["/link", "/twin", "/node"])] == [
        ("symbolic link", "target"),
        ("hard link", "target"),
        ("device 1:3", ""),
    ]


def test_nothing_but_the_wanted_paths_is_read():
    assert read(archive(), ["/root"]) == [Entry("/root", "directory", 0o644, (0, 0))]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_name_that_is_no_text_is_read_as_docker_says_it(form):
    def written(*bodies):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=form, errors="surrogateescape") as tar:
            for name, body in zip((b"\xe2\x82", b"\xff\xfe"), bodies, strict=True):
                member = tarfile.TarInfo(name.decode(errors="surrogateescape"))
                member.size = len(body)
                tar.addfile(member, io.BytesIO(body))
        stream.seek(0)
        changes = {"/\ufffd\ufffd": "added"}
        return content("sha256:base", CONFIG, changes, read(stream, changes)).digest

    assert written(b"one", b"two") == written(b"one", b"two")
    assert len({written(b"one", b"two"), written(b"six", b"two"), written(b"one", b"six")}) == 3


def test_a_digest_is_that_of_former_snapshots():
    assert held().digest == "sha256:27031c33a13dd8dbbf09f23c027a530d32ed5662eccc8fd138e4163267732303"
