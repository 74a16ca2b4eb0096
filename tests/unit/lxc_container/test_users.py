"""The users of a container are nobody else's."""

from __future__ import annotations

import pytest

from lxc_container.users import problem

OWN = "root:1000000:65536\n"


@pytest.mark.parametrize(
    "accounts",
    [
        {},
        {"/etc/subuid": OWN, "/etc/subgid": OWN},
        {"/etc/subuid": "somebody:100000:65536\nother:1065536:65536\n"},
        {"/etc/subuid": "# a note\n\nbroken:line\nroot:x:y\n"},
        {"/etc/passwd": "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"},
    ],
)
def test_what_is_nobodys_or_reserved_already_is_free(accounts):
    assert problem(1000000, accounts) == ""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/etc/subuid", "root:1000000:1000000000"),
        ("/etc/subuid", "somebody:1065535:1"),
        ("/etc/subgid", "somebody:1000000:65536"),
        ("/etc/subgid", "somebody:900000:100001"),
    ],
)
def test_a_line_that_gives_them_to_others_is_named(path, line):
    said = problem(1000000, {"/etc/subuid": OWN, path: f"{OWN}{line}\n"})
    assert said.startswith(
        f"lxc_container_first_id: 1000000 and the 65535 after it are not free, {path} has {line}. "
    )


def test_a_user_or_a_group_who_is_one_of_them_is_named():
    said = problem(1000000, {"/etc/passwd": "anna:x:1000005:100:Anna:/home/anna:/bin/sh\n"})
    assert "/etc/passwd has anna:1000005." in said
    assert "/etc/group has staff:1000000." in problem(1000000, {"/etc/group": "staff:x:1000000:anna\n"})


def test_one_is_proposed_that_is_free():
    accounts = {"/etc/subuid": "root:1000000:500000\nsomebody:1500100:65536\n"}
    assert problem(1000000, accounts).endswith(
        "Use a number from which on 65536 are nobody's, such as 1565636."
    )
    assert problem(1565636, accounts) == ""


def test_none_is_proposed_where_there_is_none():
    assert problem(1000000, {"/etc/subuid": "root:65536:4294901760\n"}).endswith("are nobody's.")
