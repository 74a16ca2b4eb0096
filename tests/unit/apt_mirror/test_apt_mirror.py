"""Finding the Debian archive in apt's sources files, in the shapes that installers and people write."""

from __future__ import annotations

import pytest

from apt_mirror import KEYRING, apt_mirror, apt_source_lines, parse_sources

NONE = {"archive": "", "updates": "", "security": ""}

CONTAINER = """\
Types: deb
# where this was taken from
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security/
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

INSTALLER = """\
# deb cdrom:[Debian GNU/Linux 12 _Bookworm_]/ bookworm main
deb cdrom:[Debian GNU/Linux 12 _Bookworm_]/ bookworm main

deb http://mirror.example/debian/ bookworm main non-free-firmware # a comment
deb-src http://sources.example/debian/ bookworm main
deb http://security.example/debian-security bookworm-security main
deb http://updates.example/debian/ bookworm-updates main
"""

FOREIGN = """\
deb [arch=amd64 signed-by=/usr/share/keyrings/vendor.gpg] https://vendor.example/apt bookworm main
deb https://containers.example/linux/debian bookworm stable
"""

UBUNTU = """\
Types: deb
URIs: http://archive.example/ubuntu/
Suites: noble noble-updates
Components: main restricted
"""


def test_deb822_with_security_in_a_stanza_of_its_own() -> None:
    assert apt_mirror(CONTAINER) == {
        "archive": "http://mirror.example/debian",
        "updates": "http://mirror.example/debian",
        "security": "http://mirror.example/debian-security",
    }


def test_one_line_entries_of_the_installer() -> None:
    assert apt_mirror(INSTALLER) == {
        "archive": "http://mirror.example/debian",
        "updates": "http://updates.example/debian",
        "security": "http://security.example/debian-security",
    }


def test_other_vendors_archives_are_not_debians() -> None:
    assert apt_mirror(FOREIGN) == NONE
    assert apt_mirror([FOREIGN, INSTALLER])["archive"] == "http://mirror.example/debian"


@pytest.mark.parametrize("texts", [UBUNTU, "", [], ["# nothing\n", ""]])
def test_no_debian_means_three_empty_strings(texts: str | list[str]) -> None:
    assert apt_mirror(texts) == NONE


def test_security_without_an_archive_is_nothing_to_build_from() -> None:
    assert apt_mirror("deb http://security.example/debian-security trixie-security main") == NONE


def test_the_first_of_several_wins() -> None:
    first = "deb http://first.example/debian trixie main"
    assert apt_mirror([first, CONTAINER])["archive"] == "http://first.example/debian"
    assert apt_mirror([CONTAINER, first])["archive"] == "http://mirror.example/debian"


@pytest.mark.parametrize(
    "line",
    [
        "Enabled: no",
        "URIs: mirror+file:///etc/apt/mirrors/debian.list",
        "Types: deb-src",
        "Components: contrib",
        "Suites: trixie-backports",
    ],
)
def test_what_is_switched_off_or_of_no_use_is_passed_over(line: str) -> None:
    stanza = f"Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n{line}\n"
    assert apt_mirror(stanza) == NONE


def test_field_names_in_any_case_and_values_over_several_lines() -> None:
    stanza = "types: deb\nURIS:\n  http://m.example/debian\nsuites: sid\n trixie-updates\ncomponents: main\n"
    assert apt_mirror(stanza)["updates"] == "http://m.example/debian"


def test_a_key_written_into_the_stanza_is_trusted() -> None:
    key = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mDMEY\n"
    stanza = f"Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n{key}"
    assert apt_mirror(stanza)["archive"] == "http://mirror.example/debian"


def test_options_do_not_hide_the_address() -> None:
    (source,) = parse_sources("deb [ arch=amd64 trusted=yes ] http://mirror.example/debian sid main contrib")
    assert (source.uris, source.suites, source.components) == (
        ("http://mirror.example/debian",),
        ("sid",),
        ("main", "contrib"),
    )


def test_source_lines_for_another_release() -> None:
    assert apt_source_lines(apt_mirror(CONTAINER), "trixie", ["main", "contrib"]) == [
        f"deb [signed-by={KEYRING}] http://mirror.example/debian trixie main contrib",
        f"deb [signed-by={KEYRING}] http://mirror.example/debian trixie-updates main contrib",
        f"deb [signed-by={KEYRING}] http://mirror.example/debian-security trixie-security main contrib",
    ]
    assert apt_source_lines({"archive": "http://m.example/debian"}, "trixie") == [
        f"deb [signed-by={KEYRING}] http://m.example/debian trixie main"
    ]
    assert apt_source_lines(NONE, "trixie") == []


def test_unstable_has_no_updates_and_may_be_old() -> None:
    assert apt_source_lines(apt_mirror(CONTAINER), "sid", ["main", "contrib"]) == [
        f"deb [signed-by={KEYRING} check-valid-until=no] http://mirror.example/debian sid main contrib"
    ]
