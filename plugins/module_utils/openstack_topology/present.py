"""Plan the way to the declared topology: what to create and what to repair."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from . import model, state
from .model import Topology, keypair_name, listing, router_port_name, server_port_name
from .plan import (
    DEFAULT_EGRESS,
    GONE,
    READY,
    Found,
    Plan,
    Planner,
    address_of,
    choose,
    describe,
    rule_changes,
    show,
)

R = TypeVar("R", bound=state.Resource)

REMEDIES = {
    "PAUSED": "unpause it first",
    "SUSPENDED": "resume it first",
    "SHELVED": "unshelve it first",
    "SHELVED_OFFLOADED": "unshelve it first",
    "RESCUE": "unrescue it first",
}
"""By the status in which nova neither resizes, starts nor stops: what brings back to ACTIVE or SHUTOFF."""


def plan_present(desired: Topology, actual: state.Actual) -> Plan:
    """Plan the way from `actual` to `desired`."""
    return _Present(desired, actual).plan()


@dataclass(frozen=True)
class _Home:
    """A network that ports are made in: `id` is "" before it exists, no two have one `name`."""

    id: str
    name: str


@dataclass(frozen=True)
class _Leg:
    """A router's interface: `subnet_id` is "" before the subnet exists."""

    subnet: str
    subnet_id: str
    network: _Home
    cidr: str
    address: str
    takes_gateway: bool


@dataclass(frozen=True)
class _Claim:
    """An address that our port `port` is to get by the step `taker`; `where` is what declares it."""

    where: str
    home: _Home
    address: str
    port: str
    taker: str


