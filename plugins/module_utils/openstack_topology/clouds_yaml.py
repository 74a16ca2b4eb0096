"""Faults of a clouds.yaml that openstacksdk passes over, or stumbles over without naming the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

PASSWORDS = ("password", "v3password")
"""Kinds of credentials that have a password."""
PROFILES = ("profile", "cloud")
"""Keys that name another place which says what kind the credentials are of."""


class FaultError(ValueError):
    """What is wrong with a file, and the remedy, as the end of a sentence that has named the file."""


def parse(content: bytes) -> object:
    """Return what a file holds; raises `FaultError` if it is no YAML."""
    try:
        return yaml.safe_load(content)
    except yaml.MarkedYAMLError as error:
        # The line itself may hold a password.
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise FaultError(f"is no YAML: {error.problem}{line}; correct it there") from error
    except yaml.YAMLError as error:
        raise FaultError("is no YAML, it has characters that no text has; write it anew") from error


def check_shape(content: object, cloud: str) -> None:
    """Raise `FaultError` unless the content has entries, and the one of that name settings."""
    clouds = content.get("clouds") if isinstance(content, Mapping) else None
    if not isinstance(clouds, Mapping):
        raise FaultError(
            f"has no entries below the key clouds; write them there, as clouds: {{{cloud}: ...}}"
        )
    if cloud not in clouds:
        return
    entry = clouds[cloud]
    if not isinstance(entry, Mapping):
        raise FaultError(
            f"has no settings in the entry {cloud!r}; give it auth with auth_url and credentials"
        )
    auth = entry.get("auth", {})
    if not isinstance(auth, Mapping):
        raise FaultError(
            f"has an entry {cloud!r} whose auth is no mapping; write auth_url and others below it"
        )
    url = auth.get("auth_url", "https://")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise FaultError(
            f"has an entry {cloud!r} whose auth_url {url!r} is no address; begin it with http:// or https://"
        )


def lacks_password(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry, with all that belongs to it from other files, lacks the password it needs."""
    known = {**entry, **entry.get("auth", {})}
    elsewhere = any(key in entry for key in PROFILES)
    return (
        not elsewhere
        and known.get("auth_type", "password") in PASSWORDS
        and not (known.get("password") or known.get("token"))
    )
