"""The planner: whatever is there, applying the plan gives what is declared and leaves the rest alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from openstack_topology import state
from openstack_topology.absent import plan_absent
from openstack_topology.model import (
    Keypair,
    Network,
    Route,
    Router,
    RouterInterface,
    Rule,
    SecurityGroup,
    Server,
    ServerInterface,
    Subnet,
    Topology,
    default_pools,
    router_port_name,
    server_port_name,
)
from openstack_topology.plan import address_of
from openstack_topology.present import plan_present

NETWORKS, ROUTERS = ("red", "green", "blue"), ("alpha", "beta")
GROUPS, SERVERS = ("web", "db"), ("one", "two", "three")
FLAVORS = ("small", "medium")
POWER = (("ACTIVE", ""), ("SHUTOFF", ""), ("SHUTOFF", "powering-on"), ("ACTIVE", "powering-off"))
"""Statuses of a server, and the task that a start or stop which has begun gives it."""
PROPERTY = settings(
    max_examples=120,
    deadline=None,
    # A failure is reported as found, with the means to repeat it: making it smaller takes minutes. Add
    # Phase.shrink to have it small.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


FAR = "far"
"""A subnet of somebody else, on a network with the name of one of ours."""


def base(network: str) -> str:
    """Return the first three numbers of a network's range: one range a name, so that none overlap."""
    return f"10.{(*NETWORKS, FAR).index(network)}.0"


def chosen(names):
    """Draw some of the names."""
    return st.lists(st.sampled_from(names), unique=True)


@st.composite
def networks(draw):
    name = draw(st.sampled_from(NETWORKS))
    cidr, gateway = f"{base(name)}.0/24", f"{base(name)}.{draw(st.sampled_from((1, 254)))}"
    nexthop = f"{base(name)}.9"
    subnet = Subnet(
        name,
        name,
        cidr,
        gateway,
        draw(st.booleans()),
        tuple(draw(st.lists(st.sampled_from(("1.1.1.1", "9.9.9.9")), unique=True))),
        draw(st.sampled_from((default_pools(cidr, gateway), ((f"{base(name)}.100", f"{base(name)}.200"),)))),
        draw(st.sampled_from(((), (Route("172.16.0.0/16", nexthop),)))),
    )
    return Network(name, (subnet,))


@st.composite
def routers(draw, subnets):
    name = draw(st.sampled_from(ROUTERS))
    number = ROUTERS.index(name)
    legs = [
        # The first router is the gateway, the other one has an address of its own.
        RouterInterface(subnet, f"{base(subnet)}.{250 + number}" if number else None)
        for subnet in draw(chosen([*subnets, FAR]))
    ]
    routes = [
        Route(f"172.{16 + n}.0.0/16", f"{base(leg.subnet)}.9")
        for n, leg in enumerate(legs)
        if draw(st.booleans())
    ]
    return Router(name, draw(st.sampled_from((None, "insa", "insa", "other"))), tuple(legs), tuple(routes))


@st.composite
def groups(draw, names):
    rules = st.builds(
        Rule,
        direction=st.sampled_from(("ingress", "ingress", "egress")),
        protocol=st.sampled_from((None, "tcp", "udp")),
        remote_cidr=st.sampled_from((None, "10.0.0.0/8")),
    )
    grouped = st.builds(Rule, protocol=st.just("icmp"), remote_group=st.sampled_from(names))
    return tuple(
        SecurityGroup(
            name,
            draw(st.sampled_from(("", "a group"))),
            tuple(draw(st.lists(st.one_of(rules, grouped), unique=True, max_size=3))),
        )
        for name in names
    )


@st.composite
def servers(draw, nets, group_names):
    name = draw(st.sampled_from(SERVERS))
    number = SERVERS.index(name)
    legs = [
        ServerInterface(network, f"{base(network)}.{20 + number}" if draw(st.booleans()) else None)
        for network in draw(st.lists(st.sampled_from(nets), unique=True, min_size=1))
    ]
    return Server(
        name,
        "debian",
        draw(st.sampled_from(FLAVORS)),
        tuple(legs),
        tuple(draw(chosen(group_names))) if group_names else (),
        metadata=draw(st.sampled_from(((), (("role", "a"),), (("role", "b"),)))),
        running=draw(st.sampled_from((None, True, False))),
    )


def by_name(strategy, most):
    """Draw several of them, no name twice."""
    return st.lists(strategy, unique_by=lambda item: item.name, max_size=most).map(tuple)


@st.composite
def topologies(draw):
    nets = draw(by_name(networks(), 3))
    names = [network.name for network in nets]
    group_names = draw(chosen(GROUPS))
    gateways = draw(by_name(routers(names), 2)) if names else ()
    machines = draw(by_name(servers(names, group_names), 3)) if names else ()
    return Topology(
        "lab",
        nets,
        gateways,
        draw(groups(group_names)) if group_names else (),
        draw(st.sampled_from((None, Keypair("key", "ssh-ed25519 AAAA"), Keypair("key", "ssh-ed25519 BBBB")))),
        tuple(
            replace(s, floating_ip=draw(st.sampled_from((None, *ways_out(s, gateways))))) for s in machines
        ),
    )


def ways_out(server, gateways):
    """Return the external networks that routers join the server's first network to."""
    first = server.interfaces[0].network
    ways = {r.external_network for r in gateways if first in [leg.subnet for leg in r.interfaces]}
    return sorted(way for way in ways if way)


EXTERNAL = {None: None, "insa": "ext", "other": "ext-other"}
FOREIGN = state.Actual(
    networks=(
        state.Network("ext", "insa", external=True),
        state.Network("ext-other", "other", external=True),
        *(state.Network(f"f-{name}", name) for name in NETWORKS),
    ),
    subnets=(
        *(
            state.Subnet(f"f-sub-{name}", name, network_id=f"f-{name}", cidr=f"{base(name)}.0/24")
            for name in NETWORKS
        ),
        state.Subnet(
            "f-sub-far", FAR, network_id="f-red", cidr=f"{base(FAR)}.0/24", gateway_ip=f"{base(FAR)}.1"
        ),
    ),
    routers=tuple(state.Router(f"f-{name}", name) for name in ROUTERS),
    ports=tuple(
        state.Port(f"f-port-{name}", server_port_name(name, "red"), network_id="f-red", device_id=f"f-{name}")
        for name in SERVERS
    ),
    security_groups=tuple(state.SecurityGroup(f"f-{name}", name) for name in (*GROUPS, "default")),
    floating_ips=(state.FloatingIp("f-ip", "one", network_id="ext", address="192.168.37.9"),),
    keypairs=(state.Keypair("key", "key", public_key="ssh-ed25519 CCCC"),),
    servers=tuple(state.Server(f"f-{name}", name) for name in SERVERS),
)


def foreign(world):
    """Return what does not belong to the topology, whatever has become of it."""
    return {
        id_: resource
        for kind in world.items.values()
        for id_, resource in kind.items()
        if id_.startswith(("f-", "ext", "key"))
    }


def owned(world):
    return [resource for kind in world.items.values() for resource in kind.values() if resource.owned]


def in_any_order(data, plan):
    """Draw an order that the steps' needs allow: the pool may run them in each of these."""
    left, order = list(plan.steps), []
    done: set[str] = set()
    while left:
        ready = [step for step in left if step.needs <= done]
        step = ready[data.draw(st.integers(0, len(ready) - 1))]
        left.remove(step)
        done.add(step.key)
        order.append(step)
    return order


def resize(data, world, server):
    """Resize the server behind the topology's back, perhaps not to the end, and take other things from it."""
    if server.status not in state.RESIZABLE:
        return
    if data.draw(st.booleans()):
        world.change("server", server.id, status="SHUTOFF", metadata=())
        for port in world._legs(server.id)[:1]:
            world.change("port", port.id, device_id="", device_owner="")
    flavors = [flavor for flavor in ("large", *FLAVORS) if flavor != server.flavor]
    world.resize(world.get("server", server.id), data.draw(st.sampled_from(flavors)))
    if data.draw(st.booleans()):
        end = data.draw(st.sampled_from((None, world.revert, world.confirm)))
        server = world.rest(server.id)
        if end:
            end(server)


