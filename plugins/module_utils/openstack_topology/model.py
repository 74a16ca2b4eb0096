"""The desired topology: frozen values, and a parser that finds every mistake visible without a cloud."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .host_keys import is_key

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")
PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
METADATA_KEY = re.compile(r"[A-Za-z0-9_.: -]{1,255}")
USER_DATA_LIMIT = 65535
"""Bytes of base64 that nova accepts as user data."""
TEXT_LIMIT = 255
"""Characters of a description in neutron, and of a value of metadata in nova."""
NO_HOSTS = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4")
"""Ranges in which neutron makes no subnet: this network, loopback and multicast."""

NO_GATEWAY = "none"
DEFAULT_GROUP = "default"
"""The security group that neutron makes for every project, and gives to ports for which none is named."""


class InvalidInputError(ValueError):
    """One or more mistakes in what was asked for; `problems` holds one sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """A static route, of a router or handed out by DHCP."""

    destination: str
    nexthop: str

    def __str__(self) -> str:
        return f"{self.destination} via {self.nexthop}"


@dataclass(frozen=True, slots=True)
class Subnet:
    """An IPv4 subnet; an omitted gateway or pool is filled in as neutron would choose it."""

    name: str
    network: str
    cidr: str
    gateway_ip: str | None
    dhcp: bool = True
    dns_nameservers: tuple[str, ...] = ()
    allocation_pools: tuple[tuple[str, str], ...] = ()
    host_routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """A network of the project's own."""

    name: str
    subnets: tuple[Subnet, ...]


@dataclass(frozen=True, slots=True)
class RouterInterface:
    """A router's leg in a subnet; without an address it takes the subnet's gateway address."""

    subnet: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Router:
    """A router; `external_network` names what its gateway is plugged into."""

    name: str
    external_network: str | None
    interfaces: tuple[RouterInterface, ...]
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a security group. `None` means any; the description is no part of a rule's identity."""

    direction: str = "ingress"
    ethertype: str = "IPv4"
    protocol: str | None = None
    port_min: int | None = None
    port_max: int | None = None
    remote_cidr: str | None = None
    remote_group: str | None = None
    description: str = field(default="", compare=False)

    def __str__(self) -> str:
        low, high = self.port_min, self.port_max
        ports = "" if low is None else f" {low}" if low == high else f" {low}-{high}"
        remote = f"group {self.remote_group}" if self.remote_group else self.remote_cidr or "anywhere"
        side = "from" if self.direction == "ingress" else "to"
        family = "" if self.ethertype == "IPv4" else f" {self.ethertype}"
        return f"{self.direction} {self.protocol or 'any'}{ports} {side} {remote}{family}"


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group; without an egress rule of its own neutron's default egress stays as it is."""

    name: str
    description: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Keypair:
    """A public SSH key."""

    name: str
    public_key: str


@dataclass(frozen=True, slots=True)
class ServerInterface:
    """A server's leg in a network; without an address neutron chooses one."""

    network: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A server; image, flavor and the floating IP's network are names or ids of what the cloud offers.

    `running` is `None` if it may run or not.
    """

    name: str
    image: str
    flavor: str
    interfaces: tuple[ServerInterface, ...]
    security_groups: tuple[str, ...] = ()
    user_data: str | None = None
    config_drive: bool = False
    metadata: tuple[tuple[str, str], ...] = ()
    floating_ip: str | None = None
    running: bool | None = None


@dataclass(frozen=True, slots=True)
class Topology:
    """All that one owner wants. `only` names the servers to act on; `None` means everything."""

    name: str
    networks: tuple[Network, ...] = ()
    routers: tuple[Router, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    keypair: Keypair | None = None
    servers: tuple[Server, ...] = ()
    only: frozenset[str] | None = None

    @property
    def subnets(self) -> tuple[Subnet, ...]:
        """The subnets of all networks."""
        return tuple(subnet for network in self.networks for subnet in network.subnets)


def owner_tag(owner: str) -> str:
    """Return the tag that every resource of the topology `owner` carries."""
    return f"topology:{owner}"


def described(owner: str, text: str = "") -> str:
    """Return the description a resource is created with.

    Neutron takes no tags in a creating request, so the description carries the owner until the tag is put:
    what a killed run leaves untagged is found by it and tagged by the next run.
    """
    return f"{text} [{owner_tag(owner)}]".strip()


def description_text(owner: str, description: str) -> str | None:
    """Return the text before the owner's mark in `description`, or `None` if the mark is missing."""
    mark = described(owner)
    return description.removesuffix(mark).rstrip() if description.endswith(mark) else None


