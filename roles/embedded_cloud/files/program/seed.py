"""Make a configured container a cloud: databases, services, endpoints and the institution's own objects.

Runs once, in the container that is committed as the image. The secrets used here are thrown away with the
run: each cloud started from the image gets its own from ``personalise.py``.
"""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Callable, Iterable
from typing import Any

import configure
import openstack

KEYSTONE = "http://127.0.0.1:5000/v3"
DATABASES = {
    "keystone": "keystone",
    "glance": "glance",
    "placement": "placement",
    "nova": "nova",
    "nova_api": "nova",
    "nova_cell0": "nova",
    "neutron": "neutron",
}
# Cells keep their connections in a database, where a new password would not reach them: nova fills these in
# from its own configuration instead.
CELL_DATABASE = "{scheme}://{username}:{password}@{hostname}:{port}/%s?{query}"
CELL_MESSAGES = "{scheme}://{username}:{password}@{hostname}:{port}/{path}"
SERVICES = (
    "glance-api",
    "placement-api",
    "nova-api",
    "nova-api-metadata",
    "nova-conductor",
    "nova-scheduler",
    "nova-compute",
    "neutron-api",
    "neutron-ovn-maintenance-worker",
    "neutron-ovn-metadata-agent",
)


LIMIT = 600
"""Seconds after which a command that has not ended never will."""


def run(*command: str, user: str = "root") -> None:
    """Run ``command`` as ``user``; a failure ends the seed with the command's own words."""
    subprocess.run(("runuser", "-u", user, "--", *command), check=True, timeout=LIMIT)


def wait_for(command: Iterable[str], seconds: float = 60) -> None:
    """Repeat ``command`` until it succeeds; ``TimeoutError`` names it if it never does."""
    words = list(command)
    end = time.monotonic() + seconds
    while subprocess.run(words, capture_output=True, check=False).returncode:
        if time.monotonic() > end:
            raise TimeoutError(f"{' '.join(words)} did not succeed within {seconds:.0f} s")
        time.sleep(0.3)


def step(title: str, work: Callable[..., None], *arguments: Any) -> None:
    """Do one piece of the seed and tell how long it took."""
    start = time.monotonic()
    work(*arguments)
    print(f"{time.monotonic() - start:6.1f} s  {title}", flush=True)


def start_stores(password: str, messaging: str) -> None:
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--quiet", "--now", "mariadb", "rabbitmq-server", "memcached")
    wait_for(["mariadb-admin", "ping"])
    statements = [
        f"CREATE DATABASE {name}; GRANT ALL ON {name}.* TO '{user}'@'127.0.0.1' IDENTIFIED BY '{password}';"
        for name, user in DATABASES.items()
    ]
    run("mariadb", "-e", " ".join(statements))
    run("rabbitmqctl", "--quiet", "await_startup")
    run("rabbitmqctl", "--quiet", "add_user", "openstack", messaging)
    run("rabbitmqctl", "--quiet", "set_permissions", "openstack", ".*", ".*", ".*")


def make_schemas() -> None:
    run("keystone-manage", "db_sync", user="keystone")
    run("glance-manage", "db_sync", user="glance")
    run("placement-manage", "db", "sync", user="placement")
    run("nova-manage", "api_db", "sync", user="nova")
    run(
        *("nova-manage", "cell_v2", "map_cell0"),
        *("--database_connection", CELL_DATABASE % "nova_cell0"),
        user="nova",
    )
    run("nova-manage", "db", "sync", user="nova")
    run(
        *("nova-manage", "cell_v2", "create_cell", "--name", "cell1"),
        *("--database_connection", CELL_DATABASE % "nova", "--transport-url", CELL_MESSAGES),
        user="nova",
    )
    run(
        *("neutron-db-manage", "--config-file", "/etc/neutron/neutron.conf"),
        *("--config-file", "/etc/neutron/plugins/ml2/ml2_conf.ini", "upgrade", "heads"),
        user="neutron",
    )


def make_switch() -> None:
    """Set up Open vSwitch and OVN for one chassis; the datapath is chosen when a cloud starts."""
    run("systemctl", "start", "ovs-vswitchd", "ovn-central")
    run("ovs-vsctl", "set-manager", "ptcp:6640:127.0.0.1")
    run(
        *("ovs-vsctl", "set", "open", "."),
        # Without it TCP through a floating IP stalls in the userspace datapath; the kernel's ignores it.
        "other_config:userspace-tso-enable=true",
        # The userspace datapath's polling threads sleep when there is nothing to do.
        "other_config:pmd-maxsleep=500",
        "external-ids:hostname=cloud",
        "external-ids:system-id=cloud",
        "external-ids:ovn-remote=tcp:127.0.0.1:6642",
        "external-ids:ovn-encap-type=geneve",
        "external-ids:ovn-encap-ip=127.0.0.1",
        "external-ids:ovn-bridge-datapath-type=netdev",
        "external-ids:ovn-bridge-mappings=external:br-ex",
        "external-ids:ovn-cms-options=enable-chassis-as-gw",
    )
    run("sh", "-c", "echo cloud > /etc/openvswitch/system-id.conf")
    run("ovn-nbctl", "set-connection", "ptcp:6641:127.0.0.1")
    run("ovn-sbctl", "set-connection", "ptcp:6642:127.0.0.1")
    run("systemctl", "restart", "ovs-vswitchd")
    run("ovs-vsctl", "--may-exist", "add-br", "br-ex", "--", "set", "bridge", "br-ex", "datapath_type=netdev")