def drift(data, world):
    """Let others meddle with what the topology owns."""
    for subnet in [s for s in world.items["subnet"].values() if s.owned]:
        if data.draw(st.booleans()):
            world.change("subnet", subnet.id, dns_nameservers=("8.8.8.8",), dhcp=data.draw(st.booleans()))
    for router in [r for r in world.items["router"].values() if r.owned]:
        drawn = data.draw(st.integers(0, 3))
        if drawn == 1 and not world.carried(router.id):
            external = data.draw(st.sampled_from((None, "ext", "ext-other")))
            world.change("router", router.id, external_network_id=external)
        elif drawn == 2:
            world.change("router", router.id, routes=())
            for leg in world._legs(router.id)[:1]:
                ((subnet_id, _),) = leg.fixed_ips
                cidr = world.items["subnet"][subnet_id].cidr
                address = cidr.replace(".0/24", f".{data.draw(st.sampled_from((77, 250, 251)))}")
                used = [ip for port in world.items["port"].values() for _, ip in port.fixed_ips]
                if address not in used:
                    world.change("port", leg.id, fixed_ips=((subnet_id, address),))
    for group in [g for g in world.items["security_group"].values() if g.owned]:
        drawn = data.draw(st.integers(0, 3))
        if drawn == 1:
            world.change("security_group", group.id, rules=group.rules[1:], description="changed")
        elif drawn == 2:
            world.change(
                "security_group",
                group.id,
                rules=(*group.rules, (world.new("rule"), Rule(protocol="udp", port_min=9, port_max=9))),
            )
    for server in [s for s in world.items["server"].values() if s.owned]:
        drawn = data.draw(st.integers(0, 7))
        if drawn == 1:
            world.change("server", server.id, status="ERROR")
        elif drawn == 2:
            world.change("server", server.id, deleting=True)
        elif drawn == 3:
            del world.items["server"][server.id]
            for port in world._legs(server.id):
                world.change("port", port.id, device_id="", device_owner="")
        elif drawn == 4:
            world.change("server", server.id, metadata=())
        elif drawn == 5:
            world.rewind(server)
            world.change("server", server.id, metadata=())
        elif drawn == 6:
            resize(data, world, server)
        elif drawn == 7 and server.status in state.RESIZABLE:
            status, task = data.draw(st.sampled_from(POWER))
            world.change("server", server.id, status=status, task=task)
    for port in [p for p in world.items["port"].values() if p.name.startswith("server") and p.owned]:
        if not data.draw(st.integers(0, 3)):
            groups = data.draw(st.sampled_from(([], ["f-web"])))
            world.change("port", port.id, security_group_ids=frozenset(groups))
    held = [ip for ip in world.items["floating_ip"].values() if ip.owned and ip.port_id]
    if len(held) > 1 and data.draw(st.booleans()):
        for ip, other in zip(held, held[1:] + held[:1], strict=True):
            if world.serving(ip.network_id, other.port_id):
                world.change("floating_ip", ip.id, port_id=other.port_id)
    ports = [p.id for p in world.items["port"].values() if p.owned and p.name.startswith("server")]
    for ip in [ip for ip in world.items["floating_ip"].values() if ip.owned]:
        drawn = data.draw(st.integers(0, 3))
        if drawn == 1:
            world.change("floating_ip", ip.id, port_id=None)
        elif drawn == 2 and ports:
            port_id = data.draw(st.sampled_from(ports))
            if world.serving(ip.network_id, port_id) and port_id not in [
                other.port_id for other in world.items["floating_ip"].values()
            ]:
                world.change("floating_ip", ip.id, port_id=port_id)
        elif drawn == 3:
            del world.items["floating_ip"][ip.id]


def started(data, world, others):
    """Return a world in which earlier topologies of the same owner were applied, fully or up to some step."""
    here = world(FOREIGN)
    for other in others:
        plan = plan_present(other, here.actual())
        if plan.problems:
            continue
        order = in_any_order(data, plan)
        here.run(plan, order[: data.draw(st.integers(0, len(order)))] if data.draw(st.booleans()) else order)
    drift(data, here)
    return here


def assert_reached(desired, world):
    """Compare the world with the declaration, without the planner's help."""
    mine = {
        kind: {
            r.name: r
            for r in sorted(items.values(), key=lambda r: r.id, reverse=True)
            if r.owned and r.tagged
        }
        for kind, items in world.items.items()
    }
    for subnet in desired.subnets:
        there = mine["subnet"][subnet.name]
        assert there.network_id == mine["network"][subnet.network].id
        for attribute in ("cidr", "gateway_ip", "dhcp", "dns_nameservers", "allocation_pools", "host_routes"):
            assert getattr(there, attribute) == getattr(subnet, attribute)
    for router in desired.routers:
        there = mine["router"][router.name]
        assert there.external_network_id == EXTERNAL[router.external_network]
        assert set(there.routes) == set(router.routes)
        subnets = mine["subnet"] | {FAR: world.items["subnet"]["f-sub-far"]}
        assert {port.fixed_ips for port in world._legs(there.id)} == {
            ((subnets[leg.subnet].id, leg.address or subnets[leg.subnet].gateway_ip),)
            for leg in router.interfaces
        }
    for group in desired.security_groups:
        there = mine["security_group"][group.name]
        wanted = {
            replace(rule, remote_group=mine["security_group"][rule.remote_group].id)
            if rule.remote_group
            else rule
            for rule in group.rules
        }
        directions = {"ingress"} | {rule.direction for rule in wanted}
        assert {rule for _, rule in there.rules if rule.direction in directions} == wanted
        assert there.description == group.description
    if desired.keypair:
        assert mine["keypair"][desired.keypair.name].public_key == desired.keypair.public_key
    for server in desired.servers:
        there = mine["server"][server.name]
        statuses = {None: ("ACTIVE", "SHUTOFF"), True: ("ACTIVE",), False: ("SHUTOFF",)}
        assert there.status in statuses[server.running] and not there.deleting
        # What somebody has begun and nobody asked about may go on.
        assert there.flavor == server.flavor and (not there.task or server.running is None)
        assert set(server.metadata) <= set(there.metadata)
        for nic in server.interfaces:
            port = mine["port"][server_port_name(server.name, nic.network)]
            assert port.device_id == there.id and port.network_id == mine["network"][nic.network].id
            groups = {mine["security_group"][name].id for name in server.security_groups}
            assert port.security_group_ids == (groups or {"f-default"})
        first = mine["port"][server_port_name(server.name, server.interfaces[0].network)]
        if server.floating_ip:
            addresses = world.items["floating_ip"].values()
            assert [ip.tagged for ip in addresses if ip.port_id == first.id] == [True]


@PROPERTY
@given(data=st.data(), desired=topologies(), others=st.lists(topologies(), max_size=2))
def test_applying_the_plan_gives_what_is_declared(world, data, desired, others):
    # Often the same was applied before: then the drift alone is left to repair.
    here = started(data, world, [*others, desired] if data.draw(st.booleans()) else others)
    before = foreign(here)
    plan = plan_present(desired, here.actual())
    # Only what is no longer declared can stand in the way: a router that holds an address, a floating IP.
    held = (
        "while that is the address of router",
        "is already the address of router ",
        "is already the address of port 'router ",
        "and is not declared; disassociate that address",
    )
    assert all(any(sentence in problem for sentence in held) for problem in plan.problems)
    assume(not plan.problems)
    here.run(plan, in_any_order(data, plan))
    assert_reached(desired, here)
    assert foreign(here) == before
    again = plan_present(desired, here.actual())
    assert again.steps == ()
    assert again.unmanaged == plan.unmanaged


@PROPERTY
@given(data=st.data(), others=st.lists(topologies(), min_size=1, max_size=2))
def test_absent_removes_what_is_owned_and_nothing_else(world, data, others):
    here = started(data, world, others)
    before = foreign(here)
    ports = [p.id for p in here.items["port"].values() if p.name.startswith("server ") and p.owned]
    if ways := [port_id for port_id in ports if here.serving("ext", port_id)]:
        # Somebody has given an address of their own to a server.
        here.change("floating_ip", "f-ip", port_id=data.draw(st.sampled_from(ways)))
    plan = plan_absent("lab", None, here.actual())
    assert plan.problems == ()
    order = in_any_order(data, plan)
    here.run(plan, order[: data.draw(st.integers(0, len(order)))])
    rest = plan_absent("lab", None, here.actual())
    here.run(rest, in_any_order(data, rest))
    assert owned(here) == []
    assert foreign(here) == before
    assert plan_absent("lab", None, here.actual()).steps == ()


