"""Images, flavors and quotas against what a plan creates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openstack_topology import state
from openstack_topology.model import Router, RouterInterface, Rule, SecurityGroup, Topology, parse
from openstack_topology.offer import resolve
from openstack_topology.present import plan_present
from openstack_topology.state import Quota

OFFER = state.Offer(
    (state.Flavor("f1", "small", vcpus=1, ram=256), state.Flavor("f2", "large", vcpus=4, ram=4096)),
    (state.Image("i1", "debian"), state.Image("i2", "ubuntu")),
    {},
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPuAvMvPJ7rD/kV92Zw22SvxBHOpO69yhxh3RbCD2xp5"
ACTUAL = state.Actual(networks=(state.Network("ext", "insa", external=True),))


def topology(count=2, image="debian", flavor="small"):
    servers = [
        {
            "name": f"s{n}",
            "image": image,
            "flavor": flavor,
            "interfaces": [{"network": "client"}],
            "floating_ip": "insa",
        }
        for n in range(count)
    ]
    return parse(
        {
            "name": "lab",
            "networks": [{"name": "client", "subnets": [{"cidr": "10.0.0.0/24"}]}],
            "routers": [{"name": "gw", "external_network": "insa", "interfaces": [{"subnet": "client"}]}],
            "security_groups": [{"name": "web", "rules": [{"protocol": "icmp"}, {"protocol": "tcp"}]}],
            "keypair": {"name": "key", "public_key": KEY},
            "servers": servers,
        }
    )


def test_names_and_ids_are_resolved():
    found, problems = resolve(plan_present(topology(image="i2", flavor="small"), ACTUAL), OFFER)
    assert problems == []
    assert {key: there.id for key, there in found.items()} == {
        ("image", "i2"): "i2",
        ("flavor", "small"): "f1",
    }


def test_unknown_names_say_what_exists():
    _, problems = resolve(plan_present(topology(1, "debain", "tiny"), ACTUAL), OFFER)
    assert problems == [
        "servers[s0].image: 'debain' is not an image; there are: debian, ubuntu",
        "servers[s0].flavor: 'tiny' is not a flavor; there are: large, small",
    ]


def test_an_image_name_that_occurs_twice_asks_for_the_id():
    offer = replace(OFFER, images=(*OFFER.images, state.Image("i3", "debian")))
    _, problems = resolve(plan_present(topology(1), ACTUAL), offer)
    assert problems == ["servers[s0].image: 'debian' is the name of 2 of them; give the id instead"]


NEEDED = {
    "server": (2, "quota of servers: 2 asked for, 1 left"),
    "core": (2, "quota of cores: 2 asked for, 1 left"),
    "ram": (512, "quota of ram: 512 MiB asked for, 511 MiB left"),
    "network": (1, "quota of networks: 1 asked for, 0 left"),
    "subnet": (1, "quota of subnets: 1 asked for, 0 left"),
    "router": (1, "quota of routers: 1 asked for, 0 left"),
    # Two servers, the router's interface, and neutron's own in the new network.
    "port": (4, "quota of ports: 4 asked for, 3 left"),
    "security_group": (1, "quota of security_groups: 1 asked for, 0 left"),
    "security_group_rule": (4, "quota of security_group_rules: 4 asked for, 3 left"),
    "floating_ip": (2, "quota of floating_ips: 2 asked for, 1 left"),
    "keypair": (1, "quota of keypairs: 1 asked for, 0 left"),
}


@pytest.mark.parametrize(("kind", "asked", "sentence"), [(k, *v) for k, v in NEEDED.items()], ids=NEEDED)
def test_an_exhausted_quota_is_named_with_what_is_asked_and_left(kind, asked, sentence):
    plan = plan_present(topology(), ACTUAL)
    _, problems = resolve(plan, replace(OFFER, quotas={kind: Quota(asked + 4, 5)}))
    assert len(problems) == 1 and problems[0].startswith(sentence)
    assert f"(limit {asked + 4}, used 5)" in problems[0]
    assert resolve(plan, replace(OFFER, quotas={kind: Quota(asked + 5, 5)}))[1] == []
    assert resolve(plan, replace(OFFER, quotas={kind: Quota(-1, 5)}))[1] == []


def test_a_replaced_server_needs_no_more_than_it_has(world):
    here = world(ACTUAL)
    here.run(plan_present(topology(), here.actual()))
    for server in list(here.items["server"].values()):
        here.change("server", server.id, status="ERROR")
        here.change("server", server.id, vcpus=1, ram=256)
    quotas = {kind: Quota(5, 5) for kind in ("server", "core", "ram")}
    offer = replace(OFFER, quotas=quotas)
    assert resolve(plan_present(topology(), here.actual()), offer)[1] == []
    problems = resolve(plan_present(topology(flavor="large"), here.actual()), offer)[1]
    assert [problem.partition("; ")[0] for problem in problems] == [
        "quota of cores: 6 asked for, 0 left (limit 5, used 5)",
        "quota of ram: 7680 MiB asked for, 0 MiB left (limit 5, used 5)",
    ]


@pytest.mark.parametrize(
    ("needs", "lacks"),
    [
        ({"min_disk": 2}, ["a disk of 2 GiB, and the flavor has 1"]),
        ({"min_ram": 257}, ["257 MiB of memory, and the flavor has 256"]),
        ({"min_disk": 1, "min_ram": 256}, []),
    ],
)
def test_an_image_that_needs_more_than_the_flavor_has_is_a_problem(needs, lacks):
    offer = replace(
        OFFER,
        images=(state.Image("i1", "debian", **needs),),
        flavors=(state.Flavor("f1", "small", vcpus=1, ram=256, disk=1),),
    )
    start = "servers[s0].flavor: 'small' is too small for the image 'debian', which needs "
    assert resolve(plan_present(topology(1), ACTUAL), offer)[1] == [
        f"{start}{lack}; choose a larger flavor" for lack in lacks
    ]


def test_a_flavor_without_a_disk_takes_the_images_size():
    offer = replace(OFFER, images=(state.Image("i1", "debian", min_disk=20),))
    assert resolve(plan_present(topology(1), ACTUAL), offer)[1] == []


def resized(world, flavor, **server):
    """Return the plan for two servers, which exist with other attributes, to have that flavor."""
    here = world(ACTUAL)
    here.run(plan_present(topology(), here.actual()))
    for there in list(here.items["server"].values()):
        here.change("server", there.id, **{"vcpus": 1, "ram": 256, "flavor": "old", **server})
    return plan_present(topology(flavor=flavor), here.actual())


@pytest.mark.parametrize(("kind", "more"), [("core", 6), ("ram", 7680)])
def test_a_resize_counts_what_it_adds(world, kind, more):
    plan = resized(world, "large")
    found, problems = resolve(plan, replace(OFFER, quotas={kind: Quota(more + 5, 5)}))
    assert (found["flavor", "large"].id, problems) == ("f2", [])
    (problem,) = resolve(plan, replace(OFFER, quotas={kind: Quota(more + 4, 5)}))[1]
    assert problem.startswith(f"quota of {kind}") and f"{more}" in problem


def test_a_resize_to_less_makes_no_room_for_another(world):
    here = world(ACTUAL)
    here.run(plan_present(topology(), here.actual()))
    for there, vcpus in zip(list(here.items["server"].values()), (8, 2), strict=True):
        here.change("server", there.id, vcpus=vcpus, flavor="old")
    plan = plan_present(topology(flavor="large"), here.actual())
    (problem,) = resolve(plan, replace(OFFER, quotas={"core": Quota(11, 10)}))[1]
    assert problem.startswith("quota of cores: 2 asked for, 1 left")


def test_an_unknown_flavor_of_a_server_that_exists_is_a_problem(world):
    _, problems = resolve(resized(world, "tiny"), OFFER)
    assert problems[0] == "servers[s0].flavor: 'tiny' is not a flavor; there are: large, small"


@pytest.mark.parametrize(
    ("server", "count"),
    [
        ({"disk": 3, "image_id": "i1"}, 2),
        ({"disk": 2, "image_id": "i1"}, 0),
        ({"disk": 3}, 0),
        ({"disk": 3, "image_id": "i1", "status": "VERIFY_RESIZE"}, 0),
    ],
    ids=["smaller", "equal", "volume", "unknown"],
)
def test_a_disk_that_would_shrink_is_a_problem(world, server, count):
    offer = replace(OFFER, flavors=(state.Flavor("f1", "small", disk=2),))
    _, problems = resolve(resized(world, "small", **server), offer)
    assert len(problems) == count
    assert all("has a disk of 2 GiB, the server one of 3 GiB" in problem for problem in problems)


def test_an_interface_with_an_address_of_its_own_counts_one_port():
    desired = replace(
        topology(0), routers=(Router("gw", None, (RouterInterface("client", "10.0.0.9"),), ()),)
    )
    quotas = {"port": Quota(2, 0)}
    assert resolve(plan_present(desired, ACTUAL), replace(OFFER, quotas=quotas))[1] == []


def test_an_interface_that_moves_needs_no_port_more(world):
    here = world(ACTUAL)
    here.run(plan_present(topology(0), here.actual()))
    desired = replace(
        topology(0), routers=(Router("gw", "insa", (RouterInterface("client", "10.0.0.9"),), ()),)
    )
    plan = plan_present(desired, here.actual())
    assert {"- interface gw@client", "+ interface gw@client"} <= set(plan.lines)
    assert resolve(plan, replace(OFFER, quotas={"port": Quota(2, 2)}))[1] == []


def test_a_network_alone_asks_for_no_port():
    desired = Topology("lab", networks=topology(0).networks)
    assert resolve(plan_present(desired, ACTUAL), replace(OFFER, quotas={"port": Quota(1, 1)}))[1] == []


def test_rules_removed_make_room_for_rules_added(world):
    here = world(ACTUAL)
    one, other = (
        Topology("lab", security_groups=(SecurityGroup("web", "", (Rule(protocol=protocol),)),))
        for protocol in ("tcp", "udp")
    )
    here.run(plan_present(one, here.actual()))
    plan = plan_present(other, here.actual())
    assert resolve(plan, replace(OFFER, quotas={"security_group_rule": Quota(3, 3)}))[1] == []
