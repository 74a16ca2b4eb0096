"""What the module returns."""

from __future__ import annotations

from openstack_topology.model import Server, ServerInterface, Topology
from openstack_topology.plan import Found
from openstack_topology.report import facts, servers

FOUND = {
    ("network", "client"): Found("n1"),
    ("subnet", "client"): Found("s1"),
    ("port", "server two@client"): Found("p3", "192.168.56.9"),
    ("port", "server one@private"): Found("p2", "10.0.2.5"),
    ("port", "server one@client"): Found("p1", "192.168.56.5"),
    ("server", "one"): Found("v1", status="ACTIVE"),
    ("server", "two"): Found("v2", status="SHUTOFF"),
    ("floating_ip", "one"): Found("f1", "192.168.37.5"),
}
ONE = Server("one", "debian", "small", (ServerInterface("client"), ServerInterface("private")))


def test_a_server_has_the_address_of_its_first_declared_network():
    assert servers(Topology("lab", servers=(ONE,)), FOUND, {"one"})["one"] == {
        "id": "v1",
        "status": "ACTIVE",
        "addresses": {"client": "192.168.56.5", "private": "10.0.2.5"},
        "address": "192.168.56.5",
        "floating_ip": "192.168.37.5",
        "created": True,
    }


def test_a_server_that_is_not_declared_has_the_addresses_it_has():
    two = servers(Topology("lab"), FOUND, ())["two"]
    assert two["addresses"] == {"client": "192.168.56.9"}
    assert (two["floating_ip"], two["created"], two["status"]) == (None, False, "SHUTOFF")


def test_ids_come_by_kind_and_name():
    assert facts(FOUND) == {
        "networks": {"client": "n1"},
        "subnets": {"client": "s1"},
        "routers": {},
        "security_groups": {},
    }