@PROPERTY
@given(data=st.data(), desired=topologies())
def test_a_limit_touches_only_the_chosen_servers(world, data, desired):
    here = world(FOREIGN)
    here.run(plan_present(desired, here.actual()))
    drift(data, here)
    only = frozenset(data.draw(chosen([server.name for server in desired.servers] or [""])))
    limited = replace(desired, only=only)
    before = {kind: dict(items) for kind, items in here.items.items()}
    plan = plan_present(limited, here.actual())
    # What the limit leaves as it is may be what a server needs.
    assert all("no router joins" in problem for problem in plan.problems)
    assume(not plan.problems)
    here.run(plan, in_any_order(data, plan))
    for kind in ("network", "subnet", "router", "security_group", "keypair"):
        assert here.items[kind] == before[kind]
    for server in before["server"].values():
        if server.name not in only:
            assert here.items["server"][server.id] == server
    assert plan_present(limited, here.actual()).steps == ()


CLIENT, INNER = (
    Network(name, (Subnet(name, name, cidr, gateway, allocation_pools=default_pools(cidr, gateway)),))
    for name, cidr, gateway in (("red", "10.0.0.0/24", "10.0.0.1"), ("green", "10.1.0.0/24", "10.1.0.1"))
)
ONE = Server("one", "debian", "small", (ServerInterface("red"),), floating_ip="insa")
TWO = Server("two", "debian", "small", (ServerInterface("red"),), floating_ip="insa")
LAB = Topology(
    "lab",
    (CLIENT, INNER),
    (
        Router("alpha", "insa", (RouterInterface("red"),), (Route("10.1.0.0/24", "10.0.0.253"),)),
        Router("beta", None, (RouterInterface("red", "10.0.0.253"), RouterInterface("green")), ()),
    ),
    (SecurityGroup("web", "", (Rule(protocol="tcp", port_min=80, port_max=80),)),),
    Keypair("key", "ssh-ed25519 AAAA"),
    (ONE, TWO),
)


@pytest.fixture
def lab(world):
    """Return a world in which the lab is complete."""
    here = world(FOREIGN)
    here.run(plan_present(LAB, here.actual()))
    return here


def find(world, kind, name):
    return next(r for r in world.items[kind].values() if r.owned and r.name == name)


def test_a_fresh_plan_reads_like_a_list_of_changes(world):
    plan = plan_present(LAB, world().actual())
    assert plan.lines[0] == "+ network red"
    assert "+ interface beta@red" in plan.lines
    assert "+ routes alpha\n      + 10.1.0.0/24 via 10.0.0.253\n" in plan.text
    assert all(step.line[0] == "+" for step in plan.shown)


def test_fixed_addresses_are_taken_before_automatic_ones(world):
    plan = plan_present(LAB, world().actual())
    step = next(step for step in plan.steps if step.key == "create port red")
    assert step.spec["ports"][0]["name"] == router_port_name("beta", "red")
    assert all("create port red" in s.needs for s in plan.steps if (s.action, s.kind) == ("create", "server"))


@pytest.mark.parametrize(
    ("rules", "details"),
    [
        ((Rule("egress", "IPv4"), Rule("egress", "IPv6")), []),
        (
            (Rule("egress", "IPv4", "tcp", 443, 443),),
            ["+ egress tcp 443 to anywhere", "- egress any to anywhere", "- egress any to anywhere IPv6"],
        ),
    ],
)
def test_the_rules_of_a_new_group_begin_with_neutrons_own(world, rules, details):
    here = world(FOREIGN)
    declared = Topology("lab", security_groups=(SecurityGroup("web", "", rules),))
    plan = plan_present(declared, here.actual())
    assert [line.strip() for line in plan.text.partition("+ rules web\n")[2].splitlines()] == details
    here.run(plan)
    assert plan_present(declared, here.actual()).steps == ()


def with_groups(*names):
    """Return the lab with these groups declared for its first server."""
    return replace(LAB, servers=(replace(ONE, security_groups=names), TWO))


def test_a_server_without_groups_gets_the_default_one_back(lab):
    lab.run(plan_present(with_groups("web"), lab.actual()))
    plan = plan_present(LAB, lab.actual())
    assert plan.text == "~ port server one@red\n      security_groups: [web] -> [default]\n"
    lab.run(plan)
    assert find(lab, "port", "server one@red").security_group_ids == {"f-default"}
    assert plan_present(LAB, lab.actual()).steps == ()


def test_a_port_that_neutron_does_not_filter_has_no_default_group(lab):
    port = find(lab, "port", "server one@red")
    lab.change("port", port.id, filtered=False, security_group_ids=frozenset())
    assert plan_present(LAB, lab.actual()).steps == ()
    plan = plan_present(with_groups("web"), lab.actual())
    assert plan.text == (
        "~ port server one@red\n      port security: off -> on\n      security_groups: [] -> [web]\n"
    )
    lab.run(plan)
    assert plan_present(with_groups("web"), lab.actual()).steps == ()


def test_groups_on_a_network_without_port_security_are_a_problem(lab):
    lab.change("network", find(lab, "network", "red").id, filtered=False)
    port = find(lab, "port", "server one@red")
    lab.change("port", port.id, filtered=False, security_group_ids=frozenset())
    assert plan_present(LAB, lab.actual()).problems == ()
    said = (
        "servers[one].security_groups: web would filter nothing on network 'red', whose port security is "
        "switched off; declare none, or have it switched on"
    )
    assert plan_present(with_groups("web"), lab.actual()).problems == (said,)
    third = replace(ONE, name="third", security_groups=("web",), floating_ip=None)
    new = replace(LAB, servers=(*LAB.servers, third))
    assert plan_present(new, lab.actual()).problems == (said.replace("[one]", "[third]"),)


def test_a_port_on_another_network_is_not_the_servers(lab):
    """The network that a server was on has been renamed, and another one got its name."""
    red = find(lab, "network", "red")
    lab.change("network", red.id, name="old", owned=False, tagged=False)
    assert (
        f"servers[one].interfaces[red]: 'server one@red' is on another network, 'old' ({red.id}), than the "
        "one declared now; name that one, or remove the server first (state: absent)"
    ) in plan_present(LAB, lab.actual()).problems


def test_the_ipv6_address_beside_a_changed_one_stays(lab):
    port = find(lab, "port", "server one@red")
    own, six = port.fixed_ips[0], (port.fixed_ips[0][0], "2001:db8::5")
    lab.change("port", port.id, fixed_ips=(six, own), device_id="")
    lab.change("server", find(lab, "server", "one").id, status="ERROR")
    declared = replace(LAB, servers=(replace(ONE, interfaces=(ServerInterface("red", "10.0.0.77"),)), TWO))
    plan = plan_present(declared, lab.actual())
    assert f"address: {own[1]} -> 10.0.0.77" in plan.text
    (step,) = [step for step in plan.steps if step.key == "update port server one@red"]
    assert step.spec["beside"] == (six,)


def test_an_address_is_the_first_of_ipv4():
    assert address_of(state.Port("1", "p", fixed_ips=(("a", "2001:db8::5"), ("b", "51.2.3.4")))) == "51.2.3.4"
    assert address_of(state.Port("1", "p", fixed_ips=(("a", "2001:db8::5"),))) == "2001:db8::5"
    assert address_of(state.Port("1", "p")) == ""


def test_the_first_address_of_a_new_pool_is_warned_of(world):
    here = world(state.Actual(networks=(state.Network("ext", "insa", external=True),)))
    pools = (("10.0.0.10", "10.0.0.99"), ("10.0.0.9", "10.0.0.9"))
    for address, warned in (("10.0.0.9", True), ("10.0.0.10", False)):
        subnet = replace(LAB.networks[0].subnets[0], allocation_pools=pools)
        server = Server("one", "debian", "small", (ServerInterface("red", address),))
        declared = Topology("demo", networks=(Network("red", (subnet,)),), servers=(server,))
        warnings = plan_present(declared, here.actual()).warnings
        assert [warning.partition(" is ")[0] for warning in warnings] == [
            "servers[one].interfaces[red].address: '10.0.0.9'"
        ] * warned


