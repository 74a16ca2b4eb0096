"""Give a cloud its own secrets and addresses, at its first start and before any OpenStack service runs.

Reads ``/etc/cloud-lab/secrets.json``, which the role puts there before the container's first start:

``database``, ``messaging``, ``service``, ``metadata``
    passwords that never leave the container
``users``
    ``{user name: password}`` of the people's accounts
``endpoints``
    ``{service type: URL}`` as seen from the user's machine
``virt_type``, ``cpu_mode``, ``datapath``
    how servers and switches run here
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import bcrypt
import configure
import pymysql
from cryptography.fernet import Fernet


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def set_database_passwords(cursor: pymysql.cursors.Cursor, password: str) -> None:
    for user in configure.PROJECTS:
        cursor.execute("ALTER USER %s@'127.0.0.1' IDENTIFIED BY %s", (user, password))


def set_user_passwords(cursor: pymysql.cursors.Cursor, passwords: dict[str, str]) -> None:
    """Store each password as keystone itself would; its rounds are those of keystone.conf."""
    for user, password in passwords.items():
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
        changed = cursor.execute(
            "UPDATE keystone.password SET password_hash = %s WHERE local_user_id ="
            " (SELECT id FROM keystone.local_user WHERE name = %s)",
            (hashed, user),
        )
        if changed != 1:
            raise LookupError(f"keystone knows {changed} passwords for user {user}, expected one")


def set_messaging_password(password: str) -> None:
    """Set it from a file: ``change_password`` would show it in the list of processes."""
    user = {
        "name": "openstack",
        "password_hash": configure.rabbit_hash(password, os.urandom(4)),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": [],
    }
    # Where rabbitmqctl, which gives up being root, can read it.
    definitions = Path("/var/lib/rabbitmq/cloud-lab.json")
    configure.write_secret(definitions, json.dumps({"users": [user]}), "rabbitmq")
    run("rabbitmqctl", "--quiet", "await_startup")
    run("rabbitmqctl", "--quiet", "import_definitions", str(definitions))
    definitions.unlink()


def set_endpoints(cursor: pymysql.cursors.Cursor, urls: dict[str, str]) -> None:
    """Publish the addresses users see; services among themselves keep using the internal ones."""
    for kind, url in urls.items():
        cursor.execute(
            "UPDATE keystone.endpoint JOIN keystone.service ON endpoint.service_id = service.id"
            " SET endpoint.url = %s WHERE service.type = %s AND endpoint.interface = 'public'",
            (url, kind),
        )


def renew_keys() -> None:
    """Replace keystone's token and credential keys: the image's are no secret."""
    for repository in ("fernet-keys", "credential-keys"):
        directory = Path("/etc/keystone") / repository
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        shutil.chown(directory, "keystone", "keystone")
        for index in ("0", "1"):
            configure.write_secret(directory / index, Fernet.generate_key().decode(), "keystone")


def set_datapath(kind: str) -> None:
    """Switch in the kernel (``system``) where the host can, otherwise in userspace (``netdev``)."""
    run("ovs-vsctl", "set", "open", ".", f"external-ids:ovn-bridge-datapath-type={kind}")
    for bridge in ("br-int", "br-ex"):
        run("ovs-vsctl", "--if-exists", "set", "bridge", bridge, f"datapath_type={kind}")


def main() -> None:
    secrets = configure.read_json(configure.SECRETS)
    configure.write_all(
        {
            "DATABASE_PASSWORD": secrets["database"],
            "MESSAGING_PASSWORD": secrets["messaging"],
            "SERVICE_PASSWORD": secrets["service"],
            "METADATA_SECRET": secrets["metadata"],
            "VIRT_TYPE": secrets["virt_type"],
            "CPU_MODE": secrets["cpu_mode"],
        }
    )
    services = configure.read_json(configure.SEED)["services"]
    with pymysql.connect(unix_socket="/run/mysqld/mysqld.sock", user="root", autocommit=True) as database:
        cursor = database.cursor()
        set_database_passwords(cursor, secrets["database"])
        set_user_passwords(cursor, {**dict.fromkeys(services, secrets["service"]), **secrets["users"]})
        set_endpoints(cursor, secrets["endpoints"])
    set_messaging_password(secrets["messaging"])
    renew_keys()
    set_datapath(secrets["datapath"])
    Path("/var/lib/cloud-lab").mkdir(exist_ok=True)
    Path("/var/lib/cloud-lab/personalised").write_text(f"{time.time():.0f}\n")


if __name__ == "__main__":
    main()