class _Present(Planner):
    """Plans creation and repair."""

    def __init__(self, desired: Topology, actual: state.Actual) -> None:
        super().__init__(desired.name, actual)
        self.desired = desired
        self.subnets = {subnet.name: subnet for subnet in desired.subnets}
        self.servers = [s for s in desired.servers if desired.only is None or s.name in desired.only]
        self.kept: set[str] = set()
        """The ids of owned resources that are declared."""
        self.wiring: list[tuple[model.Router, list[_Leg], set[model.Route]]] = []
        """Each router with the interfaces it lacks and the routes it has when others have left."""
        self.ports: dict[_Home, list[dict[str, Any]]] = {}
        """By network: the ports to create there, in one request."""
        self.claims: list[_Claim] = []

    def plan(self) -> Plan:
        self.check_external_networks()
        for network in self.desired.networks:
            self.network(network)
        for group in self.desired.security_groups:
            self.group(group)
        self.rules()
        known = len(self.problems)
        for router in self.desired.routers:
            self.router(router)
        for router, missing, routes in self.wiring:
            self.wire(router, missing, routes)
        self.keypair()
        if self.desired.only is not None:
            # Routers are left as they are, so what a whole run would refuse of them is no obstacle.
            self.warnings += self.problems[known:]
            del self.problems[known:]
            self.restrict()
        for server in self.desired.servers:
            self.server(server, server in self.servers)
        for home, ports in self.ports.items():
            self.create_ports(home, ports)
        self.check_claims()
        self.check_first_addresses()
        self.wait_for_servers()
        for server in self.desired.servers:
            self.floating_ip(server, server in self.servers)
        self.list_unmanaged()
        return self.result()

    def own(self, kind: str, resources: Iterable[R], name: str, **match: object) -> R | None:
        """Return the owned resource `name`, noted as found; tag it if a killed run has left it without."""
        for resource in sorted(resources, key=lambda resource: resource.id):
            if not resource.owned or resource.name != name:
                continue
            if any(getattr(resource, attribute) != value for attribute, value in match.items()):
                continue
            self.kept.add(resource.id)
            self.found[kind, name] = Found(resource.id)
            if not resource.tagged:
                self.add(
                    "tag", kind, name, {"names": [name]}, details=["left untagged by an interrupted run"]
                )
            return resource
        return None

    def create(
        self,
        kind: str,
        name: str,
        spec: Mapping[str, Any],
        needs: Iterable[str] = (),
        details: Iterable[str] = (),
    ) -> None:
        step = self.add("create", kind, name, spec, needs, details or describe(spec))
        self.tag_later(kind, name, [name], step.key)

    def tag_later(self, kind: str, name: str, names: Sequence[str], created: str) -> None:
        """Tag while the servers boot: nothing waits for it, until then the description's mark serves."""
        self.add("tag", kind, name, {"names": names}, [created, "create server *"], shown=False)

    def lookup(self, kind: str, resources: Iterable[R], wanted: str, where: str, what: str) -> R | None:
        """Return the existing resource with name or id `wanted`, or note the problem."""
        there = choose(resources, wanted, where, what, self.problems)
        if there:
            self.found[kind, wanted] = Found(there.id)
        return there

    def check_external_networks(self) -> None:
        external = [network for network in self.actual.networks if network.external]
        wanted = {
            **{r.external_network: f"routers[{r.name}].external_network" for r in self.desired.routers},
            **{s.floating_ip: f"servers[{s.name}].floating_ip" for s in self.servers},
        }
        for name, where in wanted.items():
            if name is not None:
                self.lookup("external_network", external, name, where, "an external network")

    def network(self, network: model.Network) -> None:
        there = self.own("network", self.actual.networks, network.name, external=False)
        if there is None:
            self.create("network", network.name, {})
        for subnet in network.subnets:
            self.subnet(subnet, there)

    def subnet(self, subnet: model.Subnet, network: state.Network | None) -> None:
        there = network and self.own("subnet", self.actual.subnets, subnet.name, network_id=network.id)
        attributes = ("gateway_ip", "dhcp", "dns_nameservers", "allocation_pools", "host_routes")
        wanted: dict[str, Any] = {attribute: getattr(subnet, attribute) for attribute in attributes}
        needs = [f"create network {subnet.network}"]
        if not there:
            self.create(
                "subnet", subnet.name, {"network": subnet.network, "cidr": subnet.cidr, **wanted}, needs
            )
            return
        if there.cidr != subnet.cidr:
            self.problems.append(
                f"networks[{subnet.network}].subnets[{subnet.name}].cidr: {subnet.cidr!r} differs from "
                f"{there.cidr} in the cloud, and a subnet's range cannot change; keep it, or remove the "
                f"topology first (state: absent)"
            )
            return
        changed = {
            attribute: value for attribute, value in wanted.items() if value != getattr(there, attribute)
        }
        if changed:
            details = [f"{a}: {show(getattr(there, a))} -> {show(value)}" for a, value in changed.items()]
            # Neutron refuses to change the gateway while a router has its old address.
            if "gateway_ip" in changed and self.desired.only is None:
                self.check_gateway(subnet, there)
            self.add("update", "subnet", subnet.name, changed, [*needs, "delete interface *"], details)

    def check_gateway(self, subnet: model.Subnet, there: state.Subnet) -> None:
        """Complain if the old gateway is an address that a router has and keeps."""
        declared = {router.name: router for router in self.desired.routers}
        ours = {r.id: declared[r.name] for r in self.actual.routers if r.owned and r.name in declared}
        names = {router.id: router.name for router in self.actual.routers}
        for port in self.actual.ports:
            if (there.id, there.gateway_ip) not in port.fixed_ips:
                continue
            holder, remedy = names.get(port.device_id, port.device_id), "not declared; remove it first"
            if router := ours.get(port.device_id):
                kept = [leg.address for leg in router.interfaces if leg.subnet in (subnet.name, there.id)]
                if there.gateway_ip not in kept:
                    continue
                remedy = "declared so; give its interface another address first"
            self.problems.append(
                f"networks[{subnet.network}].subnets[{subnet.name}].gateway_ip: {subnet.gateway_ip!r} "
                f"cannot replace {there.gateway_ip} while that is the address of router {holder!r}, {remedy}"
            )

    def group(self, group: model.SecurityGroup) -> None:
        there = self.own("security_group", self.actual.security_groups, group.name)
        if there is None:
            self.create("security_group", group.name, {"description": group.description})
        elif there.description != group.description:
            details = [f"description: {show(there.description)} -> {show(group.description)}"]
            self.add(
                "update", "security_group", group.name, {"description": group.description}, details=details
            )

    def resolve_group(self, name: str, where: str) -> str | None:
        """Return the id of group `name`, declared or existing; "" if it will be created."""
        if any(group.name == name for group in self.desired.security_groups):
            return self.found["security_group", name].id if ("security_group", name) in self.found else ""
        groups = self.actual.security_groups
        there = self.lookup("security_group", groups, name, where, "a security group declared or existing")
        return there.id if there else None

    def rules(self) -> None:
        """Plan all groups' rules, after all groups: a rule may refer to one declared further down."""
        for group in self.desired.security_groups:
            there = next(
                (g for g in self.actual.security_groups if g.id in self.kept and g.name == group.name), None
            )
            where = f"security_groups[{group.name}].rules.remote_group"
            resolved = {
                rule: replace(rule, remote_group=self.resolve_group(rule.remote_group, where))
                if rule.remote_group
                else rule
                for rule in group.rules
            }
            remotes = {rule.remote_group for rule in group.rules if rule.remote_group}
            rules = there.rules if there else DEFAULT_EGRESS
            missing, surplus = rule_changes(resolved.values(), rules)
            gone = {id_: rule for id_, rule in rules if id_ in surplus}
            if missing or surplus:
                details = [
                    *(f"+ {rule}" for rule, actual in resolved.items() if actual in missing),
                    *(f"- {rule}" for rule in gone.values()),
                ]
                needs = [f"create security_group {name}" for name in (group.name, *remotes)]
                action = "update" if there else "create"
                self.add(action, "rules", group.name, {"rules": group.rules}, needs, details)

    def router(self, router: model.Router) -> None:
        """Plan the router itself and what has to leave it; `wire` plans what comes to it."""
        there = self.own("router", self.actual.routers, router.name)
        external = self.found.get(("external_network", router.external_network or ""))
        legs: list[state.Port] = []
        routes: set[model.Route] = set()
        if there is None:
            self.create("router", router.name, {"external_network": router.external_network})
        else:
            routes = set(there.routes)
            legs = [p for p in self.actual.ports if p.device_id == there.id and p.is_router_interface]
            if there.external_network_id != (external.id if external else None):
                names = {network.id: network.name for network in self.actual.networks}
                before = names.get(there.external_network_id or "", there.external_network_id)
                details = [f"external_network: {show(before)} -> {show(router.external_network)}"]
                spec = {"external_network": router.external_network}
                self.release(there, f"routers[{router.name}].external_network", f"{before} cannot be left")
                needs = ["delete interface *", "update association *"]
                self.add("update", "router", router.name, spec, needs, details)
        missing: list[_Leg] = []
        kept: set[str] = set()
        declared = self.legs(router)
        for leg in declared:
            port = next((p for p in legs if (leg.subnet_id, leg.address) in p.fixed_ips), None)
            if port:
                kept.add(port.id)
                self.own("port", (port,), port.name)
            else:
                missing.append(leg)
        removed = [port for port in legs if port.id not in kept]
        if there and removed:
            routes = self.unwire(there, removed, routes)
        outside = [s.cidr for s in self.actual.subnets if external and s.network_id == external.id]
        self.check_ranges(router, declared, outside)
        # A plain member may not be told the external network's ranges.
        self.check_routes(router, declared, outside, bool(outside or not external))
        self.wiring.append((router, missing, routes))

    def legs(self, router: model.Router) -> list[_Leg]:
        """Return the router's interfaces with all that the cloud tells of their subnets."""
        legs: list[_Leg] = []
        for interface in router.interfaces:
            name, address = interface.subnet, interface.address
            where = f"routers[{router.name}].interfaces"
            if declared := self.subnets.get(name):
                known = self.found.get(("subnet", name))
                subnet_id, gateway = known.id if known else "", declared.gateway_ip
                home, cidr = self.declared_home(declared.network), declared.cidr
            else:
                what = "a subnet declared or existing"
                there = self.lookup("subnet", self.actual.subnets, name, f"{where}.subnet", what)
                if there is None:
                    continue
                subnet_id, gateway = there.id, there.gateway_ip
                home, cidr = self.existing_home(there.network_id), there.cidr
                if address:
                    self.check_place(f"{where}[{name}].address", address, (cidr,))
            if subnet_id and subnet_id in [leg.subnet_id for leg in legs]:
                self.problems.append(
                    f"{where}: {name!r} is connected twice, by its name and its id; keep one interface a "
                    f"subnet"
                )
            elif address or gateway:
                takes_gateway = address in (None, gateway)
                legs.append(_Leg(name, subnet_id, home, cidr, address or gateway or "", takes_gateway))
            else:
                self.problems.append(
                    f"{where}: {name!r} is a subnet without a gateway address; give the interface an address"
                )
        return legs

    def check_place(self, where: str, address: str, cidrs: Sequence[str]) -> None:
        """Complain about an address that no host can have in any of an existing network's ranges."""
        place = next((cidr for cidr in cidrs if model.holds(cidr, address)), None)
        if place is None:
            fault = f"is outside its network; choose in {listing(cidrs)}"
        elif reasons := model.unusable(address, place):
            fault = "; ".join(reasons)
        else:
            return
        self.problems.append(f"{where}: {address!r} {fault}")

    def check_claims(self) -> None:
        """Complain about addresses that another port keeps or is to get too; one that moves goes first."""
        leaving = self.leaving()
        ports = [port for port in self.actual.ports if port.id not in leaving]
        held = [(claim, _holder(claim, ports)) for claim in self.claims]
        frees = {claim.taker: key for claim, port in held if port and (key := self.moving(port))}
        claimed: dict[tuple[_Home, str], str] = {}
        for claim, port in held:
            other = claimed.setdefault((claim.home, claim.address), claim.port)
            key = self.moving(port) if port else None
            what, remedy = f"is already the address of port {other!r}", "choose another address"
            if port and not key:
                what, remedy = self.keeps(port)
            elif port and claim.taker in _after(claim.taker, frees):
                what = f"is the address of port {port.name!r}, and no run exchanges addresses"
                remedy = "declare a free one for one of the two first"
            elif other == claim.port:
                step = self.steps[claim.taker]
                self.steps[step.key] = replace(step, needs=step.needs | {key} if key else step.needs)
                continue
            self.problems.append(f"{claim.where}: {claim.address!r} {what}; {remedy}")

    def check_first_addresses(self) -> None:
        """Warn of addresses that neutron's own port gets in a network that is yet to be made."""
        for subnet in self.desired.subnets:
            if not subnet.dhcp or f"create subnet {subnet.name}" not in self.steps:
                continue
            first = min((low for low, _ in subnet.allocation_pools), key=ipaddress.IPv4Address, default="")
            for claim in self.claims:
                if (claim.home.name, claim.address) == (subnet.network, first):
                    self.warnings.append(
                        f"{claim.where}: {first!r} is the first address of its pool, which neutron gives to "
                        f"its own port for DHCP and metadata on many clouds; if it is refused, choose "
                        f"another, or leave it out of allocation_pools"
                    )

    def keeps(self, port: state.Port) -> tuple[str, str]:
        """Return what to say of an address that the port has and keeps, and the remedy."""
        if not port.is_router_interface:
            name = port.name or port.device_owner or port.id
            return f"is already the address of port {name!r}", "choose another address"
        holder = next((r.name for r in self.actual.routers if r.id == port.device_id), port.device_id)
        what = f"is already the address of router {holder!r}"
        if port.device_id in self.kept:
            return what, "choose another address"
        return f"{what}, not declared", "remove it first, or choose another address"

    def moving(self, port: state.Port) -> str | None:
        """Return the key of the step that gives the port another address, if there is one."""
        step, known = self.steps.get(f"update port {port.name}"), self.found.get(("port", port.name))
        return step.key if step and known and known.id == port.id and "address" in step.spec else None

    def check_ranges(self, router: model.Router, legs: Sequence[_Leg], outside: Iterable[str]) -> None:
        """Complain about ranges that overlap: neutron connects no router to both. The parser knows others."""
        known = [(f"external network {router.external_network!r}", cidr) for cidr in outside]
        for leg in sorted(legs, key=lambda leg: leg.subnet in self.subnets):
            for what, cidr in known:
                if model.overlap(leg.cidr, cidr):
                    self.problems.append(
                        f"routers[{router.name}].interfaces: {leg.subnet!r} has {leg.cidr}, which overlaps "
                        f"{cidr} of {what} on the same router; give the subnet another range, or leave "
                        f"one out"
                    )
            if leg.subnet not in self.subnets:
                known.append((f"subnet {leg.subnet!r}", leg.cidr))

    def leaving(self) -> set[str]:
        """Return the ids of the ports that leave their router."""
        gone = (step for step in self.steps.values() if (step.action, step.kind) == ("delete", "interface"))
        return {step.spec["port_id"] for step in gone}

    def unwire(
        self, router: state.Router, removed: Sequence[state.Port], routes: set[model.Route]
    ) -> set[model.Route]:
        """Plan the removal of interfaces after the routes that need them; return the routes left."""
        subnets = {subnet.id: subnet for subnet in self.actual.subnets}
        gone = [subnets[id_].cidr for port in removed for id_, _ in port.fixed_ips if id_ in subnets]
        kept = {route for route in routes if not any(model.holds(cidr, route.nexthop) for cidr in gone)}
        if kept != routes:
            spec = {"id": router.id, "routes": tuple(sorted(kept))}
            self.add("delete", "routes", router.name, spec, (), [f"- {r}" for r in sorted(routes - kept)])
        for port in removed:
            self.kept.add(port.id)
            subnet = next((subnets[id_].name for id_, _ in port.fixed_ips if id_ in subnets), port.id)
            where = f"routers[{router.name}].interfaces"
            self.release(router, where, f"that in {subnet} cannot be removed", port.fixed_ips)
            name = self.name("delete", "interface", port, f"{router.name}@{subnet}")
            spec = {"router_id": router.id, "port_id": port.id}
            details = [f"address: {address}" for _, address in port.fixed_ips]
            needs = [f"delete routes {router.name}", "update association *"]
            self.add("delete", "interface", name, spec, needs, details)
        return kept

    def release(
        self, router: state.Router, where: str, what: str, legs: Iterable[tuple[str, str]] | None = None
    ) -> None:
        """Plan to free the floating IPs that come through the router, or its `legs`: neutron keeps both else.

        One that is not ours is a problem, and so is one of ours on a port that is not declared: only what is
        declared tells the run after a failed one where an address belongs.
        """
        declared = {
            server_port_name(s.name, nic.network) for s in self.desired.servers for nic in s.interfaces
        }
        gone = None if legs is None else {subnet_id for subnet_id, _ in legs}
        ports = {port.id: port for port in self.actual.ports}
        for ip in self.actual.floating_ips:
            port = ports.get(ip.port_id or "")
            if ip.router_id != router.id or port is None or self.desired.only is not None:
                continue
            if gone is not None and gone.isdisjoint(subnet_id for subnet_id, _ in port.fixed_ips):
                continue
            if ip.owned and port.owned and port.name in declared:
                self.take(ip, port.name)
                continue
            why = "which the topology does not own; disassociate that address first"
            if ip.owned:
                why = "and is not declared; disassociate that address, or remove the server, first"
            self.problems.append(
                f"{where}: {what} while {port.name or port.id} has the floating IP {ip.address} through it, "
                f"{why}"
            )

    def take(self, ip: state.FloatingIp, port_name: str, server: str = "") -> str:
        """Plan to disassociate the address and perhaps to name it for a server; return the step's key."""
        details = [f"take it from {port_name}"] + ([f"name it for server {server}"] if server else [])
        spec = {"id": ip.id, "server": server}
        return self.add("update", "association", ip.address, spec, (), details).key

    def wire(self, router: model.Router, missing: Sequence[_Leg], routes: set[model.Route]) -> None:
        """Plan the router's missing interfaces, then its routes."""
        leaving = self.leaving()
        ports = [port for port in self.actual.ports if port.id not in leaving]
        for leg in missing:
            own = router_port_name(router.name, leg.subnet)
            where = f"routers[{router.name}].interfaces[{leg.subnet}]"
            needs = [
                f"create router {router.name}",
                # The interface may overlap the external network that the router leaves.
                f"update router {router.name}",
                f"create subnet {leg.subnet}",
                f"update subnet {leg.subnet}",
                "delete interface *",
            ]
            spec = {"router": router.name, "subnet": leg.subnet}
            if not leg.takes_gateway:
                # A port of its own, made together with the servers': none of them may take its address.
                spec["port"] = own
                needs += self.port(own, leg.network, leg.address, where, None, ports)
            name = f"{router.name}@{leg.subnet}"
            step = self.add("create", "interface", name, spec, needs, [f"address: {leg.address}"])
            if leg.takes_gateway:
                self.claims.append(_Claim(where, leg.network, leg.address, own, step.key))
        wanted = set(router.routes)
        if routes != wanted:
            needs = [f"create interface {router.name}@{leg.subnet}" for leg in missing]
            needs += [f"{action} router {router.name}" for action in ("create", "update")]
            needs += [f"delete routes {router.name}"]
            details = [f"+ {r}" for r in sorted(wanted - routes)] + [
                f"- {r}" for r in sorted(routes - wanted)
            ]
            action = "update" if ("router", router.name) in self.found else "create"
            self.add(action, "routes", router.name, {"routes": router.routes}, needs, details)

    def check_routes(
        self, router: model.Router, legs: Sequence[_Leg], outside: Sequence[str], known: bool
    ) -> None:
        """Complain about next hops that are the router, or, if all ranges are known, on none of them."""
        ranges = [*(leg.cidr for leg in legs), *outside]
        for route in router.routes:
            if route.nexthop in [leg.address for leg in legs]:
                self.problems.append(model.own_address(router.name, route))
            elif known and not any(model.holds(cidr, route.nexthop) for cidr in ranges):
                self.problems.append(model.not_connected(router.name, route, ranges))

    def keypair(self) -> None:
        keypair = self.desired.keypair
        if keypair is None:
            return
        name = keypair_name(self.owner, keypair.name)
        there = next((k for k in self.actual.keypairs if k.id == name), None)
        spec = {"public_key": keypair.public_key}
        if there is None:
            self.add("create", "keypair", keypair.name, spec, details=[f"name in the cloud: {name}"])
            return
        self.kept.add(there.id)
        self.found["keypair", keypair.name] = Found(there.id)
        if there.public_key.split()[:2] != keypair.public_key.split()[:2]:
            gone = self.add(
                "delete", "keypair", keypair.name, {"id": there.id}, (), ["another public key is declared"]
            )
            self.add("create", "keypair", keypair.name, spec, [gone.key])

    def restrict(self) -> None:
        """Keep only what concerns the chosen servers; what they share with others must be there already."""
        kinds = ("network", "subnet", "security_group", "keypair")
        missing = [
            f"{step.kind} {step.name}"
            for step in self.steps.values()
            if step.action == "create"
            and step.kind in kinds
            and f"delete {step.kind} {step.name}" not in self.steps
        ]
        if missing:
            self.problems.append(
                f"only: {listing(self.desired.only or ())!r} cannot be deployed alone, because the topology "
                f"lacks "
                f"{listing(missing)}; run once without only (--limit)"
            )
        elif left := [f"{step.kind} {step.name}" for step in self.steps.values() if step.shown]:
            self.warnings.append(
                f"only: what the servers share differs from what is declared and is left as it is: "
                f"{listing(left)}; run without only (--limit) to have it repaired"
            )
        self.steps.clear()
        self.ports.clear()
        self.claims.clear()

    def server(self, server: model.Server, chosen: bool) -> None:
        there = self.own("server", self.actual.servers, server.name)
        if there:
            self.found["server", server.name] = Found(there.id, status=there.status)
        # Kept before anything else: what belongs to a server that is not chosen is declared all the same.
        for nic in server.interfaces:
            name = server_port_name(server.name, nic.network)
            port = next((p for p in self.actual.ports if p.owned and p.name == name), None)
            if port:
                self.kept.add(port.id)
                self.found["port", name] = Found(port.id, address=address_of(port))
        if not chosen:
            return
        lost = there is not None and there.is_lost
        if there is not None and lost:
            fault = f"is in {there.status}: {there.fault or 'no reason given'}"
            why = "is being deleted" if there.deleting else fault
            self.add("delete", "server", server.name, {"id": there.id}, (), [why])
        building = there is not None and there.is_building and not lost
        needs = [GONE] if lost else []
        group_ids = self.resolve_groups(server)
        attach: list[str] = []
        # Nova attaches nothing to a server in the middle of a resize.
        calm = [READY, f"update flavor {server.name}"] if there and there.is_resizing else [READY]
        homes: list[_Home] = []
        for nic in server.interfaces:
            home = self.home(server, nic)
            if home is None:
                continue
            where = f"servers[{server.name}].interfaces"
            if home in homes:
                self.problems.append(
                    f"{where}: {nic.network!r} is connected twice, by its name and its id; keep one "
                    f"interface a network"
                )
                continue
            homes.append(home)
            name = server_port_name(server.name, nic.network)
            own = (p for p in self.actual.ports if p.owned and (p.name, p.network_id) == (name, home.id))
            port = next(own, None)
            bound = port is not None and there is not None and not lost and port.device_id == there.id
            needs += self.port(
                name,
                home,
                nic.address,
                f"{where}[{nic.network}].address",
                server,
                self.actual.ports,
                group_ids,
                # A port that nova has yet to bind looks free, and would be in use before or while it changes.
                in_use=bound or building,
                after=[GONE] if lost else [],
            )
            if there and not lost and not bound:
                attach.append(name)
        if there is None or lost:
            spec = {
                "image": server.image,
                "flavor": server.flavor,
                "keypair": self.desired.keypair and self.desired.keypair.name,
                "ports": [server_port_name(server.name, nic.network) for nic in server.interfaces],
                "user_data": server.user_data,
                "config_drive": server.config_drive,
                "metadata": dict(server.metadata),
                "replaced": there,
            }
            if self.desired.keypair:
                needs.append(f"create keypair {self.desired.keypair.name}")
            details = [f"image: {server.image}", f"flavor: {server.flavor}"]
            for nic in server.interfaces:
                details.append(f"network: {nic.network}" + (f" ({nic.address})" if nic.address else ""))
            if server.security_groups:
                details.append(f"security_groups: {show(server.security_groups)}")
            self.add("create", "server", server.name, spec, needs, details)
            self.power(server, None, [READY])
            return
        if attach:
            # Nova binds the ports of a server only while it builds it: those that exist need no change then.
            expected = there.is_building and all(("port", name) in self.found for name in attach)
            details = [f"attach {name}" for name in attach]
            self.add(
                "update",
                "attachment",
                server.name,
                {"ports": attach},
                [*needs, *calm],
                details,
                shown=not expected,
            )
        ready = [READY] if building else []
        if not there.is_resizing:
            needs += [f"update attachment {server.name}", *ready]
        self.flavor(server, there, [*needs, *self.power(server, there, needs)])
        metadata = dict(there.metadata)
        changed = {key: value for key, value in server.metadata if metadata.get(key) != value}
        if changed:
            details = [f"{key}: {show(metadata.get(key))} -> {show(value)}" for key, value in changed.items()]
            # Nova refuses metadata until a server is built, and until a resize is confirmed.
            needs = [f"update flavor {server.name}", *ready]
            self.add("update", "server", server.name, {"metadata": changed}, needs, details)
        self.compare_image(server, there)

    def resolve_groups(self, server: model.Server) -> frozenset[str] | None:
        """Return the ids of the server's groups, "" for one to be created; `None` if they are not known."""
        where = f"servers[{server.name}].security_groups"
        ids = [self.resolve_group(name, where) for name in self.groups_of(server)]
        return frozenset(id_ or "" for id_ in ids) or None

    def groups_of(self, server: model.Server) -> tuple[str, ...]:
        """Return the names of the server's groups: the project's default one if it declares none."""
        default = model.DEFAULT_GROUP
        there = any(group.name == default for group in self.actual.security_groups)
        return server.security_groups or ((default,) if there else ())

    def home(self, server: model.Server, nic: model.ServerInterface) -> _Home | None:
        """Return the network of the server's interface, or note the problem."""
        if any(network.name == nic.network for network in self.desired.networks):
            return self.declared_home(nic.network)
        where, what = f"servers[{server.name}].interfaces.network", "a network declared or existing"
        there = self.lookup("network", self.actual.networks, nic.network, where, what)
        if there is None:
            return None
        # A plain member may not be told the ranges of a network that is not the project's.
        ranges = [subnet.cidr for subnet in self.actual.subnets if subnet.network_id == there.id]
        if nic.address and ranges:
            self.check_place(f"servers[{server.name}].interfaces[{nic.network}].address", nic.address, ranges)
        return self.existing_home(there.id)

    def declared_home(self, name: str) -> _Home:
        known = self.found.get(("network", name))
        return _Home(known.id if known else "", name)

    def existing_home(self, network_id: str) -> _Home:
        """Return the network; its name has the id with it where another network has that name."""
        homes = [self.declared_home(network.name) for network in self.desired.networks]
        if declared := next((home for home in homes if home.id == network_id), None):
            return declared
        names = {network.id: network.name for network in self.actual.networks}
        name = names.get(network_id, "")
        taken = [home.name for home in homes] + [n for id_, n in names.items() if id_ != network_id]
        return _Home(network_id, f"{name} ({network_id})" if name in taken else name)

    def flavor(self, server: model.Server, there: state.Server, needs: Iterable[str]) -> None:
        """Plan the resize to the declared flavor, or the end of one that was interrupted."""
        flavors = self.actual.flavors
        name = next((flavor.name for flavor in flavors if flavor.id == server.flavor), server.flavor)
        if there.flavor == name and not there.is_resizing:
            return
        if there.status in (*state.RESIZABLE, *state.RESIZING) or there.is_building:
            spec = {"flavor": server.flavor, "name": name, "server": there}
            self.add("update", "flavor", server.name, spec, needs, _resize_details(there, name))
        else:
            remedy = REMEDIES.get(there.status, "run again when that is over")
            self.problems.append(
                f"servers[{server.name}].flavor: {server.flavor!r} cannot replace {there.flavor!r} while the "
                f"server is {there.status}; {remedy}, or declare {there.flavor!r}"
            )

    def power(self, server: model.Server, there: state.Server | None, needs: Iterable[str]) -> list[str]:
        """Plan the start or stop of the server, `None` for one to be created.

        Return the keys that its resize has to wait for.
        """
        if server.running is None:
            return []
        what, wanted, other = "start it", "ACTIVE", "SHUTOFF"
        if not server.running:
            what, wanted, other = "stop it", other, wanted
        status = "ACTIVE" if there is None or there.is_building else there.becoming
        resizing = status in state.RESIZING
        if not resizing and status not in state.RESIZABLE:
            remedy = REMEDIES.get(status, "run again when that is over")
            self.warnings.append(
                f"server {server.name}: it is {status}, declared is running: {show(server.running)}; left as "
                f"it is, {remedy}"
            )
            return []
        # What an interrupted run has begun is waited for.
        if status == wanted and (there is None or there.task not in state.POWERING):
            return []
        detail = f"{what} (it is {status})" if server.running else what
        if resizing:
            detail = f"{what}, if it is {other} after the resize"
        first = not server.running and not resizing
        after = [] if first else [f"update {kind} {server.name}" for kind in ("attachment", "flavor")]
        spec = {"status": wanted}
        step = self.add(
            "update", "power", server.name, spec, [*needs, *after], [detail], shown=status != wanted
        )
        return [step.key] if first else []

    def compare_image(self, server: model.Server, there: state.Server) -> None:
        """Warn of an image that is neither the declared one nor descends from it by snapshots, or is none."""
        names = {image.id: image.name for image in self.actual.images}
        declared = {id_ for id_, name in names.items() if server.image in (id_, name)} or {server.image}
        line = self.actual.lineage(there.image_id)
        if not line or not declared.isdisjoint(line):
            return
        if declared.isdisjoint(names):
            self.warnings.append(
                f"servers[{server.name}].image: {server.image!r} is not an image of this cloud; the server "
                f"has {names.get(line[0], line[0])!r}, left as it is"
            )
            return
        what = (
            f"its image {names[line[0]]!r} is not"
            if line[-1] in names
            else f"the image it comes from, {line[-1]}, is gone and may not be"
        )
        self.warnings.append(f"server {server.name}: {what} {server.image!r} as declared; left as it is")

    def port(
        self,
        name: str,
        home: _Home,
        address: str | None,
        where: str,
        server: model.Server | None,
        ports: Iterable[state.Port],
        group_ids: frozenset[str] | None = None,
        in_use: bool = False,
        after: Sequence[str] = (),
    ) -> list[str]:
        """Plan the port `name` unless it is as declared; return the keys its user has to wait for."""
        groups = server.security_groups if server else ()
        there = self.own("port", ports, name, network_id=home.id)
        if there is None:
            if server and (stray := self.stray(name, ports)):
                self.problems.append(f"{where.removesuffix('.address')}: {stray}")
            if server and groups and not self.filters(home):
                self.problems.append(_unfiltered(server, home))
            self.ports.setdefault(home, []).append(
                {
                    "name": name,
                    "address": address,
                    "security_groups": groups,
                    "router": not server,
                }
            )
            created = f"create port {home.name}"
            if address:
                self.claims.append(_Claim(where, home, address, name, created))
            return [created]
        self.found["port", name] = Found(there.id, address=address_of(there))
        changed: dict[str, Any] = {}
        details = []
        if address and address not in [ip for _, ip in there.fixed_ips]:
            if in_use:
                self.warnings.append(
                    f"{name}: its address is {address_of(there)}, declared is {address}; left as it is while "
                    f"in use"
                )
            else:
                changed["address"] = address
                changed["beside"] = tuple(fixed for fixed in there.fixed_ips if ":" in fixed[1])
                self.claims.append(_Claim(where, home, address, name, f"update port {name}"))
                details.append(f"address: {address_of(there)} -> {address}")
        if group_ids not in (None, there.security_group_ids) and server and (groups or there.filtered):
            if not there.filtered:
                if not self.filters(home):
                    self.problems.append(_unfiltered(server, home))
                changed["filtered"] = True
                details.append("port security: off -> on")
            groups = self.groups_of(server)
            changed["security_groups"] = groups
            names = {group.id: group.name for group in self.actual.security_groups}
            before = sorted(names.get(id_, id_) for id_ in there.security_group_ids)
            details.append(f"security_groups: {show(before)} -> {show(groups)}")
        if not changed:
            return []
        # An address can be the one that an interface about to be removed has now.
        needs = [*after, "delete interface *", *(f"create security_group {group}" for group in groups)]
        return [self.add("update", "port", name, changed, needs, details).key]

    def stray(self, name: str, ports: Iterable[state.Port]) -> str:
        """Return why a server's port cannot be made: there is one on another network; empty if not."""
        networks = {network.id: network.name for network in self.actual.networks}
        for port in ports:
            if port.owned and port.name == name:
                place = networks.get(port.network_id, "")
                return (
                    f"{name!r} is on another network, {place!r} ({port.network_id}), than the one declared "
                    f"now; name that one, or remove the server first (state: absent)"
                )
        return ""

    def filters(self, home: _Home) -> bool:
        """Whether security groups apply to the ports of a network."""
        return next((network.filtered for network in self.actual.networks if network.id == home.id), True)

    def create_ports(self, home: _Home, ports: Sequence[Mapping[str, Any]]) -> None:
        """Plan one request for a network's ports: fixed addresses first, so that they are still free."""
        ordered = sorted(ports, key=lambda port: port["address"] is None)
        subnets = [subnet.name for subnet in self.desired.subnets if subnet.network == home.name]
        needs = {f"{action} subnet {subnet}" for action in ("create", "update") for subnet in subnets}
        needs |= {f"create network {home.name}"}
        needs |= {f"create security_group {group}" for port in ports for group in port["security_groups"]}
        needs.add("delete interface *")
        details = [port["name"] + (f" ({port['address']})" if port["address"] else "") for port in ordered]
        spec = {"network_id": home.id, "ports": ordered}
        step = self.add("create", "port", home.name, spec, needs, details)
        self.tag_later("port", home.name, [port["name"] for port in ordered], step.key)

    def wait_for_servers(self) -> None:
        names = [server.name for server in self.servers]
        created = [name for name in names if f"create server {name}" in self.steps]
        gone = [step.spec["id"] for key, step in self.steps.items() if key.startswith("delete server ")]
        building = [
            server.name
            for server in self.actual.servers
            if server.id in self.kept and server.is_building and server.name in names
        ]
        if gone:
            self.add("wait", "server", "gone", {"ids": gone}, ["delete server *"], shown=False)
        if created or building:
            ready = list(dict.fromkeys([*created, *building]))
            self.add("wait", "server", "ready", {"names": ready}, ["create server *"], shown=False)

    def floating_ip(self, server: model.Server, chosen: bool) -> None:
        if server.floating_ip is None or not server.interfaces:
            return
        port_name = server_port_name(server.name, server.interfaces[0].network)
        port = self.found.get(("port", port_name))
        port_id = port.id if port else None
        there = self.own_floating_ip(server, port_id)
        if there:
            self.kept.add(there.id)
            self.found["floating_ip", server.name] = Found(there.id, address=there.address)
        if not chosen:
            return
        needs = [
            f"create port {home.name}"
            for home, ports in self.ports.items()
            if port_name in [port["name"] for port in ports]
        ]
        needs += ["create router *", "update router *", "create interface *"]
        for ip in self.actual.floating_ips:
            if ip == there or port_id is None or ip.port_id != port_id:
                continue
            if not ip.owned:
                self.problems.append(
                    f"servers[{server.name}].floating_ip: the server already has {ip.address}, which the "
                    f"topology does not own; disassociate that address, or remove floating_ip"
                )
                continue
            # Freed in a step of its own: two servers may have each other's address.
            needs.append(self.take(ip, port_name))
        taken = there is not None and f"update association {there.address}" in self.steps
        if there and taken and there.name != server.name:
            # It is known by its port alone, which it loses: the name tells whose it is after a failed run.
            self.take(there, port_name, server.name)
        moves = there is None or there.port_id is None or there.port_id != port_id or taken
        if moves and not self.is_joined(server.floating_ip, server.interfaces[0].network):
            remedy = "give one that external_network and an interface there, or remove floating_ip"
            if self.desired.only is not None:
                remedy = "run once without only (--limit)"
            self.problems.append(
                f"servers[{server.name}].floating_ip: no router joins network "
                f"{server.interfaces[0].network!r} to {server.floating_ip!r}; {remedy}"
            )
        if there is None:
            spec = {"network": server.floating_ip, "port": port_name}
            self.create("floating_ip", server.name, spec, needs, [f"network: {server.floating_ip}"])
            return
        if not there.tagged:
            details = ["left untagged by an interrupted run"]
            self.add("tag", "floating_ip", server.name, {"names": [server.name]}, details=details)
        if moves:
            needs.append(f"update association {there.address}")
            details = [f"associate {there.address} with {port_name}"]
            self.add("update", "floating_ip", server.name, {"port": port_name}, needs, details)

    def is_joined(self, external_network: str, network: str) -> bool:
        """Tell whether a router joins the two; to a network that is not declared others' routers may."""
        external = self.found.get(("external_network", external_network))
        subnets = [subnet.name for subnet in self.desired.subnets if subnet.network == network]
        missing = self.desired.only is not None and any(
            ("subnet", name) not in self.found for name in subnets
        )
        if missing or external is None or network not in [there.name for there in self.desired.networks]:
            return True
        return any((external.id, self.subnet_id(subnet)) in self.ways_out() for subnet in subnets)

    def ways_out(self) -> set[tuple[str, str]]:
        """Return pairs of an external network's id and what `subnet_id` calls a subnet joined to it."""
        ways: set[tuple[str, str]] = set()
        limited = self.desired.only is not None
        for router in self.actual.routers:
            if router.external_network_id and (limited or router.id not in self.kept):
                legs = [p for p in self.actual.ports if p.device_id == router.id and p.is_router_interface]
                ways |= {(router.external_network_id, id_) for port in legs for id_, _ in port.fixed_ips}
        for declared in () if limited else self.desired.routers:
            external = self.found.get(("external_network", declared.external_network or ""))
            if external:
                ways |= {(external.id, self.subnet_id(leg.subnet)) for leg in declared.interfaces}
        return ways

    def subnet_id(self, name: str) -> str:
        """Return the id of a subnet, or its name before it exists."""
        found = self.found.get(("subnet", name))
        return found.id if found else name

    def own_floating_ip(self, server: model.Server, port_id: str | None) -> state.FloatingIp | None:
        """Return the floating IP made for the server, or else one of ours it has that no other claims."""
        claimed = {other.name for other in self.desired.servers if other.floating_ip}
        external = self.found.get(("external_network", server.floating_ip or ""))
        candidates = [
            ip
            for ip in self.actual.floating_ips
            if ip.owned
            and (external is None or ip.network_id == external.id)
            and (
                ip.name == server.name
                or (ip.name not in claimed and port_id is not None and ip.port_id == port_id)
            )
        ]
        return min(
            candidates, key=lambda ip: (ip.name != server.name, ip.port_id != port_id, ip.id), default=None
        )

    def list_unmanaged(self) -> None:
        actual = self.actual
        for kind, resources in (
            ("network", actual.networks),
            ("subnet", actual.subnets),
            ("router", actual.routers),
            ("port", actual.ports),
            ("security_group", actual.security_groups),
            ("floating_ip", actual.floating_ips),
            ("keypair", actual.keypairs),
            ("server", actual.servers),
        ):
            for resource in resources:
                if resource.owned and resource.id not in self.kept:
                    label = resource.address if isinstance(resource, state.FloatingIp) else resource.name
                    self.unmanaged.append(f"{kind} {label}")