def test_a_group_that_a_rule_of_somebody_else_names_stays(lab):
    rule = Rule("ingress", "IPv4", "tcp", 5432, 5432, None, find(lab, "security_group", "web").id)
    lab.put("security_group", state.SecurityGroup("f-db", "db", rules=(("r-1", rule),)), None)
    assert plan_absent("demo", None, lab.actual()).problems == (
        "security_group web cannot be removed: a rule of security group 'db' names it, and is not part of "
        "topology 'demo'; remove it first",
    )


def test_a_failed_server_is_replaced_and_keeps_its_addresses(lab):
    one = find(lab, "server", "one")
    before = lab.addresses()
    lab.change("server", one.id, status="ERROR", fault="No valid host was found.")
    plan = plan_present(LAB, lab.actual())
    assert plan.text.startswith("- server one\n      is in ERROR: No valid host was found.\n")
    assert plan.lines == ["- server one", "+ server one"]
    lab.run(plan)
    assert lab.addresses() == before


def test_a_server_being_built_is_waited_for_without_a_change(lab):
    lab.rewind(find(lab, "server", "one"))
    plan = plan_present(LAB, lab.actual())
    assert plan.steps[0].key == "wait server ready"
    assert plan.shown == ()
    lab.run(plan)
    assert plan_present(LAB, lab.actual()).steps == ()


@pytest.mark.parametrize("router", ["alpha", "beta"])
def test_a_moved_interface_leaves_before_anything_takes_its_place(lab, router):
    (leg,) = [
        port
        for port in lab._legs(find(lab, "router", router).id)
        if port.network_id == find(lab, "network", "red").id
    ]
    lab.change("port", leg.id, fixed_ips=((leg.fixed_ips[0][0], "10.0.0.77"),))
    plan = plan_present(LAB, lab.actual())
    gone = f"delete interface {router}@red"
    needs = {step.key: step.needs for step in plan.steps}
    assert gone in needs[f"create interface {router}@red"]
    assert all(gone in needs[key] for key in needs if key.startswith("create port"))
    lab.run(plan)
    assert plan_present(LAB, lab.actual()).steps == ()


def test_networks_of_one_name_are_told_apart(lab):
    leg = RouterInterface(FAR, "10.3.0.9")
    alpha, beta = LAB.routers
    three = Server("three", "debian", "small", (ServerInterface("red"),))
    desired = replace(
        LAB,
        routers=(alpha, replace(beta, interfaces=(*beta.interfaces, leg))),
        servers=(*LAB.servers, three),
    )
    plan = plan_present(desired, lab.actual())
    assert {"+ port red", "+ port red (f-red)"} <= set(plan.lines)
    lab.run(plan)
    assert find(lab, "port", "server three@red").network_id == find(lab, "network", "red").id
    assert find(lab, "port", "router beta@far").network_id == "f-red"
    assert plan_present(desired, lab.actual()).steps == ()


def test_swapped_floating_ips_are_put_right(lab):
    one, two = (find(lab, "floating_ip", name) for name in ("one", "two"))
    lab.change("floating_ip", one.id, port_id=two.port_id)
    lab.change("floating_ip", two.id, port_id=one.port_id)
    lab.run(plan_present(LAB, lab.actual()))
    assert [lab.items["floating_ip"][ip.id].port_id for ip in (one, two)] == [one.port_id, two.port_id]


def with_gateway(gateway, **interface):
    """Return the lab with that gateway address in its first network, and what its router has there."""
    subnet = replace(
        CLIENT.subnets[0], gateway_ip=gateway, allocation_pools=default_pools("10.0.0.0/24", gateway)
    )
    alpha, beta = LAB.routers
    legs = (RouterInterface("red", **interface),)
    return replace(
        LAB,
        networks=(replace(CLIENT, subnets=(subnet,)), INNER),
        routers=(replace(alpha, interfaces=legs), beta),
    )


def test_floating_ips_are_taken_away_while_the_gateway_moves(lab):
    before = lab.addresses()
    plan = plan_present(with_gateway("10.0.0.254"), lab.actual())
    needs = needs_of(plan)
    address = find(lab, "floating_ip", "one").address
    assert f"update association {address}" in needs["delete interface alpha@red"]
    assert "create interface alpha@red" in needs["update floating_ip one"]
    lab.run(plan)
    changed = {id_ for id_, there in lab.addresses().items() if before.get(id_) != there}
    assert changed.isdisjoint(ip.id for ip in lab.items["floating_ip"].values())
    assert plan_present(with_gateway("10.0.0.254"), lab.actual()).steps == ()


@pytest.mark.parametrize(
    ("desired", "sentence"),
    [
        (with_gateway("10.0.0.254"), "routers[alpha].interfaces: that in red cannot be removed"),
        (
            replace(LAB, routers=(replace(LAB.routers[0], external_network="other"), LAB.routers[1])),
            "routers[alpha].external_network: insa cannot be left",
        ),
    ],
)
def test_a_floating_ip_of_what_is_not_declared_any_more_is_in_the_way(lab, desired, sentence):
    """Taken from there, no later run would know where it belongs."""
    two = find(lab, "floating_ip", "two")
    desired = replace(desired, servers=(replace(ONE, floating_ip=None),))
    plan = plan_present(desired, lab.actual())
    assert plan.problems == (
        f"{sentence} while server two@red has the floating IP {two.address} through it, and is not declared; "
        f"disassociate that address, or remove the server, first",
    )
    assert f"update association {two.address}" not in needs_of(plan)
    lab.change("floating_ip", two.id, port_id=None)
    lab.run(plan_present(desired, lab.actual()))
    assert plan_present(desired, lab.actual()).steps == ()


def test_an_interrupted_run_that_has_taken_floating_ips_is_gone_on_with(lab):
    before = lab.addresses()
    # Made for a server of another name, and moved to this one.
    lab.change("floating_ip", find(lab, "floating_ip", "two").id, name="former")
    assert plan_present(LAB, lab.actual()).steps == ()
    desired = with_gateway("10.0.0.254")
    plan = plan_present(desired, lab.actual())
    assert "take it from server two@red\n      name it for server two\n" in plan.text
    lab.run(plan, [step for step in plan.steps if step.kind == "association"])
    lab.run(plan_present(desired, lab.actual()))
    for name in ("one", "two"):
        ip = find(lab, "floating_ip", name)
        assert ip.port_id == before[ip.id]


def test_floating_ips_are_freed_before_their_router_leaves_their_network(lab):
    alpha, beta = LAB.routers
    routers = (replace(alpha, external_network="other"), beta)
    moved = replace(
        LAB, routers=routers, servers=(replace(ONE, floating_ip="other"), replace(TWO, floating_ip=None))
    )
    plan = plan_present(moved, lab.actual())
    addresses = [find(lab, "floating_ip", name).address for name in ("one", "two")]
    assert {f"update association {address}" for address in addresses} <= needs_of(plan)["update router alpha"]
    lab.run(plan)
    again = plan_present(moved, lab.actual())
    assert again.steps == ()
    assert {f"floating_ip {address}" for address in addresses} <= set(again.unmanaged)


def test_a_floating_ip_that_another_one_replaces_is_not_given_back(lab):
    alpha, beta = LAB.routers
    way_out = replace(LAB, routers=(alpha, replace(beta, external_network="insa")))
    lab.run(plan_present(way_out, lab.actual()))
    one, two = (find(lab, "floating_ip", name) for name in ("one", "two"))
    routers = (replace(alpha, external_network="other"), way_out.routers[1])
    desired = replace(way_out, routers=routers, servers=(replace(ONE, floating_ip="other"), TWO))
    lab.run(plan_present(desired, lab.actual()))
    assert lab.items["floating_ip"][one.id].port_id is None
    assert lab.items["floating_ip"][two.id].port_id == two.port_id
    assert plan_present(desired, lab.actual()).steps == ()


