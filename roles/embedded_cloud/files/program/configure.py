"""Write the services' configuration from templates and a set of secrets.

``CONFIG`` maps each file's path below ``/etc`` to its text, in which secrets are named as ``@NAME@``.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

CONFIG = Path("/usr/local/share/cloud-lab/config.json")
SEED = Path("/usr/local/share/cloud-lab/seed.json")
SECRETS = Path("/etc/cloud-lab/secrets.json")
PROJECTS = ("keystone", "glance", "placement", "nova", "neutron")

_NAME = re.compile(r"@([A-Z_]+)@")


def render(template: str, values: dict[str, str]) -> str:
    """Return ``template`` with every ``@NAME@`` replaced; a name without a value is a ``KeyError``."""
    return _NAME.sub(lambda match: values[match[1]], template)


def write_all(values: dict[str, str]) -> None:
    """Write every file to ``/etc``, readable by root and by the service that owns the directory alone."""
    for path, template in read_json(CONFIG).items():
        target = Path("/etc", path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render(template, values))
        project = Path(path).parts[0]
        if project in PROJECTS:
            shutil.chown(target, "root", project)
            target.chmod(0o640)


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in ``path``."""
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def write_secret(path: Path, text: str, owner: str) -> None:
    """Write ``text`` to ``path``, for ``owner`` alone from the first moment."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    shutil.chown(path, owner, owner)


def rabbit_hash(password: str, salt: bytes) -> str:
    """``password`` as RabbitMQ stores it: four bytes of salt, then the SHA-256 of both, in base64.

    Source: the chapter "Credentials and Passwords" of RabbitMQ's documentation.
    """
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
