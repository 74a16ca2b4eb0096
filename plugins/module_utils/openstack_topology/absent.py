"""Plan the removal of what a topology owns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from . import state
from .plan import GONE, Found, Plan, Planner, address_of


def plan_absent(owner: str, only: Collection[str] | None, actual: state.Actual) -> Plan:
    """Plan the removal of everything `owner` has, or of the servers `only` with what is theirs alone."""
    return _Absent(owner, only, actual).plan()


class _Absent(Planner):
    """Plans removal, in the one order no API refuses."""

    def __init__(self, owner: str, only: Collection[str] | None, actual: state.Actual) -> None:
        super().__init__(owner, actual)
        self.only = only

    def plan(self) -> Plan:
        servers = [server for server in self.actual.servers if server.owned and self.concerns(server.name)]
        ids = {server.id for server in servers}
        for ip in self.actual.floating_ips:
            if ip.owned and self.concerns(ip.name):
                self.remove("floating_ip", ip)
        for server in servers:
            self.remove("server", server)
        if servers:
            self.add("wait", "server", "gone", {"ids": list(ids)}, ["delete server *"], shown=False)
        for port in self.actual.ports:
            mine = self.concerns(port.name.split("@")[0].removeprefix("server ")) or port.device_id in ids
            if port.owned and mine and not port.is_router_interface:
                self.remove("port", port, [GONE, "delete floating_ip *"])
        if self.only is None:
            self.check_foreign()
            self.networks()
        else:
            self.note_rest(ids)
        return self.result()

    def concerns(self, server: str) -> bool:
        return self.only is None or server in self.only

    def remove(
        self,
        kind: str,
        resource: state.Resource,
        needs: Iterable[str] = (),
        details: Iterable[str] = (),
    ) -> None:
        name = self.name("delete", kind, resource)
        self.add("delete", kind, name, {"id": resource.id}, needs, details)

    def networks(self) -> None:
        """Plan the removal of everything that servers share."""
        actual = self.actual
        homes = {network.id for network in actual.networks if network.owned}
        # An address that is not ours leaves its router only with the port that has it.
        going = self.going()
        held = any(not ip.owned and ip.port_id in going for ip in actual.floating_ips)
        after = ["delete port *", GONE] if held else []
        subnets = {subnet.id: subnet.name for subnet in actual.subnets}
        for router in actual.routers:
            if router.owned:
                self.router(router, subnets, ["delete routes *", "delete floating_ip *", *after])
        free = ["delete interface *", "delete port *", "delete router *", GONE]
        for subnet in actual.subnets:
            if subnet.owned and subnet.network_id not in homes:
                self.remove("subnet", subnet, free)
        for network in actual.networks:
            if network.owned:
                # A network takes its subnets along.
                inside = [subnet.name for subnet in actual.subnets if subnet.network_id == network.id]
                self.remove("network", network, free, [f"- subnet {name}" for name in inside])
        for group in actual.security_groups:
            if group.owned:
                self.remove("security_group", group, ["delete port *", GONE])
        for keypair in actual.keypairs:
            if keypair.owned:
                self.remove("keypair", keypair)

    def going(self) -> set[str]:
        """Return the ids of the ports that go by themselves or with their server."""
        ids = {server.id for server in self.actual.servers if server.owned}
        return {port.id for port in self.actual.ports if port.owned or port.device_id in ids}

    def router(self, router: state.Router, subnets: dict[str, str], needs: Sequence[str]) -> None:
        if router.routes:
            spec = {"id": router.id, "routes": ()}
            name = self.name("delete", "routes", router)
            self.add("delete", "routes", name, spec, (), [f"- {route}" for route in router.routes])
        for port in self.actual.ports:
            if port.device_id == router.id and port.is_router_interface:
                subnet = next((subnets[id_] for id_, _ in port.fixed_ips if id_ in subnets), port.id)
                name = self.name("delete", "interface", port, f"{router.name}@{subnet}")
                spec = {"router_id": router.id, "port_id": port.id}
                self.add("delete", "interface", name, spec, needs)
        self.remove("router", router, ["delete interface *", *needs])

    def check_foreign(self) -> None:
        """Complain about what somebody else has on our networks: it would have to go first."""
        actual = self.actual
        networks = {network.id: network.name for network in actual.networks if network.owned}
        groups = {group.id: group.name for group in actual.security_groups if group.owned}
        devices = {d.id for d in (*actual.servers, *actual.routers) if d.owned}
        names = {d.id: d.name for d in (*actual.servers, *actual.routers)}
        for port in actual.ports:
            if port.owned or port.device_id in devices or port.is_neutrons:
                continue
            blocked = [f"network {networks[port.network_id]}"] if port.network_id in networks else []
            blocked += [
                f"security_group {groups[id_]}" for id_ in sorted(port.security_group_ids & groups.keys())
            ]
            user = "router" if port.device_owner.startswith("network:") else "server"
            used = f" of {user} {names.get(port.device_id, port.device_id)!r}" if port.device_id else ""
            for what in blocked:
                self.problems.append(
                    f"{what} cannot be removed: port {port.name or port.id!r}{used} uses it and is not part "
                    f"of topology {self.owner!r}; remove it first"
                )
        # Neutron would delete such a rule with the group that it names.
        for group in actual.security_groups:
            for remote in sorted({rule.remote_group for _, rule in group.rules if rule.remote_group}):
                if not group.owned and remote in groups:
                    self.problems.append(
                        f"security_group {groups[remote]} cannot be removed: a rule of security group "
                        f"{group.name!r} names it, and is not part of topology {self.owner!r}; remove it "
                        f"first"
                    )
        routers = {router.id: router.name for router in actual.routers if router.owned}
        going = self.going()
        for ip in actual.floating_ips:
            if not ip.owned and ip.router_id in routers and ip.port_id not in going:
                self.problems.append(
                    f"router {routers[ip.router_id]} cannot be removed: floating IP {ip.address} comes "
                    f"through it and is not part of topology {self.owner!r}; disassociate it first"
                )
        for subnet in actual.subnets:
            if not subnet.owned and subnet.network_id in networks:
                self.problems.append(
                    f"network {networks[subnet.network_id]} cannot be removed: subnet {subnet.name!r} "
                    f"({subnet.cidr}) on it is not part of topology {self.owner!r}; remove it first"
                )

    def note_rest(self, going: set[str]) -> None:
        """Note as found the servers that stay, with their ports and floating IPs."""
        for server in self.actual.servers:
            if server.owned and server.id not in going:
                self.found["server", server.name] = Found(server.id, status=server.status)
        for port in self.actual.ports:
            if port.owned and port.name.startswith("server ") and port.device_id not in going:
                self.found["port", port.name] = Found(port.id, address=address_of(port))
        for ip in self.actual.floating_ips:
            if ip.owned:
                self.found["floating_ip", ip.name] = Found(ip.id, address=ip.address)