def keypair_name(owner: str, name: str) -> str:
    """Return the name in nova of a keypair: keypairs have neither tags nor a project, so it names the owner.

    Neither part can hold a space, hence no two owners' names meet; nova has always allowed spaces.
    """
    return f"topology {owner} {name}"


def server_port_name(server: str, network: str) -> str:
    """Return the name of a server's port in `network`."""
    return f"server {server}@{network}"


def router_port_name(router: str, subnet: str) -> str:
    """Return the name of a router's port in `subnet`."""
    return f"router {router}@{subnet}"


def default_pools(cidr: str, gateway_ip: str | None) -> tuple[tuple[str, str], ...]:
    """Return the allocation pools neutron chooses: every host address of `cidr` but the gateway."""
    network = ipaddress.IPv4Network(cidr)
    first, last = int(network.network_address) + 1, int(network.broadcast_address) - 1
    gateway = int(ipaddress.IPv4Address(gateway_ip)) if gateway_ip else 0
    spans = [(first, last)] if not first <= gateway <= last else [(first, gateway - 1), (gateway + 1, last)]
    return tuple(
        (str(ipaddress.IPv4Address(low)), str(ipaddress.IPv4Address(high)))
        for low, high in spans
        if low <= high
    )


def unusable(address: str, cidr: str) -> tuple[str, str] | None:
    """Return what keeps hosts in `cidr` from the address and the remedy, `None` if one can have it."""
    network = ipaddress.IPv4Network(cidr)
    remedy = f"choose between {network.network_address + 1} and {network.broadcast_address - 1}"
    if not holds(cidr, address):
        return f"is outside {cidr}", remedy
    if address in (str(network.network_address), str(network.broadcast_address)):
        return f"is the network or broadcast address of {cidr}", remedy
    return None


def overlap(cidr: str, other: str) -> bool:
    """Tell whether two ranges have an IPv4 address in common."""
    both_ipv4 = ":" not in cidr + other
    return both_ipv4 and ipaddress.IPv4Network(cidr).overlaps(ipaddress.IPv4Network(other))


def holds(cidr: str, address: str) -> bool:
    """Tell whether `address` lies in `cidr`."""
    return ipaddress.ip_address(address) in ipaddress.ip_network(cidr)


def parse(params: Mapping[str, Any]) -> Topology:
    """Turn the module's options into a topology.

    `params` has the module's shape and types (Ansible has checked those). Raises `InvalidInputError` with
    every mistake found, each one naming the option, its value and the remedy.
    """
    return _Parser(params).topology()