@pytest.mark.parametrize(
    ("desired", "sentence"),
    [
        (
            with_gateway("10.0.0.254"),
            "routers[alpha].interfaces: that in red cannot be removed while server one@red has the floating "
            "IP 192.168.37.9 through it",
        ),
        (
            replace(LAB, routers=(replace(LAB.routers[0], external_network=None), LAB.routers[1])),
            "routers[alpha].external_network: insa cannot be left while server one@red has the floating IP "
            "192.168.37.9 through it",
        ),
    ],
)
def test_a_foreign_floating_ip_in_the_way_of_a_router_is_named(lab, desired, sentence):
    ip = find(lab, "floating_ip", "one")
    lab.change("floating_ip", ip.id, port_id=None)
    lab.change("floating_ip", "f-ip", port_id=ip.port_id)
    desired = replace(desired, servers=tuple(replace(s, floating_ip=None) for s in (ONE, TWO)))
    (problem,) = plan_present(desired, lab.actual()).problems
    assert sentence in problem
    assert plan_present(replace(desired, only=frozenset({"one"})), lab.actual()).problems == ()


def test_a_gateway_address_that_a_declared_interface_keeps_is_a_problem(lab):
    plan = plan_present(with_gateway("10.0.0.254", address="10.0.0.1"), lab.actual())
    (problem,) = plan.problems
    assert (
        "gateway_ip: '10.0.0.254' cannot replace 10.0.0.1 while that is the address of router 'alpha', "
        "declared so; give" in problem
    )
    assert plan_present(with_gateway("10.0.0.254", address="10.0.0.2"), lab.actual()).problems == ()


@pytest.mark.parametrize("only", [None, frozenset({"one"})])
def test_a_floating_ip_needs_a_router_that_joins_the_networks(lab, only):
    lab.change("floating_ip", find(lab, "floating_ip", "one").id, port_id=None)
    desired = replace(LAB, routers=LAB.routers[1:], servers=(ONE,), only=only)
    # The router is not declared any more, and still joins them.
    assert plan_present(desired, lab.actual()).problems == ()
    for port in lab._legs(find(lab, "router", "alpha").id):
        del lab.items["port"][port.id]
    (problem,) = plan_present(desired, lab.actual()).problems
    assert "servers[one].floating_ip: no router joins network 'red' to 'insa'; " in problem


def test_a_foreign_floating_ip_on_a_server_is_a_problem(lab):
    ip = find(lab, "floating_ip", "one")
    lab.change("floating_ip", ip.id, port_id=None)
    lab.change("floating_ip", "f-ip", port_id=ip.port_id)
    (problem,) = plan_present(LAB, lab.actual()).problems
    assert "servers[one].floating_ip: the server already has 192.168.37.9" in problem


def test_what_a_killed_run_left_untagged_is_tagged(lab):
    lab.change("network", find(lab, "network", "red").id, tagged=False)
    plan = plan_present(LAB, lab.actual())
    assert plan.lines == ["~ network red"]
    assert "left untagged by an interrupted run" in plan.text


def with_flavor(flavor):
    """Return the lab with that flavor declared for its first server."""
    return replace(LAB, servers=(replace(ONE, flavor=flavor), TWO))


@pytest.mark.parametrize("status", ["ACTIVE", "SHUTOFF"])
def test_another_flavor_is_a_resize(lab, status):
    one = find(lab, "server", "one")
    lab.change("server", one.id, status=status)
    plan = plan_present(with_flavor("medium"), lab.actual())
    assert plan.text == "~ flavor one\n      flavor: small -> medium (the server reboots if it runs)\n"
    lab.run(plan)
    assert lab.items["server"][one.id] == replace(one, status=status, flavor="medium")


def test_a_flavor_declared_by_id_is_told_by_its_name(lab):
    flavors = (state.Flavor("42", "small"), state.Flavor("43", "medium"))
    assert plan_present(with_flavor("42"), replace(lab.actual(), flavors=flavors)).steps == ()
    plan = plan_present(with_flavor("43"), replace(lab.actual(), flavors=flavors))
    assert "small -> medium" in plan.text
    lab.run(plan)
    assert find(lab, "server", "one").flavor == "medium"


def interrupted(world, status, flavor):
    """Leave the first server in the middle of a resize to that flavor."""
    one = find(world, "server", "one")
    world.resize(one, flavor)
    if status != "RESIZE":
        world.rest(one.id)
    if status == "REVERT_RESIZE":
        world.revert(world.get("server", one.id))


AFTER = "flavor: medium, unless it has it then (the server reboots if it runs)"


@pytest.mark.parametrize(
    ("status", "flavor", "details"),
    [
        ("VERIFY_RESIZE", "medium", ["confirm the resize to medium that an interrupted run has left"]),
        ("VERIFY_RESIZE", "large", ["revert the resize to large that an interrupted run has left", AFTER]),
        ("RESIZE", "medium", ["wait for the resize that an interrupted run has left in RESIZE", AFTER]),
        (
            "REVERT_RESIZE",
            "medium",
            ["wait for the resize that an interrupted run has left in REVERT_RESIZE", AFTER],
        ),
    ],
)
def test_an_interrupted_resize_is_brought_to_an_end(lab, status, flavor, details):
    interrupted(lab, status, flavor)
    plan = plan_present(with_flavor("medium"), lab.actual())
    assert plan.lines == ["~ flavor one"]
    assert list(plan.steps[0].details) == details
    lab.run(plan)
    assert find(lab, "server", "one").flavor == "medium"
    assert plan_present(with_flavor("medium"), lab.actual()).steps == ()


@pytest.mark.parametrize("status", ["PAUSED", "SUSPENDED", "SHELVED_OFFLOADED", "REBUILD"])
def test_a_server_that_nova_does_not_resize_is_a_problem(lab, status):
    lab.change("server", find(lab, "server", "one").id, status=status)
    (problem,) = plan_present(with_flavor("medium"), lab.actual()).problems
    assert "servers[one].flavor: 'medium' cannot replace 'small' while the server is " + status in problem
    assert plan_present(LAB, lab.actual()).problems == ()


def needs_of(plan):
    """Return each step's needs by its key."""
    return {step.key: step.needs for step in plan.steps}


def drifted():
    """Return the lab with a network and metadata more for its first server, and other flavors."""
    legs = (*ONE.interfaces, ServerInterface("green"))
    one = replace(ONE, flavor="medium", interfaces=legs, security_groups=("web",), metadata=(("role", "a"),))
    return replace(LAB, servers=(one, replace(TWO, flavor="medium")))


def test_a_resize_comes_after_what_nova_refuses_until_it_is_confirmed(lab):
    needs = needs_of(plan_present(drifted(), lab.actual()))
    assert {"update port server one@red", "update attachment one"} <= needs["update flavor one"]
    assert needs["update server one"] == {"update flavor one"}
    assert needs["update flavor two"] == frozenset()


def test_an_interrupted_resize_ends_before_what_nova_refuses_until_then(lab):
    interrupted(lab, "VERIFY_RESIZE", "large")
    plan = plan_present(drifted(), lab.actual())
    assert "update flavor one" in needs_of(plan)["update attachment one"]
    lab.run(plan)
    assert plan_present(drifted(), lab.actual()).steps == ()


def test_a_server_being_built_is_resized_when_it_is_ready(lab):
    lab.rewind(find(lab, "server", "one"))
    plan = plan_present(with_flavor("medium"), lab.actual())
    assert "wait server ready" in needs_of(plan)["update flavor one"]
    lab.run(plan)
    assert plan_present(with_flavor("medium"), lab.actual()).steps == ()


def with_running(running, desired=LAB):
    """Return the lab with its first server declared to run, or not to."""
    one, two = desired.servers
    return replace(desired, servers=(replace(one, running=running), two))


START, STOP = "start it (it is SHUTOFF)", "stop it"


@pytest.mark.parametrize(("status", "task"), POWER)
@pytest.mark.parametrize("running", [None, True, False])
def test_a_server_is_started_and_stopped_as_declared(lab, running, status, task):
    one = find(lab, "server", "one")
    lab.change("server", one.id, status=status, task=task)
    becoming = find(lab, "server", "one").becoming
    wanted = {None: becoming, True: "ACTIVE", False: "SHUTOFF"}[running]
    plan = plan_present(with_running(running), lab.actual())
    detail = START if running else STOP
    assert plan.text == ("" if becoming == wanted else f"~ power one\n      {detail}\n")
    # One that is on its way is waited for.
    assert len(plan.steps) == (running is not None and bool(task or status != wanted))
    lab.run(plan)
    assert lab.rest(one.id) == replace(one, status=wanted)
    assert plan_present(with_running(running), lab.actual()).steps == ()


