"""Faults of a clouds.yaml that openstacksdk passes over, or stumbles over without naming the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

PASSWORDS = ("password", "v3password")
"""Kinds of credentials that have a password."""
QUOTES = {"'", '"'}


class FaultError(ValueError):
    """What is wrong with a file, and the remedy, as the end of a sentence that has named the file."""


def parse(content: bytes) -> object:
    """Return what a file holds; raises `FaultError` if it is no YAML."""
    try:
        return yaml.safe_load(content)
    except yaml.MarkedYAMLError as error:
        # The line itself may hold a password, and so may what PyYAML quotes of it.
        problem = str(error.problem)
        what = "it has an alias, a tag or a character out of place" if QUOTES & {*problem} else problem
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise FaultError(f"is no YAML: {what}{line}; correct it there, or quote the value") from None
    except yaml.YAMLError as error:
        raise FaultError("is no YAML, it has characters that no text has; write it anew") from error
    except (ValueError, LookupError, AttributeError):
        # From a value such as 2026-13-01. The error has it, and no line.
        raise FaultError("has a value that looks like a date or number and is none; quote it") from None


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


def lacks_password(settings: Mapping[str, Any]) -> bool:
    """Tell whether a cloud's settings, with all that belongs to them from elsewhere, lack a password."""
    return settings.get("auth_type", "password") in PASSWORDS and not settings.get("auth", {}).get("password")
