"""Filters that find a Debian host's own package archive and write apt source lines for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DOCUMENTATION = """
name: apt_mirror
short_description: Find the Debian archive in a host's apt configuration
description:
  - Reads the text of sources files, in deb822 style (C(*.sources)) or one entry a line (C(*.list)), and
    returns the first Debian archive that offers the main component, and where its updates and security are.
  - Archives signed by another key than Debian's, and sources that are not HTTP or HTTPS, are not taken.
  - On a host that is not Debian the result is three empty strings.
options:
  _input:
    description: Text of one sources file, or a list of such texts in the order apt reads them.
    type: raw
    required: true
"""

EXAMPLES = """
- name: Show the archive this host installs from
  ansible.builtin.debug:
    msg: "{{ sources_texts | apt_mirror }}"
"""

RETURN = """
_value:
  description: The keys archive, updates and security, each a URI without slash at its end, or empty.
  type: dict
"""

CODENAMES = frozenset({"bullseye", "bookworm", "trixie", "forky", "duke", "sid"})
ALIASES = frozenset({"oldoldstable", "oldstable", "stable", "testing", "unstable"})
UNSTABLE = frozenset({"sid", "unstable"})
DEBIAN_KEYRING = "debian-archive-"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Source:
    """One entry of a sources file: every URI serves every suite and component."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    @property
    def may_be_debians(self) -> bool:
        """Whether the key is Debian's keyring, any that apt trusts, or one written into the entry."""
        return not self.signed_by or DEBIAN_KEYRING in self.signed_by or "BEGIN PGP" in self.signed_by


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    """Yield the deb822 stanzas with lower-case field names; continuation lines joined by spaces."""
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0].isspace():
            if name:
                fields[name] += " " + line.strip()
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()


def _deb822(text: str) -> Iterator[Source]:
    for fields in _stanzas(text):
        enabled = fields.get("enabled", "yes").lower() not in ("no", "false")
        if enabled and "deb" in fields.get("types", "").split():
            words = [tuple(fields.get(name, "").split()) for name in ("uris", "suites", "components")]
            yield Source(words[0], words[1], words[2], fields.get("signed-by", ""))


_ONE_LINE = re.compile(
    r"^\s*deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>[^#]*)"
)


def _one_line(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        if entry := _ONE_LINE.match(line):
            options = dict(word.partition("=")[::2] for word in (entry["options"] or "").split())
            components = tuple(entry["components"].split())
            yield Source((entry["uri"],), (entry["suite"],), components, options.get("signed-by", ""))


def parse_sources(text: str) -> list[Source]:
    """Return the binary package sources of one sources file, whichever of the two styles it is written in."""
    deb822 = re.search(r"^types\s*:", text, re.IGNORECASE | re.MULTILINE)
    return list(_deb822(text) if deb822 else _one_line(text))


def _kind(suite: str) -> str:
    """Return which of Debian's archives a suite belongs to: archive, updates, security, or nothing."""
    base, separator, rest = suite.replace("/", "-").partition("-")
    if base not in CODENAMES | ALIASES:
        return ""
    # Until Debian 10 the security suite was called <codename>/updates.
    if rest == "security" or (rest == "updates" and "/" in suite):
        return "security"
    if rest == "updates":
        return "updates"
    return "" if separator else "archive"


def apt_mirror(texts: str | Sequence[str]) -> dict[str, str]:
    """Return the URIs of the first archive, updates and security found; all empty without an archive."""
    found = {"archive": "", "updates": "", "security": ""}
    for text in [texts] if isinstance(texts, str) else texts:
        for source in parse_sources(text):
            uri = next((uri for uri in source.uris if re.match(r"https?://", uri)), "")
            if not uri or "main" not in source.components or not source.may_be_debians:
                continue
            for kind in map(_kind, source.suites):
                if kind and not found[kind]:
                    found[kind] = uri.rstrip("/")
    return found if found["archive"] else dict.fromkeys(found, "")


def apt_source_lines(
    mirror: Mapping[str, str], suite: str, components: Iterable[str] = ("main",), keyring: str = KEYRING
) -> list[str]:
    """Return one source line for each archive of `mirror` (as apt_mirror gives it), for a Debian suite.

    Unstable has the archive alone. Its index is valid for a week, which a mirror that keeps some past state
    has outlived; it is signed all the same.
    """
    suites = {"archive": suite, "updates": f"{suite}-updates", "security": f"{suite}-security"}
    options = f"signed-by={keyring}"
    if suite in UNSTABLE:
        suites, options = {"archive": suite}, f"{options} check-valid-until=no"
    wanted = " ".join(components)
    return [
        f"deb [{options}] {mirror[kind]} {name} {wanted}" for kind, name in suites.items() if mirror.get(kind)
    ]


class FilterModule:
    """The filters, by the names templates know them by."""

    def filters(self) -> dict[str, Any]:
        """Return the filters."""
        return {"apt_mirror": apt_mirror, "apt_source_lines": apt_source_lines}