@pytest.mark.parametrize("running", [None, True, False])
def test_a_new_server_that_shall_not_run_is_stopped_when_it_is_ready(world, running):
    here, desired = world(FOREIGN), with_running(running)
    plan = plan_present(desired, here.actual())
    stop = [step for step in plan.steps if step.kind == "power"]
    assert [step.details for step in stop] == ([(STOP,)] if running is False else [])
    assert all("wait server ready" in step.needs for step in stop)
    here.run(plan)
    assert find(here, "server", "one").status == ("SHUTOFF" if running is False else "ACTIVE")
    assert plan_present(desired, here.actual()).steps == ()


def test_a_lost_server_that_shall_not_run_is_made_anew_and_stopped(lab):
    lab.change("server", find(lab, "server", "one").id, status="ERROR")
    plan = plan_present(with_running(False), lab.actual())
    assert plan.lines == ["- server one", "+ server one", "~ power one"]
    lab.run(plan)
    assert find(lab, "server", "one").status == "SHUTOFF"


@pytest.mark.parametrize(("running", "lines"), [(True, []), (False, ["~ power one"])])
def test_a_server_being_built_is_stopped_when_it_is_ready(lab, running, lines):
    lab.rewind(find(lab, "server", "one"))
    plan = plan_present(with_running(running), lab.actual())
    assert plan.lines == lines
    assert all("wait server ready" in step.needs for step in plan.shown)
    lab.run(plan)
    assert plan_present(with_running(running), lab.actual()).steps == ()


def test_a_stop_comes_before_the_resize(lab):
    needs = needs_of(plan_present(with_running(False, drifted()), lab.actual()))
    assert {"update port server one@red", "update attachment one"} <= needs["update power one"]
    assert "update power one" in needs["update flavor one"]


def test_a_start_comes_after_everything_that_changes_the_server(lab):
    lab.change("server", find(lab, "server", "one").id, status="SHUTOFF")
    needs = needs_of(plan_present(with_running(True, drifted()), lab.actual()))
    assert {"update port server one@red", "update attachment one", "update flavor one"} <= needs[
        "update power one"
    ]


@pytest.mark.parametrize("before", ["ACTIVE", "SHUTOFF"])
@pytest.mark.parametrize("status", state.RESIZING)
@pytest.mark.parametrize(
    ("running", "detail"),
    [
        (True, "start it, if it is SHUTOFF after the resize"),
        (False, "stop it, if it is ACTIVE after the resize"),
    ],
)
def test_whether_a_server_runs_is_looked_at_after_an_interrupted_resize(lab, before, status, running, detail):
    lab.change("server", find(lab, "server", "one").id, status=before)
    interrupted(lab, status, "large")
    desired = with_running(running, drifted())
    plan = plan_present(desired, lab.actual())
    power = next(step for step in plan.steps if step.kind == "power")
    assert {"update flavor one", "update attachment one"} <= power.needs
    assert power.details == (detail,)
    lab.run(plan)
    assert find(lab, "server", "one").status == ("ACTIVE" if running else "SHUTOFF")
    assert plan_present(desired, lab.actual()).steps == ()


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        ("PAUSED", "unpause it first"),
        ("SUSPENDED", "resume it first"),
        ("SHELVED_OFFLOADED", "unshelve it first"),
        ("RESCUE", "unrescue it first"),
        ("REBOOT", "run again when that is over"),
    ],
)
@pytest.mark.parametrize("running", [None, True, False])
def test_a_server_that_can_be_neither_started_nor_stopped_is_reported_and_left(lab, running, status, remedy):
    lab.change("server", find(lab, "server", "one").id, status=status)
    plan = plan_present(with_running(running), lab.actual())
    assert plan.steps == ()
    declared = str(running).lower()
    text = f"server one: it is {status}, declared is running: {declared}; left as it is, {remedy}"
    assert plan.warnings == (() if running is None else (text,))


def test_a_limit_leaves_other_servers_running(lab):
    desired = with_running(False)
    assert plan_present(replace(desired, only=frozenset({"two"})), lab.actual()).steps == ()
    assert plan_present(replace(desired, only=frozenset({"one"})), lab.actual()).lines == ["~ power one"]


@pytest.mark.parametrize(
    ("image", "warning"),
    [
        ("new", None),
        ("first", None),
        ("second", None),
        ("other", "its image 'ubuntu' is not 'debian' as declared"),
        ("orphan", "the image it comes from, lost, is gone and may not be 'debian' as declared"),
        ("nowhere", "the image it comes from, nowhere, is gone and may not be 'debian' as declared"),
        ("loop", "its image 'loop' is not 'debian' as declared"),
    ],
)
@pytest.mark.parametrize("declared", ["debian", "new"])
def test_an_image_is_the_declared_one_or_descends_from_it_by_snapshots(lab, image, warning, declared):
    images = (
        state.Image("new", "debian"),
        state.Image("first", "a snapshot", base_id="new"),
        state.Image("second", "a snapshot of a server made from that", base_id="first"),
        state.Image("other", "ubuntu"),
        state.Image("orphan", "a snapshot of a lost image", base_id="lost"),
        state.Image("loop", "loop", base_id="loop"),
    )
    lab.change("server", find(lab, "server", "one").id, image_id=image)
    desired = replace(LAB, servers=(replace(ONE, image=declared), TWO))
    plan = plan_present(desired, replace(lab.actual(), images=images))
    assert plan.steps == ()
    text = warning and f"server one: {warning}; left as it is".replace("'debian'", repr(declared))
    assert plan.warnings == ((text,) if text else ())


@pytest.mark.parametrize(
    ("known", "has"), [((), "new"), ((state.Image("new", "ubuntu"),), "ubuntu")], ids=["gone too", "known"]
)
def test_an_image_that_the_cloud_does_not_have_is_reported(lab, known, has):
    lab.change("server", find(lab, "server", "one").id, image_id="new")
    plan = plan_present(LAB, replace(lab.actual(), images=known))
    assert plan.steps == ()
    text = (
        f"servers[one].image: 'debian' is not an image of this cloud; the server has {has!r}, left as it is"
    )
    assert plan.warnings == (text,)


def test_an_image_that_is_gone_is_still_the_declared_one_by_its_id(lab):
    lab.change("server", find(lab, "server", "one").id, image_id="new")
    desired = replace(LAB, servers=(replace(ONE, image="new"), TWO))
    assert plan_present(desired, lab.actual()).warnings == ()


def test_a_changed_address_of_a_port_in_use_is_reported_and_left(lab):
    servers = (replace(ONE, interfaces=(ServerInterface("red", "10.0.0.77"),)), TWO)
    plan = plan_present(replace(LAB, servers=servers), lab.actual())
    assert plan.steps == ()
    assert "declared is 10.0.0.77" in plan.warnings[0]


def test_a_changed_address_of_a_server_being_built_is_reported_and_left(lab):
    # Its port looks free until nova binds it, which may happen before the address could be changed.
    desired = replace(LAB, servers=(replace(ONE, interfaces=(ServerInterface("red", "10.0.0.77"),)), TWO))
    lab.rewind(find(lab, "server", "one"))
    before = lab.addresses()
    plan = plan_present(desired, lab.actual())
    assert plan.shown == ()
    assert "declared is 10.0.0.77" in plan.warnings[0]
    lab.run(plan)
    assert lab.addresses() == before
    assert plan_present(desired, lab.actual()).steps == ()


def addressed(**addresses):
    """Return the lab with servers of these addresses in its first network."""
    return replace(
        LAB,
        servers=tuple(
            Server(name, "debian", "small", (ServerInterface("red", f"10.0.0.{number}"),))
            for name, number in addresses.items()
        ),
    )


