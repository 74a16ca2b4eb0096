"""The parser: every mistake has its own sentence, and all come at once."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_topology.model import (
    InvalidInputError,
    Route,
    Rule,
    Subnet,
    default_pools,
    described,
    description_text,
    keypair_name,
    parse,
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPuAvMvPJ7rD/kV92Zw22SvxBHOpO69yhxh3RbCD2xp5 someone"


def net(name="client", **subnet):
    return {"name": name, "subnets": [{"cidr": "192.168.56.0/24", **subnet}]}


def router(**options):
    return {"name": "inner", "interfaces": [{"subnet": "client", "address": "192.168.56.253"}], **options}


def server(name="frontend", network="client", **options):
    address = options.pop("address", None)
    interfaces = [{"network": network, "address": address}]
    return {"name": name, "image": "debian", "flavor": "small", "interfaces": interfaces, **options}


def group(**rule):
    return {"name": "web", "rules": [rule]}


def test_a_pool_may_be_too_small_for_what_is_removed():
    networks = [net(cidr="192.168.56.0/30")]
    servers = [server("one"), server("two")]
    assert parse({"name": "lab", "state": "absent", "networks": networks, "servers": servers}).servers


def problems(name="lab", **options):
    with pytest.raises(InvalidInputError) as caught:
        parse({"name": name, **options})
    return caught.value.problems


CASES = {
    "owner's name": ({"name": "my lab"}, "name: 'my lab' cannot own a topology; use at most 50 letters"),
    "malformed cidr": (
        {"networks": [net(cidr="192.168.56.0/33")]},
        "networks[client].subnets[client].cidr: '192.168.56.0/33' is not an IPv4 network",
    ),
    "host bits": ({"networks": [net(cidr="192.168.56.1/24")]}, "for instance 192.168.56.0/24"),
    "ipv6": ({"networks": [net(cidr="fd00::/64")]}, "'fd00::/64' is not an IPv4 network"),
    "no room": ({"networks": [net(cidr="10.0.0.0/31")]}, "has no room for hosts; use a prefix of 30 or less"),
    "overlap": (
        {"networks": [net(), net("private", cidr="192.168.0.0/16")]},
        "networks[private].subnets[private].cidr: '192.168.0.0/16' overlaps 192.168.56.0/24 of subnet "
        "'client'; give",
    ),
    "gateway outside": (
        {"networks": [net(gateway_ip="10.0.0.1")]},
        "gateway_ip: '10.0.0.1' is outside 192.168.56.0/24; choose between 192.168.56.1 and 192.168.56.254, "
        "or 'none'",
    ),
    "gateway is broadcast": (
        {"networks": [net(gateway_ip="192.168.56.255")]},
        "'192.168.56.255' is the network or broadcast address of 192.168.56.0/24",
    ),
    "gateway in pool": (
        {"networks": [net(allocation_pools=[{"start": "192.168.56.1", "end": "192.168.56.9"}])]},
        "allocation_pools: '192.168.56.1' is the gateway and lies in a pool; leave it out",
    ),
    "pool backwards": (
        {"networks": [net(allocation_pools=[{"start": "192.168.56.9", "end": "192.168.56.2"}])]},
        "'192.168.56.9-192.168.56.2' runs backwards; swap start and end",
    ),
    "pool outside": (
        {"networks": [net(allocation_pools=[{"start": "192.168.56.2", "end": "192.168.57.9"}])]},
        "allocation_pools.end: '192.168.57.9' is outside 192.168.56.0/24",
    ),
    "name server": (
        {"networks": [net(dns_nameservers=["dns.example"])]},
        "dns_nameservers: 'dns.example' is not an IPv4 address",
    ),
    "host route": (
        {"networks": [net(host_routes=[{"destination": "10.0.2.0/24", "nexthop": "10.0.2.1"}])]},
        "host_routes.nexthop: '10.0.2.1' is outside 192.168.56.0/24; choose between",
    ),
    "router address outside": (
        {"networks": [net()], "routers": [router(interfaces=[{"subnet": "client", "address": "10.0.0.2"}])]},
        "routers[inner].interfaces[client].address: '10.0.0.2' is outside 192.168.56.0/24",
    ),
    # Without an address the second router would take the first one's, the subnet's gateway.
    "router address outside beside the gateway": (
        {
            "networks": [net()],
            "routers": [
                {"name": "one", "interfaces": [{"subnet": "client"}]},
                {"name": "two", "interfaces": [{"subnet": "client", "address": "10.9.9.9"}]},
            ],
        },
        "routers[two].interfaces[client].address: '10.9.9.9' is outside 192.168.56.0/24",
    ),
    "router address that is none": (
        {
            "networks": [net()],
            "routers": [
                {"name": "one", "interfaces": [{"subnet": "client"}]},
                {"name": "two", "interfaces": [{"subnet": "client", "address": "x"}]},
            ],
        },
        "routers[two].interfaces[client].address: 'x' is not an IPv4 address",
    ),
    "subnet connected twice": (
        {"networks": [net()], "routers": [router(interfaces=[{"subnet": "client"}, {"subnet": "client"}])]},
        "routers[inner].interfaces: 'client' is connected twice",
    ),
    "no gateway to take": (
        {"networks": [net(gateway_ip="none")], "routers": [router(interfaces=[{"subnet": "client"}])]},
        "routers[inner].interfaces: 'client' is a subnet without a gateway address; give the interface an "
        "address",
    ),
    "two routers as gateway": (
        {
            "networks": [net()],
            "routers": [
                {"name": "one", "interfaces": [{"subnet": "client"}]},
                {"name": "two", "interfaces": [{"subnet": "client"}]},
            ],
        },
        "routers[two].interfaces[client]: '192.168.56.1' is already the address of "
        "routers[one].interfaces[client]",
    ),
    "next hop": (
        {
            "networks": [net()],
            "routers": [router(routes=[{"destination": "10.0.2.0/24", "nexthop": "10.0.3.1"}])],
        },
        "routers[inner].routes.nexthop: '10.0.3.1' is not on a network the router is connected to; choose an "
        "address "
        "in 192.168.56.0/24",
    ),
    "address used twice": (
        {"networks": [net()], "routers": [router()], "servers": [server(address="192.168.56.253")]},
        "servers[frontend].interfaces[client].address: '192.168.56.253' is already the address of "
        "routers[inner].interfaces[client]",
    ),
    "address outside": (
        {"networks": [net()], "servers": [server(address="10.0.2.4")]},
        "servers[frontend].interfaces[client].address: '10.0.2.4' is outside its network; choose in "
        "192.168.56.0/24",
    ),
    "address is broadcast": (
        {"networks": [net()], "servers": [server(address="192.168.56.255")]},
        "'192.168.56.255' is the network or broadcast address",
    ),
    "address is gateway": (
        {"networks": [net()], "servers": [server(address="192.168.56.1")]},
        "'192.168.56.1' is the gateway of subnet 'client'; choose another address",
    ),
    "no address": ({"servers": [server(address="first")]}, "'first' is not an IPv4 address"),
    "server twice": (
        {"networks": [net()], "servers": [server(), server()]},
        "servers: 'frontend' is declared 2 times; give each its own name",
    ),
    "subnet twice": (
        {
            "networks": [
                net(name="a") | {"subnets": [{"name": "x", "cidr": "10.0.0.0/24"}]},
                net(name="b") | {"subnets": [{"name": "x", "cidr": "10.1.0.0/24"}]},
            ]
        },
        "subnets: 'x' is declared 2 times",
    ),
    "unusable name": (
        {"servers": [server("front end")]},
        "servers[front end].name: 'front end' is not a usable name",
    ),
    "network twice": (
        {"servers": [{**server(), "interfaces": [{"network": "client"}, {"network": "client"}]}]},
        "servers[frontend].interfaces: 'client' is connected twice; keep one interface a network",
    ),
    "no network": ({"servers": [{**server(), "interfaces": []}]}, "[] connects the server to nothing; name"),
    "user data": (
        {"servers": [server(user_data="x" * 50000)]},
        "is 66668 bytes in base64; nova takes at most 65535",
    ),
    "ports": (
        {"security_groups": [group(protocol="tcp", ports="22-")]},
        "security_groups[web].rules.ports: '22-' is no port range; write one port (22) or a range "
        "(8000-8010)",
    ),
    "ports backwards": ({"security_groups": [group(protocol="tcp", ports="9-8")]}, "'9-8' is no port range"),
    "port too high": (
        {"security_groups": [group(protocol="tcp", ports="65536")]},
        "'65536' is no port range",
    ),
    "ports of icmp": (
        {"security_groups": [group(protocol="icmp", ports="22")]},
        "'22' needs a protocol with ports, not 'icmp'; use tcp or udp",
    ),
    "two remotes": (
        {"security_groups": [group(remote_cidr="10.0.0.0/8", remote_group="db")]},
        "'10.0.0.0/8' is given together with remote_group 'db'; keep one of them",
    ),
    "remote": (
        {"security_groups": [group(remote_cidr="10.0.0.1/8")]},
        "'10.0.0.1/8' is no network (10.0.0.1/8 has host bits set); write address/prefix, for instance "
        "10.0.0.0/8",
    ),
    "remote of IPv6": (
        {"security_groups": [group(remote_cidr="fd00::1/8", ethertype="IPv6")]},
        "write address/prefix, for instance fd00::/8",
    ),
    "remote family": (
        {"security_groups": [group(remote_cidr="fd00::/8")]},
        "'fd00::/8' is not IPv4; change ethertype",
    ),
    "rule twice": (
        {"security_groups": [{"name": "web", "rules": [{"protocol": "icmp"}, {"protocol": "icmp"}]}]},
        "security_groups[web].rules: 'ingress icmp from anywhere' is declared 2 times",
    ),
    "private key": (
        {"keypair": {"name": "lab", "public_key": "-----BEGIN OPENSSH PRIVATE KEY-----"}},
        "is no public SSH key; give the content of the .pub file",
    ),
    "keypair's name": (
        {"keypair": {"name": "my key", "public_key": KEY}},
        "keypair.name: 'my key' is not a usable name",
    ),
    "key cut short": ({"keypair": {"name": "lab", "public_key": KEY[:40]}}, "is no public SSH key"),
    "key without content": (
        {"keypair": {"name": "lab", "public_key": "ssh-ed25519 AAAA"}},
        "'ssh-ed25519 AAAA...' is no public SSH key",
    ),
    "no ASCII in the key": (
        {"keypair": {"name": "lab", "public_key": "ssh-ed25519 ää"}},
        "is no public SSH key",
    ),
    "everything": (
        {"networks": [net(cidr="0.0.0.0/0")]},
        "subnets[client].cidr: '0.0.0.0/0' overlaps 0.0.0.0/8, 127.0.0.0/8, 224.0.0.0/4, where no host has "
        "an address; choose a private range",
    ),
    "multicast": ({"networks": [net(cidr="224.1.0.0/24")]}, "'224.1.0.0/24' overlaps 224.0.0.0/4"),
    "loopback": ({"networks": [net(cidr="127.0.0.0/24")]}, "'127.0.0.0/24' overlaps 127.0.0.0/8"),
    "pools overlap": (
        {
            "networks": [
                net(
                    allocation_pools=[
                        {"start": "192.168.56.10", "end": "192.168.56.50"},
                        {"start": "192.168.56.9", "end": "192.168.56.60"},
                    ]
                )
            ]
        },
        "allocation_pools: '192.168.56.9-192.168.56.60' overlaps 192.168.56.10-192.168.56.50; make one pool",
    ),
    "pool twice": (
        {"networks": [net(allocation_pools=[{"start": "192.168.56.10", "end": "192.168.56.50"}] * 2)]},
        "'192.168.56.10-192.168.56.50' overlaps 192.168.56.10-192.168.56.50",
    ),
    "pool too small": (
        {
            "networks": [net(allocation_pools=[{"start": "192.168.56.10", "end": "192.168.56.12"}])],
            "servers": [
                server("one"),
                server("two"),
                server("three", interfaces=[{"network": "client", "address": "192.168.56.11"}]),
                server("four"),
            ],
        },
        "networks[client].subnets.allocation_pools: '192.168.56.10-192.168.56.12' has room for 2 of 3 "
        "servers without an address of their own; widen it, or declare addresses outside",
    ),
    "subnet too small": (
        {"networks": [net(cidr="192.168.56.0/30")], "servers": [server("one"), server("two")]},
        "'192.168.56.2-192.168.56.2' has room for 1 of 2 servers",
    ),
    "name server twice": (
        {"networks": [net(dns_nameservers=["1.1.1.1", "1.1.1.1"])]},
        "dns_nameservers: '1.1.1.1' is declared 2 times; keep one of them",
    ),
    "host route twice": (
        {"networks": [net(host_routes=[{"destination": "10.0.2.0/24", "nexthop": "192.168.56.9"}] * 2)]},
        "host_routes: '10.0.2.0/24 via 192.168.56.9' is declared 2 times; keep one of them",
    ),
    "host route to the network": (
        {"networks": [net(host_routes=[{"destination": "10.0.2.0/24", "nexthop": "192.168.56.0"}])]},
        "host_routes.nexthop: '192.168.56.0' is the network or broadcast address of 192.168.56.0/24",
    ),
    "next hop is the router": (
        {
            "networks": [net()],
            "routers": [router(routes=[{"destination": "10.0.2.0/24", "nexthop": "192.168.56.253"}])],
        },
        "routers[inner].routes.nexthop: '192.168.56.253' is an address of the router itself; name the next",
    ),
    "next hop is the router as gateway": (
        {
            "networks": [net()],
            "routers": [
                router(
                    interfaces=[{"subnet": "client"}],
                    external_network="insa",
                    routes=[{"destination": "10.0.2.0/24", "nexthop": "192.168.56.1"}],
                )
            ],
        },
        "routers[inner].routes.nexthop: '192.168.56.1' is an address of the router itself",
    ),
    "next hop is the network": (
        {
            "networks": [net()],
            "routers": [router(routes=[{"destination": "10.0.2.0/24", "nexthop": "192.168.56.0"}])],
        },
        "routers[inner].routes.nexthop: '192.168.56.0' is the network or broadcast address",
    ),
    "default group": (
        {"security_groups": [{"name": "default"}]},
        "security_groups[default].name: 'default' is the name of the group that neutron makes",
    ),
    "long description": (
        {"security_groups": [{"name": "web", "description": "d" * 242}]},
        "security_groups[web].description: 'dddddddddddddddddddd...' has 257 characters together with the "
        "topology's mark; shorten it by 2",
    ),
    "long rule": (
        {"security_groups": [group(description="d" * 256)]},
        "security_groups[web].rules.description: 'dddddddddddddddddddd...' has 256 characters; shorten",
    ),
    "long metadata": (
        {"servers": [server(metadata={"role": "v" * 256})]},
        "servers[frontend].metadata[role]: 'vvvvvvvvvvvvvvvvvvvv...' has 256 characters; shorten it by 1",
    ),
    "empty key": (
        {"servers": [server(metadata={"": "1"})]},
        "servers[frontend].metadata: '' is no key that nova takes; use 1 to 255 letters",
    ),
    "no subnet": (
        {"networks": [{"name": "client"}], "servers": [server()]},
        "servers[frontend].interfaces[client]: 'client' is a network without subnets, which gives no address",
    ),
    "limit": (
        {"networks": [net()], "servers": [server()], "only": ["fontend"]},
        "only: 'fontend' is not a declared server; choose among frontend",
    ),
}


@pytest.mark.parametrize(("options", "sentence"), CASES.values(), ids=CASES.keys())
def test_a_mistake_has_one_sentence(options, sentence):
    (problem,) = problems(**options)
    assert sentence in problem


def test_the_longest_texts_are_taken():
    groups = [{"name": "web", "description": "d" * 240, "rules": [{"description": "d" * 255}]}]
    (parsed,) = parse({"name": "lab", "security_groups": groups}).security_groups
    assert len(described("lab", parsed.description)) == 255


def test_all_mistakes_come_at_once():
    found = problems(
        networks=[net(cidr="nonsense")], security_groups=[group(ports="x")], servers=[server(address="y")]
    )
    assert len(found) == 3


def test_defaults_are_those_of_neutron():
    (subnet,) = parse({"name": "lab", "networks": [net()]}).subnets
    assert subnet == Subnet(
        "client",
        "client",
        "192.168.56.0/24",
        "192.168.56.1",
        True,
        (),
        (("192.168.56.2", "192.168.56.254"),),
        (),
    )


def test_default_pools_are_in_the_order_in_which_the_clouds_are_compared():
    """As text .101 comes before .65."""
    subnet = net(cidr="192.168.56.64/26", gateway_ip="192.168.56.100")
    ((subnet,),) = (network.subnets for network in parse({"name": "lab", "networks": [subnet]}).networks)
    assert subnet.allocation_pools == (
        ("192.168.56.101", "192.168.56.126"),
        ("192.168.56.65", "192.168.56.99"),
    )


def test_a_subnet_can_be_without_gateway():
    (subnet,) = parse({"name": "lab", "networks": [net(gateway_ip="none")]}).subnets
    assert subnet.gateway_ip is None
    assert subnet.allocation_pools == (("192.168.56.1", "192.168.56.254"),)


def test_what_means_the_same_is_the_same_rule():
    rules = [
        {"protocol": "tcp", "ports": "1-65535", "remote_cidr": "0.0.0.0/0"},
        {"protocol": "udp", "ports": "53", "remote_cidr": "10.0.0.0/8"},
    ]
    (parsed,) = parse({"name": "lab", "security_groups": [{"name": "web", "rules": rules}]}).security_groups
    assert parsed.rules == (
        Rule(protocol="tcp"),
        Rule(protocol="udp", port_min=53, port_max=53, remote_cidr="10.0.0.0/8"),
    )


def test_a_next_hop_behind_a_gateway_is_left_to_the_cloud():
    topology = parse(
        {
            "name": "lab",
            "networks": [net()],
            "routers": [
                router(external_network="insa", routes=[{"destination": "10.0.0.0/8", "nexthop": "1.2.3.4"}])
            ],
        }
    )
    assert topology.routers[0].routes == (Route("10.0.0.0/8", "1.2.3.4"),)


def test_an_address_is_taken_in_one_network_only():
    servers = [
        server(name, network=network, address="10.0.0.5") for name, network in (("one", "a"), ("two", "b"))
    ]
    assert len(parse({"name": "lab", "servers": servers}).servers) == 2
    (problem,) = problems(servers=[*servers, server("three", network="a", address="10.0.0.5")])
    assert "'10.0.0.5' is already the address of servers[one].interfaces[a].address" in problem


def test_a_removal_needs_no_declared_servers():
    assert parse({"name": "lab", "state": "absent", "only": ["mul"]}).only == frozenset({"mul"})


@pytest.mark.parametrize("running", [None, True, False])
def test_a_server_is_left_as_it_is_unless_declared_to_run_or_not(running):
    (parsed,) = parse({"name": "lab", "networks": [net()], "servers": [server(running=running)]}).servers
    assert parsed.running is running


def test_a_description_tells_its_owner():
    assert description_text("lab", described("lab", "a text")) == "a text"
    assert description_text("lab", described("lab")) == ""
    assert description_text("lab", described("lab2", "a text")) is None
    assert description_text("lab", "a text") is None


@given(*[st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)] * 4)
def test_two_owners_never_share_a_keypair(owner, name, other_owner, other_name):
    assert (keypair_name(owner, name) == keypair_name(other_owner, other_name)) == (
        (owner, name) == (other_owner, other_name)
    )


@given(st.integers(8, 30), st.integers(0, 2**32 - 1), st.integers(0))
def test_default_pools_hold_every_host_but_the_gateway(prefix, address, number):
    network = ipaddress.IPv4Network((address, prefix), strict=False)
    gateway = network.network_address + 1 + number % (network.num_addresses - 2)
    pools = default_pools(str(network), str(gateway))
    sizes = [int(ipaddress.IPv4Address(end)) - int(ipaddress.IPv4Address(start)) + 1 for start, end in pools]
    assert sum(sizes) == network.num_addresses - 3
    assert not any(
        ipaddress.IPv4Address(start) <= gateway <= ipaddress.IPv4Address(end) for start, end in pools
    )
