"""An interpreter of plans: it keeps resources in memory and refuses what neutron and nova refuse.

It is no part of the product and stands for no API there: molecule carries out the same steps on a real cloud.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from openstack_topology import state
from openstack_topology.model import Rule, holds
from openstack_topology.plan import Found, rule_changes

EXTERNAL = state.Network("ext", "insa", external=True)
DEFAULT_EGRESS = (Rule("egress", "IPv4"), Rule("egress", "IPv6"))
KINDS = {
    "network": "networks",
    "subnet": "subnets",
    "router": "routers",
    "port": "ports",
    "security_group": "security_groups",
    "floating_ip": "floating_ips",
    "keypair": "keypairs",
    "server": "servers",
}


def need(condition, message):
    """Refuse a request as a cloud would."""
    if not condition:
        raise AssertionError(f"the cloud refuses: {message}")


class World:
    """Everything one project has, by kind and id."""

    def __init__(self, actual=None):
        self.items: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        self.found = {}
        self.building = {}
        """By the server's id: the ports that nova will bind before the server is ready."""
        self.resized = {}
        """By the server's id: flavor and status before its last resize, and the flavor after it."""
        self.ids = count(1)
        for kind, plural in KINDS.items():
            for resource in getattr(actual or state.Actual(networks=(EXTERNAL,)), plural):
                self.items[kind][resource.id] = resource

    def actual(self):
        """Return the world as the planner is given it."""
        return state.Actual(**{plural: tuple(self.items[kind].values()) for kind, plural in KINDS.items()})

    def run(self, plan, steps=None):
        """Apply the plan, or those of its steps."""
        self.found = dict(plan.found)
        done: set[str] = set()
        for step in plan.steps if steps is None else steps:
            assert step.needs <= done, f"{step.key} runs before {step.needs - done}"
            self.apply(step)
            done.add(step.key)

    def apply(self, step):
        """Carry out one step."""
        act = getattr(self, f"_{step.action}_{step.kind}", None) or getattr(self, f"_{step.action}")
        act(step)

    def id(self, kind, name):
        return self.found[kind, name].id

    def get(self, kind, id_):
        need(id_ in self.items[kind], f"{kind} {id_} does not exist")
        return self.items[kind][id_]

    def put(self, kind, resource, name=None):
        self.items[kind][resource.id] = resource
        if name is not None:
            self.found[kind, name] = Found(resource.id)

    def change(self, kind, id_, **changes):
        if "port_id" in changes:
            network_id, port_id = self.get(kind, id_).network_id, changes["port_id"]
            changes["router_id"] = port_id and self.serving(network_id, port_id)
        self.put(kind, replace(self.get(kind, id_), **changes))

    def rewind(self, server):
        """Put the server back to where nova builds it and has not yet bound its ports."""
        self.change("server", server.id, status="BUILD", deleting=False)
        self.building[server.id] = [port.id for port in self._legs(server.id)]
        for port_id in self.building[server.id]:
            self.change("port", port_id, device_id="", device_owner="")

    def rest(self, id_):
        """Let nova end what it is at, and return the server."""
        server = self.get("server", id_)
        if server.task in state.POWERING:
            self.change("server", id_, status=server.becoming, task="")
        elif server.task:
            flavor, status, after = self.resized[id_]
            if server.status == "RESIZE":
                flavor, status = after, "VERIFY_RESIZE"
            self.change("server", id_, status=status, flavor=flavor, task="")
        return self.get("server", id_)

    def resize(self, server, flavor):
        """Let nova begin to resize the server."""
        need(server.status in state.RESIZABLE and not server.task, f"a resize in {server.status}")
        need(server.flavor != flavor, "a resize to the same flavor")
        self.resized[server.id] = (server.flavor, server.status, flavor)
        self.change("server", server.id, status="RESIZE", task="resize_prep")

    def revert(self, server, _flavor=""):
        """Let nova begin to revert the resize."""
        need(server.status == "VERIFY_RESIZE", f"a revert in {server.status}")
        self.change("server", server.id, status="REVERT_RESIZE", task="resize_reverting")

    def confirm(self, server, _flavor=""):
        """Confirm the resize."""
        need(server.status == "VERIFY_RESIZE", f"a confirmation in {server.status}")
        self.change("server", server.id, status=self.resized[server.id][1])

    def serving(self, network_id, port_id):
        """Return the id of the router that carries addresses of that external network to the port."""
        subnets = [id_ for id_, _ in self.get("port", port_id).fixed_ips]
        ways = [
            (address != self.get("subnet", subnet_id).gateway_ip, leg.device_id)
            for leg in self.items["port"].values()
            for subnet_id, address in leg.fixed_ips
            if leg.is_router_interface
            and subnet_id in subnets
            and self.get("router", leg.device_id).external_network_id == network_id
        ]
        return min(ways)[1] if ways else None

    def carried(self, router_id, subnets=None):
        """Return the floating IPs that come through the router, to any of the subnets."""
        return [
            ip
            for ip in self.items["floating_ip"].values()
            if ip.router_id == router_id
            and (subnets is None or {id_ for id_, _ in self.get("port", ip.port_id).fixed_ips} & set(subnets))
        ]

    def addresses(self):
        """Return every port's addresses and every floating IP's port."""
        ports = {port.id: port.fixed_ips for port in self.items["port"].values()}
        return ports | {ip.id: ip.port_id for ip in self.items["floating_ip"].values()}

    def new(self, kind):
        return f"{kind}-{next(self.ids):05}"

    def _tag(self, step):
        for name in step.spec["names"]:
            self.change(step.kind, self.id(step.kind, name), tagged=True)

    def _delete(self, step):
        id_ = step.spec["id"]
        self.get(step.kind, id_)
        ports = self.items["port"].values()
        used = {
            "network": any(port.network_id == id_ for port in ports),
            "router": any(port.device_id == id_ for port in ports),
            "security_group": any(id_ in port.security_group_ids for port in ports),
            "port": step.kind == "port" and bool(self.items["port"][id_].device_id),
        }
        used["router"] |= bool(self.carried(id_))
        need(not used.get(step.kind), f"{step.kind} {id_} is in use")
        del self.items[step.kind][id_]
        if step.kind == "network":
            for subnet in [s for s in self.items["subnet"].values() if s.network_id == id_]:
                del self.items["subnet"][subnet.id]
        if step.kind == "port":
            for ip in [f for f in self.items["floating_ip"].values() if f.port_id == id_]:
                self.change("floating_ip", ip.id, port_id=None)

    def _create_network(self, step):
        self.put("network", state.Network(self.new("network"), step.name, True), step.name)

    def _create_subnet(self, step):
        spec = dict(step.spec)
        network_id = self.id("network", spec.pop("network"))
        self.get("network", network_id)
        subnet = state.Subnet(self.new("subnet"), step.name, True, network_id=network_id, **spec)
        self.put("subnet", subnet, step.name)

    def _update_subnet(self, step):
        subnet = self.get("subnet", self.id("subnet", step.name))
        if "gateway_ip" in step.spec:
            used = [ip for port in self.items["port"].values() for ip in port.fixed_ips]
            need((subnet.id, subnet.gateway_ip) not in used, f"gateway of {step.name} is in use")
        self.change("subnet", subnet.id, **step.spec)

    def _external(self, name):
        return None if name is None else self.id("external_network", name)

    def _create_router(self, step):
        external = self._external(step.spec["external_network"])
        router = state.Router(self.new("router"), step.name, True, external_network_id=external)
        self.put("router", router, step.name)

    def _update_router(self, step):
        external = self._external(step.spec["external_network"])
        router = self.get("router", self.id("router", step.name))
        moves = external != router.external_network_id
        need(not (moves and self.carried(router.id)), f"the gateway of {step.name} has addresses")
        self.change("router", router.id, external_network_id=external)

    def _legs(self, router_id):
        return [port for port in self.items["port"].values() if port.device_id == router_id]

    def _create_interface(self, step):
        router, subnet = (self.get(kind, self.id(kind, step.spec[kind])) for kind in ("router", "subnet"))
        need(
            subnet.id not in [id_ for port in self._legs(router.id) for id_, _ in port.fixed_ips],
            f"{step.name} is connected",
        )
        if "port" in step.spec:
            port = self.get("port", self.id("port", step.spec["port"]))
            need(not port.device_id, f"port {port.name} is in use")
        else:
            need(subnet.gateway_ip, "the subnet has no gateway")
            port = self._make_port("", subnet.network_id, subnet.gateway_ip, owned=False)
        self.change("port", port.id, device_id=router.id, device_owner="network:router_interface")

    def _delete_interface(self, step):
        port = self.get("port", step.spec["port_id"])
        subnets = [id_ for id_, _ in port.fixed_ips]
        need(not self.carried(step.spec["router_id"], subnets), f"{step.name} is needed by an address")
        cidrs = [self.get("subnet", id_).cidr for id_ in subnets]
        routes = self.get("router", step.spec["router_id"]).routes
        need(not any(holds(c, r.nexthop) for c in cidrs for r in routes), f"{step.name} is needed by a route")
        del self.items["port"][port.id]

    def _create_routes(self, step):
        self._set_routes(self.id("router", step.name), step.spec["routes"])

    _update_routes = _create_routes

    def _delete_routes(self, step):
        self._set_routes(step.spec["id"], step.spec["routes"])

    def _set_routes(self, router_id, routes):
        cidrs = [self.get("subnet", id_).cidr for port in self._legs(router_id) for id_, _ in port.fixed_ips]
        for route in routes:
            need(any(holds(cidr, route.nexthop) for cidr in cidrs), f"{route} is not connected")
        self.change("router", router_id, routes=tuple(routes))

    def _create_security_group(self, step):
        rules = tuple((self.new("rule"), rule) for rule in DEFAULT_EGRESS)
        group = state.SecurityGroup(
            self.new("group"), step.name, True, description=step.spec["description"], rules=rules
        )
        self.put("security_group", group, step.name)

    def _update_security_group(self, step):
        self.change("security_group", self.id("security_group", step.name), **step.spec)

    def _create_rules(self, step):
        group = self.get("security_group", self.id("security_group", step.name))
        wanted = [
            replace(rule, remote_group=self.id("security_group", rule.remote_group))
            if rule.remote_group
            else rule
            for rule in step.spec["rules"]
        ]
        missing, surplus = rule_changes(wanted, group.rules)
        rules = [entry for entry in group.rules if entry[0] not in surplus]
        rules += [(self.new("rule"), rule) for rule in missing]
        self.change("security_group", group.id, rules=tuple(rules))

    _update_rules = _create_rules

    def _create_keypair(self, step):
        name = f"topology lab {step.name}"
        need(name not in self.items["keypair"], "the keypair exists")
        keypair = state.Keypair(name, step.name, True, True, public_key=step.spec["public_key"])
        self.put("keypair", keypair, step.name)

    def _make_port(self, name, network_id, address, owned=True, groups=()):
        subnets = [s for s in self.items["subnet"].values() if s.network_id == network_id]
        need(subnets, "the network has no subnet")
        used = {ip for port in self.items["port"].values() for _, ip in port.fixed_ips}
        if address is None:
            base = subnets[0].cidr.removesuffix(".0/24")
            address = next(ip for n in range(100, 250) if (ip := f"{base}.{n}") not in used)
        need(address not in used, f"address {address} is in use")
        subnet = next(s for s in subnets if holds(s.cidr, address))
        port = state.Port(
            self.new("port"),
            name,
            owned,
            network_id=network_id,
            fixed_ips=((subnet.id, address),),
            security_group_ids=frozenset(groups),
        )
        self.put("port", port, name or None)
        return port

    def _groups(self, names):
        return frozenset(self.get("security_group", self.id("security_group", name)).id for name in names)

    def _create_port(self, step):
        network_id = step.spec["network_id"] or self.id("network", step.name)
        default = {id_ for id_, group in self.items["security_group"].items() if group.name == "default"}
        for spec in step.spec["ports"]:
            groups = self._groups(spec["security_groups"])
            if not spec["router"]:
                groups = groups or default
            self._make_port(spec["name"], network_id, spec["address"], True, groups)

    def _update_port(self, step):
        port = self.get("port", self.id("port", step.name))
        if "security_groups" in step.spec:
            filtered = port.filtered or step.spec.get("filtered", False)
            need(filtered, f"port {port.name} has port security switched off")
            groups = self._groups(step.spec["security_groups"])
            self.change("port", port.id, security_group_ids=groups, filtered=filtered)
        if "address" in step.spec:
            need(not port.device_id, f"port {port.name} is in use")
            used = [ip for other in self.items["port"].values() for _, ip in other.fixed_ips]
            need(step.spec["address"] not in used, f"address {step.spec['address']} is in use")
            fixed = (port.fixed_ips[0][0], step.spec["address"])
            self.change("port", port.id, fixed_ips=(fixed, *step.spec["beside"]))

    def _attach(self, server_id, name):
        port = self.get("port", self.id("port", name))
        need(not port.device_id, f"port {name} is in use")
        self.change("port", port.id, device_id=server_id, device_owner="compute:nova")

    def _create_server(self, step):
        spec = step.spec
        if spec["keypair"]:
            self.get("keypair", self.id("keypair", spec["keypair"]))
        metadata = tuple(sorted(spec["metadata"].items()))
        server = state.Server(
            self.new("server"),
            step.name,
            True,
            True,
            status="BUILD",
            flavor=spec["flavor"],
            metadata=metadata,
        )
        self.put("server", server, step.name)
        for name in spec["ports"]:
            self._attach(server.id, name)

    def _update_server(self, step):
        server = self.get("server", self.id("server", step.name))
        need(server.status in state.RESIZABLE, f"metadata in {server.status}")
        metadata = {**dict(server.metadata), **step.spec["metadata"]}
        self.change("server", server.id, metadata=tuple(sorted(metadata.items())))

    def _update_flavor(self, step):
        server = self.rest(self.id("server", step.name))
        while move := server.move_to(step.spec["name"]):
            getattr(self, move)(server, step.spec["name"])
            server = self.rest(server.id)
        need(server.status in state.RESIZABLE, f"server {step.name} is left in {server.status}")

    def _update_power(self, step):
        server = self.rest(self.id("server", step.name))
        need(server.status in state.RESIZABLE, f"a start or stop in {server.status}")
        self.change("server", server.id, status=step.spec["status"])

    def _update_attachment(self, step):
        status = self.rest(self.id("server", step.name)).status
        need(status in state.RESIZABLE, f"an attachment in {status}")
        for name in step.spec["ports"]:
            if self.get("port", self.id("port", name)).device_id != self.id("server", step.name):
                self._attach(self.id("server", step.name), name)

    def _delete_server(self, step):
        self.change("server", step.spec["id"], deleting=True)

    def _wait_server(self, step):
        if step.name == "gone":
            for id_ in step.spec["ids"]:
                need(self.get("server", id_).deleting, f"server {id_} was never deleted")
                del self.items["server"][id_]
                for port in self._legs(id_):
                    self.change("port", port.id, device_id="", device_owner="")
        else:
            for name in step.spec["names"]:
                server = self.get("server", self.id("server", name))
                need(server.status != "ERROR", f"server {name} fails")
                self.change("server", server.id, status="ACTIVE")
                for port_id in self.building.pop(server.id, ()):
                    self.change("port", port_id, device_id=server.id, device_owner="compute:nova")

    def _associate(self, id_, port_id):
        name, ip = self.get("port", port_id).name, self.get("floating_ip", id_)
        taken = [other for other in self.items["floating_ip"].values() if other.port_id == port_id]
        need(not taken, f"port {name} has an address")
        need(self.serving(ip.network_id, port_id), f"no router joins port {name} to the address's network")
        self.change("floating_ip", id_, port_id=port_id)

    def _create_floating_ip(self, step):
        ip = state.FloatingIp(
            (id_ := self.new("floating")),
            step.name,
            True,
            network_id=self.id("external_network", step.spec["network"]),
            address=f"192.168.37.{id_}",
        )
        self.put("floating_ip", ip, step.name)
        self._associate(id_, self.id("port", step.spec["port"]))

    def _update_floating_ip(self, step):
        self._associate(self.id("floating_ip", step.name), self.id("port", step.spec["port"]))

    def _update_association(self, step):
        name = {"name": step.spec["server"]} if step.spec["server"] else {}
        self.change("floating_ip", step.spec["id"], port_id=None, **name)


@pytest.fixture
def world():
    """Return the interpreter's class."""
    return World