def without_servers(world, desired, lost):
    """Return a world with the ports that `desired` wants; its servers are lost or were never made."""
    here = world(FOREIGN)
    plan = plan_present(desired, here.actual())
    made = [step for step in plan.steps if step.action == "create" and step.kind != "server"]
    here.run(plan, plan.steps if lost else made)
    for server in [server for server in here.items["server"].values() if server.owned]:
        here.change("server", server.id, status="ERROR")
    return here


@pytest.mark.parametrize("lost", [True, False])
@pytest.mark.parametrize(
    "after", [{"one": 6, "two": 7}, {"two": 7, "one": 6}, {"one": 6, "two": 7, "three": 5}]
)
def test_an_address_is_taken_after_its_holder_has_moved(world, lost, after):
    here = without_servers(world, addressed(one=5, two=6), lost)
    desired = addressed(**after)
    plan = plan_present(desired, here.actual())
    assert plan.problems == ()
    assert "update port server two@red" in needs_of(plan)["update port server one@red"]
    here.run(plan)
    assert_reached(desired, here)
    assert plan_present(desired, here.actual()).steps == ()


def test_an_interface_takes_the_address_of_a_port_that_moves(world):
    before = addressed(one=5)
    here = without_servers(world, replace(before, routers=LAB.routers[1:]), lost=False)
    leg = RouterInterface("red", "10.0.0.5")
    desired = replace(addressed(one=6), routers=(replace(LAB.routers[0], interfaces=(leg,), routes=()),))
    plan = plan_present(desired, here.actual())
    assert "update port server one@red" in needs_of(plan)["create port red"]
    assert plan.problems == ()
    here.run(plan)
    assert plan_present(desired, here.actual()).steps == ()


def test_a_port_takes_the_address_of_an_interface_that_leaves(world):
    before = replace(addressed(one=5), routers=LAB.routers[1:])
    here = without_servers(world, before, lost=True)
    beta = replace(LAB.routers[1], interfaces=(RouterInterface("red", "10.0.0.9"), RouterInterface("green")))
    desired = replace(addressed(one=253), routers=(beta,))
    plan = plan_present(desired, here.actual())
    assert plan.problems == ()
    assert "delete interface beta@red" in needs_of(plan)["update port server one@red"]
    here.run(plan)
    assert plan_present(desired, here.actual()).steps == ()


def test_addresses_are_not_exchanged(world):
    here = without_servers(world, addressed(one=5, two=6, three=7), lost=True)
    problems = plan_present(addressed(one=6, two=5, three=8), here.actual()).problems
    assert problems == tuple(
        f"servers[{name}].interfaces[red].address: '10.0.0.{number}' is the address of port 'server "
        f"{other}@red', and no run exchanges addresses; declare a free one for one of the two first"
        for name, number, other in (("one", 6, "two"), ("two", 5, "one"))
    )
    # One that waits for the two, and one that is no longer declared.
    problems = plan_present(addressed(one=6, two=5, three=5), here.actual()).problems
    assert any("servers[three].interfaces[red].address: '10.0.0.5' is already" in text for text in problems)
    (problem,) = plan_present(addressed(one=6), here.actual()).problems
    assert "'10.0.0.6' is already the address of port 'server two@red'; choose another address" in problem


def test_undeclared_resources_are_reported_and_left(lab):
    plan = plan_present(replace(LAB, servers=(ONE,)), lab.actual())
    assert plan.steps == ()
    assert {line.split()[0] for line in plan.unmanaged} == {"server", "port", "floating_ip"}


def test_a_subnet_cannot_change_its_range(lab):
    network = Network("red", (replace(CLIENT.subnets[0], cidr="10.9.0.0/24"),))
    problems = plan_present(replace(LAB, networks=(network, INNER), routers=()), lab.actual()).problems
    assert "subnets[red].cidr: '10.9.0.0/24' differs from 10.0.0.0/24 in the cloud" in problems[0]


def test_unknown_names_are_problems_that_say_what_exists(world):
    desired = Topology(
        "lab",
        (CLIENT,),
        (Router("alpha", "isna", (RouterInterface("rde"),), ()),),
        (SecurityGroup("web", "", (Rule(remote_group="dbs"),)),),
        None,
        (Server("one", "debian", "small", (ServerInterface("rde"),), ("wbe",)),),
    )
    problems = "\n".join(plan_present(desired, world(FOREIGN).actual()).problems)
    assert "routers[alpha].external_network: 'isna' is not an external network; there are: insa" in problems
    assert "routers[alpha].interfaces.subnet: 'rde' is not a subnet" in problems
    assert "security_groups[web].rules.remote_group: 'dbs' is not a security group" in problems
    assert "servers[one].interfaces.network: 'rde' is not a network" in problems
    assert "servers[one].security_groups: 'wbe' is not a security group" in problems


SHARED = replace(
    FOREIGN,
    networks=(*FOREIGN.networks, state.Network("f-net", "shared")),
    subnets=(
        *FOREIGN.subnets,
        state.Subnet("f-sub", "lan", network_id="f-net", cidr="10.7.0.0/24", gateway_ip="10.7.0.1"),
        state.Subnet("f-six", "six", network_id="f-net", cidr="fd00::/64", gateway_ip="fd00::1"),
        state.Subnet("f-out", "outside", network_id="ext", cidr="192.168.37.0/24"),
    ),
    ports=(
        *FOREIGN.ports,
        state.Port(
            "f-dhcp", "", network_id="f-net", device_owner="network:dhcp", fixed_ips=(("f-sub", "10.7.0.2"),)
        ),
    ),
)


def on(*networks, address=None):
    """Return a topology with a server on existing networks."""
    legs = tuple(ServerInterface(network, address) for network in networks)
    return Topology("lab", servers=(Server("one", "debian", "small", legs),))


def joined(*legs, external=None, networks=()):
    """Return a topology with a router that has these interfaces."""
    return Topology("lab", networks, (Router("alpha", external, legs, ()),))


def ranged(cidr):
    """Return a network with that range."""
    return (Network("red", (Subnet("red", "red", cidr, None),)),)


LAN = RouterInterface("lan")


@pytest.mark.parametrize(
    ("desired", "sentence"),
    [
        (on("shared", address="10.99.0.5"), "'10.99.0.5' is outside its network; choose in 10.7.0.0/24"),
        (
            on("shared", address="10.7.0.255"),
            "servers[one].interfaces[shared].address: '10.7.0.255' is the network or broadcast address of "
            "10.7.0.0/24; choose between",
        ),
        (
            on("shared", address="10.7.0.2"),
            "servers[one].interfaces[shared].address: '10.7.0.2' is already the address of port 'network:",
        ),
        (
            replace(
                on("shared", address="10.7.0.9"), routers=joined(RouterInterface("lan", "10.7.0.9")).routers
            ),
            "'10.7.0.9' is already the address of port 'router alpha@lan'",
        ),
        (
            on("shared", "f-net"),
            "servers[one].interfaces: 'f-net' is connected twice, by its name and its id; keep one",
        ),
        (
            joined(RouterInterface("lan", "10.7.0.2")),
            "routers[alpha].interfaces[lan]: '10.7.0.2' is already the address of port 'network:dhcp'",
        ),
        (
            joined(RouterInterface("lan", "10.7.0.255")),
            "routers[alpha].interfaces[lan].address: '10.7.0.255' is the network or broadcast address",
        ),
        (
            joined(RouterInterface("lan", "10.8.0.5")),
            "routers[alpha].interfaces[lan].address: '10.8.0.5' is outside its network; choose in",
        ),
        (
            replace(
                joined(LAN), routers=(Router("alpha", None, (LAN,), (Route("10.0.0.0/8", "10.7.0.1"),)),)
            ),
            "routers[alpha].routes.nexthop: '10.7.0.1' is an address of the router itself",
        ),
        (
            joined(LAN, RouterInterface("f-sub", "10.7.0.9")),
            "'f-sub' is connected twice, by its name and its id",
        ),
        (
            joined(RouterInterface("red", "10.7.9.1"), LAN, networks=ranged("10.7.0.0/16")),
            "routers[alpha].interfaces: 'red' has 10.7.0.0/16, which overlaps 10.7.0.0/24 of subnet 'lan'",
        ),
        (
            joined(
                RouterInterface("red", "192.168.37.9"), external="insa", networks=ranged("192.168.37.0/24")
            ),
            "'red' has 192.168.37.0/24, which overlaps 192.168.37.0/24 of external network 'insa'",
        ),
    ],
)
def test_what_exists_is_checked_before_anything_is_made(desired, sentence):
    (problem,) = plan_present(desired, SHARED).problems
    assert sentence in problem