def make_identity(seed: dict[str, Any], admin: str, service: str) -> None:
    """Start keystone and give every service its user and endpoints."""
    for kind in ("fernet_setup", "credential_setup"):
        run("keystone-manage", kind, "--keystone-user", "keystone", "--keystone-group", "keystone")
    run(
        *("keystone-manage", "bootstrap", "--bootstrap-password", admin),
        *("--bootstrap-region-id", seed["region"], "--bootstrap-public-url", KEYSTONE),
        *("--bootstrap-internal-url", KEYSTONE, "--bootstrap-admin-url", KEYSTONE),
        user="keystone",
    )
    run("systemctl", "enable", "--quiet", "--now", "keystone")
    wait_for(["curl", "--silent", "--fail", "--output", "/dev/null", KEYSTONE])

    identity = connect(seed, admin).identity
    project = identity.create_project(name="service", domain_id="default")
    roles = [
        identity.find_role("admin"),
        identity.find_role("service") or identity.create_role(name="service"),
    ]
    for name, about in seed["services"].items():
        user = identity.create_user(name=name, password=service, domain_id="default")
        for role in roles:
            identity.assign_project_role_to_user(project, user, role)
        record = identity.create_service(name=name, type=about["type"])
        for interface in ("public", "internal", "admin"):
            identity.create_endpoint(
                service_id=record.id,
                interface=interface,
                region_id=seed["region"],
                url=f"http://127.0.0.1:{about['port']}{about['path']}",
            )

    member = identity.create_project(name=seed["project"], domain_id="default")
    user = identity.create_user(
        name=seed["user"],
        password=secrets.token_hex(),
        domain_id="default",
        default_project_id=member.id,
    )
    identity.assign_project_role_to_user(member, user, identity.find_role("member"))


def start_services() -> None:
    # --no-block: nova-compute is up only when the others answer, and each says so in the next step.
    run("systemctl", "enable", "--quiet", *SERVICES)
    run("systemctl", "start", "--no-block", *SERVICES)
    run("/usr/local/lib/cloud-lab/ready", "cloud", "300")
    run("nova-manage", "cell_v2", "discover_hosts", user="nova")


def make_objects(seed: dict[str, Any], admin: str) -> None:
    """Create flavors and the institution's network: plain members may attach routers to it but no servers."""
    cloud = connect(seed, admin)
    for flavor in seed["flavors"]:
        cloud.compute.create_flavor(**flavor)
    external = seed["external_network"]
    network = cloud.network.create_network(
        name=external["name"],
        provider_network_type="flat",
        provider_physical_network="external",
        is_router_external=True,
        is_shared=False,
    )
    start, end = external["pool"].split("-")
    cloud.network.create_subnet(
        name=external["name"],
        network_id=network.id,
        ip_version=4,
        cidr=external["cidr"],
        gateway_ip=external["gateway"],
        is_dhcp_enabled=False,
        allocation_pools=[{"start": start, "end": end}],
    )


def connect(seed: dict[str, Any], admin: str) -> openstack.connection.Connection:
    return openstack.connect(
        auth_url=KEYSTONE,
        username="admin",
        password=admin,
        project_name="admin",
        user_domain_name="Default",
        project_domain_name="Default",
        region_name=seed["region"],
    )


def main() -> None:
    seed = configure.read_json(configure.SEED)
    passwords = {
        name: secrets.token_hex() for name in ("DATABASE_PASSWORD", "MESSAGING_PASSWORD", "SERVICE_PASSWORD")
    }
    values = {**passwords, "METADATA_SECRET": secrets.token_hex(), "VIRT_TYPE": "qemu", "CPU_MODE": "none"}
    admin = secrets.token_hex()
    step("configuration", configure.write_all, values)
    step("database and message bus", start_stores, values["DATABASE_PASSWORD"], values["MESSAGING_PASSWORD"])
    step("database schemas", make_schemas)
    step("switch", make_switch)
    step("identity", make_identity, seed, admin, values["SERVICE_PASSWORD"])
    step("services", start_services)
    step("flavors and external network", make_objects, seed, admin)
    units = ("lab-personalise", "lab-namespaces", "lab-interfaces-up")
    step("units of a started cloud", run, "systemctl", "enable", "--quiet", *units)


if __name__ == "__main__":
    main()
