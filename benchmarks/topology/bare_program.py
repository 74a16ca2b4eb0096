#!/usr/bin/env python3
"""The topology by openstacksdk alone: bulk lists, a thread pool, no plan, no checks, no repair of drift.

It is what one would write to be as quick as possible for this one topology. Prints `changed=<number>`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import openstack
import yaml

WORKERS = 8
POLL = 0.5


class Program:
    """One run; what it has found is kept by kind and name."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.wanted: dict[str, Any] = yaml.safe_load(
            (Path(__file__).parent / "declaration.yml")
            .read_text()
            .replace("{{ external_network }}", arguments.external_network)
        )
        connection = openstack.connect(cloud=arguments.cloud)
        self.project = connection.current_project_id
        self.network, self.compute, self.image = connection.network, connection.compute, connection.image
        self.pool = ThreadPoolExecutor(WORKERS)
        self.changed = 0
        self.read()

    def together(self, calls: Iterable[Callable[[], Any]]) -> list[Any]:
        """Run the calls at the same time."""
        return [future.result() for future in [self.pool.submit(call) for call in calls]]

    def read(self) -> None:
        mine = {"project_id": self.project}
        lists = self.together(
            [
                lambda: list(self.network.networks()),
                lambda: list(self.network.subnets()),
                lambda: list(self.network.routers(**mine)),
                lambda: list(self.network.ports(**mine)),
                lambda: list(self.network.security_groups(**mine)),
                lambda: list(self.network.ips(**mine)),
                lambda: list(self.compute.keypairs()),
                lambda: list(self.compute.servers()),
            ]
        )
        self.networks, self.subnets, self.routers, _, self.groups, _, self.keys, self.servers = (
            {item.name: item for item in items} for items in lists
        )
        self.ports, self.addresses = lists[3], lists[5]

    def present(self) -> None:
        missing = [s for s in self.wanted["servers"] if s["name"] not in self.servers]
        if missing:
            flavors, images = self.together(
                [
                    lambda: list(self.compute.flavors()),
                    lambda: list(self.image.images(name=self.arguments.image)),
                ]
            )
            self.flavor = next(flavor.id for flavor in flavors if flavor.name == self.arguments.flavor)
            self.image_id = images[0].id
        self.together(
            [
                *(partial(self.make_network, network) for network in self.wanted["networks"]),
                *(partial(self.make_router, router) for router in self.wanted["routers"]),
                *(partial(self.make_group, group) for group in self.wanted["security_groups"]),
                self.make_key,
            ]
        )
        # Fixed addresses first: a server's automatic one must not take them.
        legs = self.together(
            [partial(self.leg, r, i) for r in self.wanted["routers"] for i in r["interfaces"]]
        )
        self.together(
            [*(leg for leg in legs if leg), *(partial(self.make_server, server) for server in missing)]
        )
        waiting = {server["name"] for server in missing}
        while waiting:
            self.servers = {server.name: server for server in self.compute.servers()}
            if failed := [name for name in waiting if self.servers[name].status == "ERROR"]:
                raise SystemExit(f"in ERROR: {failed}")
            waiting = {name for name in waiting if self.servers[name].status != "ACTIVE"}
            if waiting:
                time.sleep(POLL)
        self.together([partial(self.make_address, s) for s in self.wanted["servers"] if "floating_ip" in s])

    def make_network(self, wanted: dict[str, Any]) -> None:
        name = wanted["name"]
        if name not in self.networks:
            self.networks[name] = self.network.create_network(name=name)
            self.changed += 1
        for subnet in wanted["subnets"]:
            if subnet["name"] not in self.subnets:
                self.subnets[subnet["name"]] = self.network.create_subnet(
                    network_id=self.networks[name].id, ip_version=4, **subnet
                )
                self.changed += 1

    def make_router(self, wanted: dict[str, Any]) -> None:
        name, external = wanted["name"], wanted.get("external_network")
        if name not in self.routers:
            gateway = (
                {"external_gateway_info": {"network_id": self.networks[external].id}} if external else {}
            )
            self.routers[name] = self.network.create_router(name=name, **gateway)
            self.changed += 1

    def make_group(self, wanted: dict[str, Any]) -> None:
        name = wanted["name"]
        if name not in self.groups:
            self.groups[name] = self.network.create_security_group(name=name)
            self.changed += 1
        group = self.groups[name]
        there = {
            (r["protocol"], r["port_range_min"], r["port_range_max"], r["remote_ip_prefix"])
            for r in group.security_group_rules
        }
        missing = []
        for rule in wanted["rules"]:
            low, _, high = rule.get("ports", "").partition("-")
            first, last = (int(low), int(high or low)) if low else (None, None)
            if (rule["protocol"], first, last, rule.get("remote_cidr")) not in there:
                missing.append(
                    {
                        "security_group_id": group.id,
                        "direction": "ingress",
                        "protocol": rule["protocol"],
                        "port_range_min": first,
                        "port_range_max": last,
                        "remote_ip_prefix": rule.get("remote_cidr"),
                    }
                )
        if missing:
            list(self.network.create_security_group_rules(missing))
            self.changed += 1

    def make_key(self) -> None:
        if self.wanted["keypair"]["name"] not in self.keys:
            self.compute.create_keypair(**self.wanted["keypair"])
            self.changed += 1

    def leg(self, router: dict[str, Any], interface: dict[str, Any]) -> Callable[[], Any] | None:
        """Reserve the interface's address and return the call that connects it."""
        subnet, address = self.subnets[interface["subnet"]], interface["address"]
        router_id = self.routers[router["name"]].id
        for port in self.ports:
            if port.device_id == router_id and any(ip["ip_address"] == address for ip in port.fixed_ips):
                return None
        self.changed += 1
        if address == subnet.gateway_ip:
            return partial(self.network.add_interface_to_router, router_id, subnet.id)
        port = self.network.create_port(
            network_id=subnet.network_id, fixed_ips=[{"subnet_id": subnet.id, "ip_address": address}]
        )
        return partial(self.network.add_interface_to_router, router_id, None, port.id)

    def make_server(self, wanted: dict[str, Any]) -> None:
        self.compute.create_server(
            name=wanted["name"],
            image_id=self.image_id,
            flavor_id=self.flavor,
            key_name=self.wanted["keypair"]["name"],
            networks=[{"uuid": self.networks[wanted["interfaces"][0]["network"]].id}],
            security_groups=[{"name": name} for name in wanted["security_groups"]],
        )
        self.changed += 1

    def make_address(self, wanted: dict[str, Any]) -> None:
        server_id = self.servers[wanted["name"]].id
        ports = [port.id for port in self.ports if port.device_id == server_id]
        ports = ports or [port.id for port in self.network.ports(device_id=server_id)]
        if not any(address.port_id == ports[0] for address in self.addresses):
            external = self.networks[self.arguments.external_network].id
            self.network.create_ip(floating_network_id=external, port_id=ports[0])
            self.changed += 1

    def absent(self) -> None:
        servers = [self.servers[s["name"]] for s in self.wanted["servers"] if s["name"] in self.servers]
        routers = [self.routers[r["name"]] for r in self.wanted["routers"] if r["name"] in self.routers]
        networks = [self.networks[n["name"]] for n in self.wanted["networks"] if n["name"] in self.networks]
        groups = [self.groups[g["name"]] for g in self.wanted["security_groups"] if g["name"] in self.groups]
        ids = {server.id for server in servers}
        ports = {port.id for port in self.ports if port.device_id in ids}
        addresses = [address for address in self.addresses if address.port_id in ports]
        keys = [key for key in (self.wanted["keypair"]["name"],) if key in self.keys]
        self.together(
            [
                *(partial(self.compute.delete_server, server) for server in servers),
                *(partial(self.network.delete_ip, address) for address in addresses),
                *(partial(self.compute.delete_keypair, key) for key in keys),
            ]
        )
        self.together([partial(self.remove_router, router) for router in routers])
        while ids & {server.id for server in self.compute.servers(details=False)}:
            time.sleep(POLL)
        self.together(
            [
                *(partial(self.network.delete_network, network) for network in networks),
                *(partial(self.network.delete_security_group, group) for group in groups),
            ]
        )
        self.changed = len([*servers, *addresses, *keys, *routers, *networks, *groups])

    def remove_router(self, router: Any) -> None:
        for port in self.ports:
            if port.device_id == router.id and "router_interface" in port.device_owner:
                self.network.remove_interface_from_router(router, None, port.id)
        self.network.delete_router(router)


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state", choices=["present", "absent"])
    for option in ("cloud", "image", "flavor", "external-network"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args()
    program = Program(arguments)
    program.present() if arguments.state == "present" else program.absent()
    print(f"changed={program.changed}")


if __name__ == "__main__":
    main()