def _unfiltered(server: model.Server, home: _Home) -> str:
    """Return the problem of security groups where neutron applies none."""
    return (
        f"servers[{server.name}].security_groups: {listing(server.security_groups)} would filter nothing on "
        f"network {home.name!r}, whose port security is switched off; declare none, or have it switched on"
    )


def _holder(claim: _Claim, ports: Iterable[state.Port]) -> state.Port | None:
    """Return the port that has the claimed address now, other than our own that is to get it."""
    return next(
        (
            port
            for port in ports
            if port.network_id == claim.home.id and not (port.owned and port.name == claim.port)
            if claim.address in [ip for _, ip in port.fixed_ips]
        ),
        None,
    )


def _after(key: str, frees: Mapping[str, str]) -> list[str]:
    """Return the keys that `key` waits for, `key` itself among them if it is in a circle."""
    keys: list[str] = []
    while key in frees and frees[key] not in keys:
        key = frees[key]
        keys.append(key)
    return keys


def _resize_details(there: state.Server, flavor: str) -> list[str]:
    """Return what has to be done until the server has the flavor of that name."""
    reboots = "(the server reboots if it runs)"
    if not there.is_resizing:
        return [f"flavor: {there.flavor} -> {flavor} {reboots}"]
    left = f"the resize to {there.flavor} that an interrupted run has left"
    after = f"flavor: {flavor}, unless it has it then {reboots}"
    return {
        "confirm": [f"confirm {left}"],
        "revert": [f"revert {left}", after],
        "": [f"wait for the resize that an interrupted run has left in {there.status}", after],
    }[there.move_to(flavor)]