class _Parser:
    """Collects problems while it builds; a faulty part is left out, so that later checks make sense."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.problems: list[str] = []

    def problem(self, where: str, value: object, what: str, remedy: str) -> None:
        self.problems.append(f"{where}: {value!r} {what}; {remedy}")

    def items(self, option: str) -> Sequence[Mapping[str, Any]]:
        return self.params.get(option) or ()

    def topology(self) -> Topology:
        name = self.params["name"]
        if not OWNER.fullmatch(name):
            self.problem(
                "name",
                name,
                "cannot own a topology",
                "use at most 50 letters, digits, '-' and '_', no dot or space",
            )
        networks = tuple(self.network(item) for item in self.items("networks"))
        subnets = {subnet.name: subnet for network in networks for subnet in network.subnets}
        self.check_names(subnets)
        self.check_overlaps([subnet for network in networks for subnet in network.subnets])
        routers = tuple(self.router(item, subnets) for item in self.items("routers"))
        groups = tuple(self.group(item) for item in self.items("security_groups"))
        servers = tuple(self.server(item) for item in self.items("servers"))
        self.check_addresses(networks, routers, servers)
        present = self.params.get("state", "present") == "present"
        # What is faulty has been left out, and would be missed here.
        if present and not self.problems:
            self.check_room(networks, routers, servers)
        only = self.params.get("only")
        if only is not None and present:
            declared = [server.name for server in servers]
            for unknown in sorted(set(only) - set(declared)):
                self.problem("only", unknown, "is not a declared server", f"choose among {listing(declared)}")
        topology = Topology(
            name,
            networks,
            routers,
            groups,
            self.keypair(),
            servers,
            None if only is None else frozenset(only),
        )
        if self.problems:
            raise InvalidInputError(self.problems)
        return topology

    def check_names(self, subnets: Mapping[str, Subnet]) -> None:
        """Complain about names used twice and about names that a host name or a tag cannot hold."""
        named = {
            option: [item["name"] for item in self.items(option)]
            for option in ("networks", "routers", "security_groups", "servers")
        }
        named["subnets"] = [
            subnet.get("name") or item["name"]
            for item in self.items("networks")
            for subnet in item.get("subnets") or ()
        ]
        for option, names in named.items():
            for name, count in Counter(names).items():
                if count > 1:
                    self.problem(option, name, f"is declared {count} times", "give each its own name")
                if not NAME.fullmatch(name):
                    self.problem(
                        f"{option}[{name}].name",
                        name,
                        "is not a usable name",
                        "start with a letter or digit and use at most 63 letters, digits, '.', '-' and '_'",
                    )

    def network(self, item: Mapping[str, Any]) -> Network:
        subnets = (self.subnet(item["name"], subnet) for subnet in item.get("subnets") or ())
        return Network(item["name"], tuple(subnet for subnet in subnets if subnet))

    def subnet(self, network: str, item: Mapping[str, Any]) -> Subnet | None:
        name = item.get("name") or network
        where = f"networks[{network}].subnets[{name}]"
        cidr = self.cidr(f"{where}.cidr", item["cidr"])
        if cidr is None:
            return None
        if cidr.prefixlen > 30:
            self.problem(f"{where}.cidr", item["cidr"], "has no room for hosts", "use a prefix of 30 or less")
            return None
        if special := [other for other in NO_HOSTS if overlap(str(cidr), other)]:
            what = f"overlaps {listing(special)}, where no host has an address"
            self.problem(f"{where}.cidr", item["cidr"], what, "choose a private range, such as 10.0.2.0/24")
            return None
        gateway: str | None = None
        if item.get("gateway_ip") != NO_GATEWAY:
            given = item.get("gateway_ip") or str(cidr.network_address + 1)
            gateway = self.host(f"{where}.gateway_ip", given, cidr, f"{NO_GATEWAY!r} for none")
        pools: list[tuple[str, str]] = []
        for pool in item.get("allocation_pools") or ():
            start = self.host(f"{where}.allocation_pools.start", pool["start"], cidr)
            end = self.host(f"{where}.allocation_pools.end", pool["end"], cidr)
            if start and end and ipaddress.IPv4Address(start) > ipaddress.IPv4Address(end):
                self.problem(
                    f"{where}.allocation_pools", f"{start}-{end}", "runs backwards", "swap start and end"
                )
            elif start and end:
                for other in pools:
                    if _between(start, *other) or _between(other[0], start, end):
                        self.problem(
                            f"{where}.allocation_pools",
                            f"{start}-{end}",
                            f"overlaps {other[0]}-{other[1]}",
                            "make one pool of them, or keep them apart",
                        )
                pools.append((start, end))
        if gateway and any(_between(gateway, *pool) for pool in pools):
            self.problem(
                f"{where}.allocation_pools",
                gateway,
                "is the gateway and lies in a pool",
                "leave it out of the pools",
            )
        servers = [
            self.address(f"{where}.dns_nameservers", value) for value in item.get("dns_nameservers") or ()
        ]
        self.once(f"{where}.dns_nameservers", filter(None, servers))
        routes = []
        for route in item.get("host_routes") or ():
            destination = self.cidr(f"{where}.host_routes.destination", route["destination"])
            nexthop = self.host(f"{where}.host_routes.nexthop", route["nexthop"], cidr)
            if destination and nexthop:
                routes.append(Route(str(destination), nexthop))
        self.once(f"{where}.host_routes", routes)
        return Subnet(
            name,
            network,
            str(cidr),
            gateway,
            bool(item.get("dhcp", True)),
            tuple(server for server in servers if server),
            # In the order in which the cloud's are compared: that of texts.
            tuple(sorted(pools or default_pools(str(cidr), gateway))),
            tuple(sorted(routes)),
        )

    def once(self, where: str, values: Iterable[object]) -> None:
        for value, count in Counter(values).items():
            if count > 1:
                self.problem(where, str(value), f"is declared {count} times", "keep one of them")

    def text(self, where: str, text: str, size: int, what: str) -> None:
        """Complain about a text that the cloud would not keep: with all that goes with it, `size` is long."""
        if size > TEXT_LIMIT:
            remedy = f"shorten it by {size - TEXT_LIMIT}"
            self.problem(where, text[:20] + "...", f"has {size} characters{what}", remedy)

    def check_overlaps(self, subnets: Sequence[Subnet]) -> None:
        for index, one in enumerate(subnets):
            for other in subnets[:index]:
                if overlap(one.cidr, other.cidr):
                    self.problem(
                        f"networks[{one.network}].subnets[{one.name}].cidr",
                        one.cidr,
                        f"overlaps {other.cidr} of subnet {other.name!r}",
                        "give each subnet a range of its own",
                    )

    def router(self, item: Mapping[str, Any], subnets: Mapping[str, Subnet]) -> Router:
        name = item["name"]
        where = f"routers[{name}]"
        interfaces: list[RouterInterface] = []
        for leg in item.get("interfaces") or ():
            subnet = subnets.get(leg["subnet"])
            place = f"{where}.interfaces[{leg['subnet']}].address"
            address: str | None = leg.get("address") or None
            # One that it cannot have is empty from here on: without any it would have the subnet's gateway's.
            if address and subnet:
                address = self.host(place, address, ipaddress.IPv4Network(subnet.cidr)) or ""
            elif address:
                address = self.address(place, address) or ""
            elif subnet and subnet.gateway_ip is None:
                self.problem(
                    f"{where}.interfaces",
                    leg["subnet"],
                    "is a subnet without a gateway address",
                    "give the interface an address",
                )
            if any(leg["subnet"] == other.subnet for other in interfaces):
                self.problem(
                    f"{where}.interfaces", leg["subnet"], "is connected twice", "keep one interface a subnet"
                )
            else:
                interfaces.append(RouterInterface(leg["subnet"], address))
        routes: list[Route] = []
        for route in item.get("routes") or ():
            destination = self.cidr(f"{where}.routes.destination", route["destination"])
            nexthop = self.address(f"{where}.routes.nexthop", route["nexthop"])
            if destination and nexthop:
                routes.append(Route(str(destination), nexthop))
        return Router(
            name, item.get("external_network") or None, tuple(interfaces), tuple(sorted(set(routes)))
        )

    def group(self, item: Mapping[str, Any]) -> SecurityGroup:
        where = f"security_groups[{item['name']}].rules"
        rules = [rule for entry in item.get("rules") or () if (rule := self.rule(where, entry))]
        self.once(where, rules)
        name, text = item["name"], (item.get("description") or "").strip()
        size = len(described(self.params["name"], text))
        self.text(f"security_groups[{name}].description", text, size, " together with the topology's mark")
        if name == DEFAULT_GROUP:
            self.problem(
                f"security_groups[{name}].name",
                name,
                "is the name of the group that neutron makes for the project",
                "choose another name, or leave it out: servers may have it undeclared",
            )
        return SecurityGroup(name, text, tuple(rules))

    def rule(self, where: str, item: Mapping[str, Any]) -> Rule | None:
        protocol = None if item.get("protocol", "any") == "any" else item["protocol"]
        ethertype = item.get("ethertype", "IPv4")
        before = len(self.problems)
        low = high = None
        if ports := item.get("ports"):
            match = PORTS.fullmatch(str(ports))
            low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
            if not 1 <= low <= high <= 65535:
                self.problem(
                    f"{where}.ports", ports, "is no port range", "write one port (22) or a range (8000-8010)"
                )
            elif protocol not in ("tcp", "udp"):
                self.problem(
                    f"{where}.ports",
                    ports,
                    f"needs a protocol with ports, not {protocol or 'any'!r}",
                    "use tcp or udp",
                )
            elif (low, high) == (1, 65535):
                low = high = None
        remote: str | None = item.get("remote_cidr") or None
        if remote and item.get("remote_group"):
            self.problem(
                f"{where}.remote_cidr",
                remote,
                f"is given together with remote_group {item['remote_group']!r}",
                "keep one of them",
            )
        if remote:
            try:
                network = ipaddress.ip_network(remote)
            except ValueError as error:
                what = f"is no network ({error})"
                self.problem(f"{where}.remote_cidr", remote, what, _prefix_hint(remote, error))
            else:
                if f"IPv{network.version}" != ethertype:
                    self.problem(
                        f"{where}.remote_cidr", remote, f"is not {ethertype}", "change ethertype or address"
                    )
                # Neutron treats "everywhere" and no remote at all as the same rule.
                remote = str(network) if network.prefixlen else None
        text = item.get("description") or ""
        self.text(f"{where}.description", text, len(text), "")
        if len(self.problems) > before:
            return None
        return Rule(
            item.get("direction", "ingress"),
            ethertype,
            protocol,
            low,
            high,
            remote,
            item.get("remote_group") or None,
            text,
        )

    def keypair(self) -> Keypair | None:
        item = self.params.get("keypair")
        if not item:
            return None
        if not NAME.fullmatch(item["name"]) or "." in item["name"]:
            self.problem(
                "keypair.name",
                item["name"],
                "is not a usable name",
                "use at most 63 letters, digits, '-' and '_'",
            )
        fields = item["public_key"].split()
        if len(fields) < 2 or not is_key(*fields[:2]):
            shown = item["public_key"].strip()[:20] + "..."
            self.problem(
                "keypair.public_key",
                shown,
                "is no public SSH key",
                "give the content of the .pub file, for instance 'ssh-ed25519 AAAA...'",
            )
        return Keypair(item["name"], item["public_key"].strip())

    def server(self, item: Mapping[str, Any]) -> Server:
        where = f"servers[{item['name']}]"
        legs: list[ServerInterface] = []
        for leg in item.get("interfaces") or ():
            address = (
                self.address(f"{where}.interfaces[{leg['network']}].address", leg["address"])
                if leg.get("address")
                else None
            )
            if any(leg["network"] == other.network for other in legs):
                self.problem(
                    f"{where}.interfaces",
                    leg["network"],
                    "is connected twice",
                    "keep one interface a network",
                )
            else:
                legs.append(ServerInterface(leg["network"], address))
        if not legs:
            self.problem(
                f"{where}.interfaces", [], "connects the server to nothing", "name at least one network"
            )
        user_data = item.get("user_data") or None
        if user_data and (size := len(base64.b64encode(user_data.encode()))) > USER_DATA_LIMIT:
            self.problem(
                f"{where}.user_data",
                user_data[:20] + "...",
                f"is {size} bytes in base64",
                f"nova takes at most {USER_DATA_LIMIT}",
            )
        metadata = sorted((str(key), str(value)) for key, value in (item.get("metadata") or {}).items())
        for key, value in metadata:
            self.text(f"{where}.metadata[{key}]", value, len(value), "")
            if not METADATA_KEY.fullmatch(key):
                self.problem(
                    f"{where}.metadata",
                    key,
                    "is no key that nova takes",
                    "use 1 to 255 letters, digits, spaces, '-', '_', ':' and '.'",
                )
        return Server(
            item["name"],
            item["image"],
            item["flavor"],
            tuple(legs),
            tuple(item.get("security_groups") or ()),
            user_data,
            bool(item.get("config_drive")),
            tuple(metadata),
            item.get("floating_ip") or None,
            item.get("running"),
        )

    def check_addresses(
        self, networks: Sequence[Network], routers: Sequence[Router], servers: Sequence[Server]
    ) -> None:
        """Complain about addresses used twice or outside their network, and unreachable next hops."""
        subnets = {subnet.name: subnet for network in networks for subnet in network.subnets}
        by_network = {network.name: network.subnets for network in networks}
        bare = {item["name"] for item in self.items("networks") if not item.get("subnets")}
        used: dict[tuple[str, str], str] = {}

        def take(where: str, network: str, address: str) -> None:
            if holder := used.get((network, address)):
                self.problem(
                    where, address, f"is already the address of {holder}", "give each its own address"
                )
            else:
                used[network, address] = where

        for router in routers:
            where = f"routers[{router.name}]"
            own: list[str] = []
            for leg in router.interfaces:
                subnet = subnets.get(leg.subnet)
                address = subnet.gateway_ip if subnet and leg.address is None else leg.address
                if address:
                    own.append(address)
                    # Of a subnet that is not declared only the cloud knows the network.
                    network = subnet.network if subnet else f"that of subnet {leg.subnet}"
                    take(f"{where}.interfaces[{leg.subnet}]", network, address)
            # A next hop behind a gateway or an undeclared subnet is checked when the cloud has told their
            # ranges.
            ranges = [subnets[leg.subnet].cidr for leg in router.interfaces if leg.subnet in subnets]
            known = router.external_network is None and len(ranges) == len(router.interfaces)
            for route in router.routes:
                place = next((cidr for cidr in ranges if holds(cidr, route.nexthop)), None)
                if route.nexthop in own:
                    self.problems.append(own_address(router.name, route))
                elif place:
                    self.host(f"{where}.routes.nexthop", route.nexthop, ipaddress.IPv4Network(place))
                elif known:
                    self.problems.append(not_connected(router.name, route, ranges))
        gateways = {subnet.gateway_ip: subnet.name for subnet in subnets.values() if subnet.gateway_ip}
        for server in servers:
            for nic in server.interfaces:
                where = f"servers[{server.name}].interfaces[{nic.network}].address"
                if nic.network in bare:
                    self.problem(
                        f"servers[{server.name}].interfaces[{nic.network}]",
                        nic.network,
                        "is a network without subnets, which gives no address",
                        "declare a subnet there",
                    )
                    continue
                if nic.address is None:
                    continue
                if nic.network in by_network:
                    home = [s for s in by_network[nic.network] if holds(s.cidr, nic.address)]
                    if not home:
                        ranges = [subnet.cidr for subnet in by_network[nic.network]]
                        self.problem(
                            where, nic.address, "is outside its network", f"choose in {listing(ranges)}"
                        )
                        continue
                    self.host(where, nic.address, ipaddress.IPv4Network(home[0].cidr))
                    if nic.address in gateways and (nic.network, nic.address) not in used:
                        self.problem(
                            where,
                            nic.address,
                            f"is the gateway of subnet {gateways[nic.address]!r}",
                            "choose another address",
                        )
                take(where, nic.network, nic.address)

    def check_room(
        self, networks: Sequence[Network], routers: Sequence[Router], servers: Sequence[Server]
    ) -> None:
        """Complain about networks whose pools have fewer addresses than servers that are to get one."""
        legs = [leg for server in servers for leg in server.interfaces]
        for network in networks:
            names = {subnet.name for subnet in network.subnets}
            fixed = {leg.address for leg in legs if leg.network == network.name} | {
                leg.address for router in routers for leg in router.interfaces if leg.subnet in names
            }
            pools = [pool for subnet in network.subnets for pool in subnet.allocation_pools]
            # Where neutron takes some for ports of its own there are even fewer; not every cloud does.
            free = sum(
                int(ipaddress.IPv4Address(high)) - int(ipaddress.IPv4Address(low)) + 1 for low, high in pools
            )
            free -= sum(any(_between(address, *pool) for pool in pools) for address in fixed if address)
            asking = sum(leg.network == network.name and leg.address is None for leg in legs)
            if network.subnets and asking > free:
                self.problem(
                    f"networks[{network.name}].subnets.allocation_pools",
                    listing(f"{low}-{high}" for low, high in pools),
                    f"has room for {free} of {asking} servers without an address of their own",
                    "widen it, or declare addresses outside",
                )

    def cidr(self, where: str, value: str) -> ipaddress.IPv4Network | None:
        try:
            return ipaddress.IPv4Network(value)
        except ValueError as error:
            self.problem(where, value, f"is not an IPv4 network ({error})", _prefix_hint(value, error))
            return None

    def address(self, where: str, value: str) -> str | None:
        try:
            return str(ipaddress.IPv4Address(value))
        except ValueError:
            self.problem(
                where, value, "is not an IPv4 address", "write four numbers of 0 to 255, such as 10.0.2.5"
            )
            return None

    def host(self, where: str, value: str, cidr: ipaddress.IPv4Network, otherwise: str = "") -> str | None:
        """Return `value` if a host can have it in `cidr`."""
        address = self.address(where, value)
        if address is None:
            return None
        if fault := unusable(address, str(cidr)):
            what, remedy = fault
            self.problem(where, value, what, f"{remedy}, or {otherwise}" if otherwise else remedy)
            return None
        return address


def not_connected(router: str, route: Route, ranges: Iterable[str]) -> str:
    """Return the sentence for a next hop that no interface of `router` can reach."""
    return (
        f"routers[{router}].routes.nexthop: {route.nexthop!r} is not on a network the router is connected "
        f"to; "
        f"choose an address in {listing(ranges)} or add an interface"
    )


def own_address(router: str, route: Route) -> str:
    """Return the sentence for a next hop that is an address of `router` itself."""
    return (
        f"routers[{router}].routes.nexthop: {route.nexthop!r} is an address of the router itself; name "
        f"the next router's"
    )


def listing(names: Iterable[str], most: int = 20) -> str:
    """Return `names` sorted for a message, cut after `most` of them."""
    known = sorted(set(names))
    shown = ", ".join(known[:most]) or "none"
    return f"{shown} and {len(known) - most} more" if len(known) > most else shown


def _prefix_hint(value: str, error: ValueError) -> str:
    """Return the remedy for a range that is none: without its host bits, if these are all that is wrong."""
    hint = "192.168.56.0/24"
    if "host bits" in str(error):
        hint = str(ipaddress.ip_network(value, strict=False))
    return f"write address/prefix, for instance {hint}"


def _between(address: str, low: str, high: str) -> bool:
    return ipaddress.IPv4Address(low) <= ipaddress.IPv4Address(address) <= ipaddress.IPv4Address(high)