def test_what_is_made_is_no_obstacle_to_itself(world):
    legs = (RouterInterface("lan", "10.7.0.9"), RouterInterface("red", "192.168.37.9"))
    nics = (ServerInterface("shared", "10.7.0.5"), ServerInterface("red", "192.168.37.5"))
    one = Server("one", "debian", "small", nics)
    desired = replace(joined(*legs, networks=ranged("192.168.37.0/24")), servers=(one,))
    here = world(SHARED)
    plan = plan_present(desired, here.actual())
    assert plan.problems == ()
    here.run(plan)
    again = plan_present(desired, here.actual())
    assert (again.problems, again.steps) == ((), ())


def test_a_router_in_the_way_of_another_is_named(lab):
    alpha, beta = LAB.routers
    (problem,) = plan_present(
        replace(LAB, routers=(replace(alpha, name="gamma"), beta)), lab.actual()
    ).problems
    assert problem == (
        "routers[gamma].interfaces[red]: '10.0.0.1' is already the address of router 'alpha', not declared; "
        "remove it first, or choose another address"
    )
    gamma = Router("gamma", None, (RouterInterface("f-sub-far", "10.3.0.9"),), ())
    far = replace(beta, interfaces=(*beta.interfaces, RouterInterface(FAR, "10.3.0.9")))
    lab.run(plan_present(replace(LAB, routers=(alpha, far)), lab.actual()))
    (problem,) = plan_present(replace(LAB, routers=(alpha, far, gamma)), lab.actual()).problems
    assert "'10.3.0.9' is already the address of router 'beta'; choose another address" in problem


def test_an_interface_waits_until_its_router_has_left_what_it_overlaps(world):
    here = world(SHARED)
    here.run(plan_present(joined(LAN, external="insa"), here.actual()))
    legs = (LAN, RouterInterface("red", "192.168.37.9"))
    plan = plan_present(joined(*legs, external="other", networks=ranged("192.168.37.0/24")), here.actual())
    assert plan.problems == ()
    assert "update router alpha" in needs_of(plan)["create interface alpha@red"]


def test_ranges_that_are_not_told_are_not_checked():
    plan = plan_present(on("shared", address="10.99.0.5"), replace(SHARED, subnets=()))
    assert plan.problems == ()


def test_an_ambiguous_name_asks_for_the_id(world):
    actual = replace(FOREIGN, networks=(*FOREIGN.networks, state.Network("ext2", "insa", external=True)))
    (problem,) = plan_present(Topology("lab", routers=(Router("alpha", "insa", (), ()),)), actual).problems
    assert problem.endswith("external_network: 'insa' is the name of 2 of them; give the id instead")


def test_a_next_hop_behind_the_gateway_is_checked_where_its_range_is_known():
    outside = state.Subnet("s", "insa", network_id="ext", cidr="192.168.37.0/24")
    actual = replace(FOREIGN, subnets=(*FOREIGN.subnets, outside))
    for nexthop, count in (("192.168.37.9", 0), ("192.168.38.9", 1)):
        desired = Topology("lab", routers=(Router("alpha", "insa", (), (Route("10.0.0.0/8", nexthop),)),))
        assert len(plan_present(desired, actual).problems) == count


def test_a_limit_needs_what_the_servers_share(world):
    plan = plan_present(replace(LAB, only=frozenset({"one"})), world(FOREIGN).actual())
    (problem,) = plan.problems
    assert "cannot be deployed alone, because the topology lacks keypair key, network green" in problem


def test_a_limit_names_what_it_leaves_out(lab):
    limited = replace(LAB, only=frozenset({"one"}))
    assert plan_present(limited, lab.actual()).warnings == ()
    lab.change("router", find(lab, "router", "alpha").id, routes=())
    lab.change("subnet", find(lab, "subnet", "green").id, dns_nameservers=("8.8.8.8",))
    plan = plan_present(limited, lab.actual())
    assert plan.steps == ()
    (warning,) = plan.warnings
    assert "is left as it is: routes alpha, subnet green; run without only (--limit)" in warning


@pytest.mark.parametrize(
    ("desired", "sentence"),
    [
        (with_gateway("10.0.0.254", address="10.0.0.1"), "is left as it is: subnet red"),
        (
            replace(LAB, routers=(replace(LAB.routers[0], interfaces=(RouterInterface("rde"),)),)),
            "routers[alpha].interfaces.subnet: 'rde' is not a subnet",
        ),
        (
            replace(LAB, routers=(replace(LAB.routers[0], routes=(Route("10.1.0.0/24", "10.0.0.1"),)),)),
            "routers[alpha].routes.nexthop: '10.0.0.1' is an address of the router itself",
        ),
        (LAB, "'red' has 10.0.0.0/24, which overlaps 10.0.0.0/16 of external network 'insa'"),
    ],
)
def test_a_limit_is_not_refused_for_what_it_leaves_as_it_is(lab, desired, sentence):
    if desired is LAB:
        # The cloud's operator has made it since.
        lab.put("subnet", state.Subnet("f-out", "outside", network_id="ext", cidr="10.0.0.0/16"))
    assert plan_present(desired, lab.actual()).problems
    plan = plan_present(replace(desired, only=frozenset({"one"})), lab.actual())
    assert (plan.problems, plan.steps) == ((), ())
    assert any(sentence in warning for warning in plan.warnings)


def test_a_limited_removal_leaves_the_rest(lab):
    plan = plan_absent("lab", frozenset({"two"}), lab.actual())
    lab.run(plan)
    assert [server.name for server in lab.items["server"].values() if server.owned] == ["one"]
    assert plan.found["server", "one"].id == find(lab, "server", "one").id
    assert ("server", "two") not in plan.found
    assert find(lab, "network", "red")


def test_a_foreign_port_in_the_way_of_a_removal_is_named(lab):
    red = find(lab, "network", "red")
    port = state.Port("f-guest", "guest", network_id=red.id, device_id="f-one", device_owner="compute:nova")
    lab.put("port", port)
    (problem,) = plan_absent("lab", None, lab.actual()).problems
    assert "network red cannot be removed: port 'guest' of server 'one' uses it" in problem


def test_a_router_waits_for_ports_only_if_they_have_a_foreign_floating_ip(lab):
    assert not any(
        "port" in need for need in needs_of(plan_absent("lab", None, lab.actual()))["delete router alpha"]
    )
    one = find(lab, "floating_ip", "one")
    lab.change("floating_ip", one.id, port_id=None)
    lab.change("floating_ip", "f-ip", port_id=one.port_id)
    plan = plan_absent("lab", None, lab.actual())
    assert {"wait server gone", "delete port server one@red"} <= needs_of(plan)["delete interface alpha@red"]
    lab.run(plan)
    assert lab.items["floating_ip"]["f-ip"].port_id is None


def test_a_foreign_floating_ip_in_the_way_of_a_removal_is_named(lab):
    far = replace(LAB.routers[0], interfaces=(*LAB.routers[0].interfaces, RouterInterface(FAR)))
    lab.run(plan_present(replace(LAB, routers=(far, LAB.routers[1])), lab.actual()))
    lab.put(
        "port", state.Port("f-guest", "guest", network_id="f-red", fixed_ips=(("f-sub-far", "10.3.0.5"),))
    )
    lab.change("floating_ip", "f-ip", port_id="f-guest")
    (problem,) = plan_absent("lab", None, lab.actual()).problems
    assert "router alpha cannot be removed: floating IP 192.168.37.9 comes through it" in problem


def test_a_foreign_subnet_in_the_way_of_a_removal_is_named(lab):
    red = find(lab, "network", "red")
    lab.put("subnet", state.Subnet("f-more", "more", network_id=red.id, cidr="10.8.0.0/24"))
    (problem,) = plan_absent("lab", None, lab.actual()).problems
    assert "subnet 'more' (10.8.0.0/24) on it is not part of topology 'lab'" in problem
