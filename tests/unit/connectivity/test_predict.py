"""Section 3.5's topology, walked with and without the route."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from connectivity.predict import Prediction, predict, with_predictions
from connectivity.topology import parse_topology

DEPLOYED = {"frontend": {"addresses": {"client": "192.168.56.14"}, "floating_ip": "192.168.37.20"}}
SERVICES_ROUTE = {"destination": "10.0.2.0/24", "gateway": "192.168.56.253"}
CLIENT_TOPOLOGY: dict[str, Any] = {
    "networks": [
        {"name": "client", "subnets": [{"cidr": "192.168.56.0/24", "gateway_ip": "192.168.56.254"}]},
        {"name": "private", "subnets": [{"cidr": "10.0.2.0/24", "gateway_ip": "10.0.2.254"}]},
    ],
    "routers": [
        {
            "name": "public_gateway",
            "external_network": "insa",
            "interfaces": [{"subnet": "client", "address": "192.168.56.254"}],
        },
        {
            "name": "inner",
            "interfaces": [{"subnet": "client", "address": "192.168.56.253"}, {"subnet": "private"}],
        },
    ],
    "security_groups": [
        {"name": "frontend", "rules": [{"protocol": "tcp", "ports": "22"}, {"protocol": "icmp"}]},
        {
            "name": "services",
            "rules": [
                {"protocol": "tcp", "ports": "50001-50004", "remote_group": "frontend"},
                {"protocol": "icmp", "remote_cidr": "192.168.56.0/24"},
            ],
        },
    ],
    "servers": [
        {
            "name": "frontend",
            "interfaces": [{"network": "client"}],
            "security_groups": ["frontend"],
        },
        {
            "name": "sum",
            "interfaces": [{"network": "private", "address": "10.0.2.14"}],
            "security_groups": ["services"],
        },
    ],
}


def prediction(
    source: str,
    address: str,
    protocol: str = "tcp",
    port: int | None = None,
    route: bool = True,
    **changes: Any,
) -> Prediction | None:
    declared = copy.deepcopy(CLIENT_TOPOLOGY) | changes
    routes = {"frontend": [SERVICES_ROUTE]} if route else {}
    flow = {"from": source, "to": address, "address": address, "protocol": protocol, "port": port}
    return predict(parse_topology(declared, DEPLOYED, routes), flow)


def verdict_and_why(*flow: Any, **changes: Any) -> tuple[str, str]:
    predicted = prediction(*flow, **changes)
    assert predicted is not None
    return predicted.verdict, predicted.why


def test_without_the_route_packets_go_to_the_public_gateway() -> None:
    assert verdict_and_why("frontend", "10.0.2.14", port=50001, route=False) == (
        "lost",
        "10.0.2.14 is not on a connected network of frontend; "
        "default route to public_gateway (192.168.56.254); "
        "public_gateway has no route to 10.0.2.0/24 other than insa: lost",
    )


def test_with_the_route_the_inner_router_delivers_them() -> None:
    assert verdict_and_why("frontend", "10.0.2.14", port=50001) == (
        "reachable",
        "10.0.2.14 is not on a connected network of frontend; route 10.0.2.0/24 to inner (192.168.56.253); "
        "10.0.2.14 is on 10.0.2.0/24, a network of inner; "
        "security group services lets tcp/50001 in: reachable",
    )


def test_the_route_may_come_by_dhcp() -> None:
    networks = copy.deepcopy(CLIENT_TOPOLOGY["networks"])
    networks[0]["subnets"][0]["host_routes"] = [
        {"destination": "0.0.0.0/0", "nexthop": "192.168.56.254"},
        {"destination": "10.0.2.0/24", "nexthop": "192.168.56.253"},
    ]
    assert (
        verdict_and_why("frontend", "10.0.2.14", port=50001, route=False, networks=networks)[0] == "reachable"
    )


@pytest.mark.parametrize(
    ("source", "address", "protocol", "port", "verdict", "reason"),
    [
        (
            "frontend",
            "10.0.2.14",
            "tcp",
            22,
            "lost",
            "no rule of security group services lets tcp/22 in from frontend",
        ),
        ("frontend", "10.0.2.14", "icmp", None, "reachable", "lets icmp in"),
        ("frontend", "10.0.2.99", "tcp", 50001, "unreachable", "nothing there has the address 10.0.2.99"),
        ("frontend", "203.0.113.10", "http", 80, "reachable", "public_gateway sends it out to insa"),
        ("sum", "203.0.113.10", "http", 80, "lost", "inner has no route to 203.0.113.10"),
        (
            "sum",
            "192.168.56.14",
            "tcp",
            22,
            "reachable",
            "192.168.56.14 is on 192.168.56.0/24, a network of inner",
        ),
        (
            "outside",
            "192.168.37.20",
            "tcp",
            22,
            "reachable",
            "public_gateway translates the floating IP 192.168.37.20",
        ),
        (
            "outside",
            "192.168.37.20",
            "tcp",
            80,
            "lost",
            "no rule of security group frontend lets tcp/80 in from outside",
        ),
        (
            "outside",
            "10.0.2.14",
            "tcp",
            50001,
            "lost",
            "10.0.2.0/24 is private: no network outside has a route to it",
        ),
    ],
)
def test_every_other_flow_has_its_reason(
    source: str, address: str, protocol: str, port: int | None, verdict: str, reason: str
) -> None:
    predicted, why = verdict_and_why(source, address, protocol, port)
    assert (predicted, reason in why) == (verdict, True), why


def test_a_next_hop_that_no_router_has_is_unreachable() -> None:
    routers = CLIENT_TOPOLOGY["routers"][:1]
    predicted, why = verdict_and_why("frontend", "10.0.2.14", port=50001, routers=routers)
    assert predicted == "unreachable"
    assert "route 10.0.2.0/24 to 192.168.56.253, an address that no router has" in why


def test_an_answer_that_does_not_come_back_is_lost() -> None:
    networks = copy.deepcopy(CLIENT_TOPOLOGY["networks"])
    networks[1]["subnets"][0]["gateway_ip"] = "none"
    routers = copy.deepcopy(CLIENT_TOPOLOGY["routers"])
    routers[1]["interfaces"][1]["address"] = "10.0.2.254"
    predicted, why = verdict_and_why("frontend", "10.0.2.14", port=50001, networks=networks, routers=routers)
    assert predicted == "lost"
    assert "the answer does not come back; 192.168.56.14 is not on a connected network of sum" in why


def test_routers_that_send_a_packet_to_each_other_lose_it() -> None:
    routers = copy.deepcopy(CLIENT_TOPOLOGY["routers"])
    routers[0]["routes"] = [{"destination": "10.9.0.0/16", "nexthop": "192.168.56.253"}]
    routers[1]["routes"] = [{"destination": "10.9.0.0/16", "nexthop": "192.168.56.254"}]
    predicted, why = verdict_and_why("frontend", "10.9.0.1", routers=routers, port=80)
    assert (predicted, "goes round in a circle" in why) == ("lost", True)


def test_egress_rules_count_once_there_is_one() -> None:
    groups = copy.deepcopy(CLIENT_TOPOLOGY["security_groups"])
    groups[0]["rules"].append({"direction": "egress", "protocol": "tcp", "ports": "50001"})
    assert verdict_and_why("frontend", "10.0.2.14", port=50001, security_groups=groups)[0] == "reachable"
    assert verdict_and_why("frontend", "10.0.2.14", "icmp", security_groups=groups)[0] == "lost"


SSH = {"protocol": "tcp", "ports": "22"}
ANYTHING_IN = {"protocol": "any"}


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ([SSH], "reachable"),
        ([{**SSH, "remote_cidr": "0.0.0.0/0"}], "reachable"),
        ([{**SSH, "remote_cidr": "192.168.37.0/24"}], None),
        ([{**SSH, "remote_cidr": "192.168.37.0/24"}, SSH], "reachable"),
        ([{**SSH, "remote_group": "frontend"}], "lost"),
        ([{**SSH, "ethertype": "IPv6"}], "lost"),
        ([{**SSH, "ethertype": "IPv6", "remote_cidr": "fd00::/8"}], "lost"),
    ],
)
def test_who_may_come_in_from_outside(rules: list[dict[str, str]], verdict: str | None) -> None:
    groups = [{"name": "frontend", "rules": rules}]
    predicted = prediction("outside", "192.168.37.20", "tcp", 22, security_groups=groups)
    assert (predicted and predicted.verdict) == verdict


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ([{"remote_group": "services"}], "reachable"),
        ([{"remote_group": "frontend"}], "lost"),
        ([{"remote_cidr": "10.0.2.0/24"}], "reachable"),
        ([{"remote_cidr": "10.0.3.0/24"}], "lost"),
        # Neutron's default egress for IPv4 goes away with the first egress rule of whatever family.
        ([{"ethertype": "IPv6"}], "lost"),
    ],
)
def test_egress_is_judged_by_where_the_packet_goes(rules: list[dict[str, str]], verdict: str) -> None:
    groups = [
        {"name": "frontend", "rules": [{"direction": "egress", "protocol": "any", **rule} for rule in rules]},
        {"name": "services", "rules": [ANYTHING_IN]},
    ]
    assert verdict_and_why("frontend", "10.0.2.14", "tcp", 50001, security_groups=groups)[0] == verdict


def servers(frontend: list[str], services: list[str]) -> list[dict[str, Any]]:
    declared: list[dict[str, Any]] = copy.deepcopy(CLIENT_TOPOLOGY["servers"])
    declared[0]["security_groups"], declared[1]["security_groups"] = frontend, services
    return declared


def test_a_group_without_egress_rules_allows_all_egress_of_its_members() -> None:
    groups = [
        {"name": "strict", "rules": [{"direction": "egress", "protocol": "icmp"}]},
        {"name": "lax", "rules": []},
        {"name": "open", "rules": [ANYTHING_IN]},
    ]
    for own, verdict in ((["strict"], "lost"), (["strict", "lax"], "reachable")):
        changes: dict[str, Any] = {"security_groups": groups, "servers": servers(own, ["open"])}
        assert verdict_and_why("frontend", "10.0.2.14", "tcp", 50001, **changes)[0] == verdict


@pytest.mark.parametrize(
    ("frontend", "services", "verdict"),
    [
        ([], [], "reachable"),
        (["frontend"], [], None),
        (["frontend"], ["made elsewhere"], None),
        (["made elsewhere"], ["services"], None),
        (["made elsewhere", "frontend"], ["made elsewhere", "services"], "reachable"),
    ],
)
def test_of_a_group_that_is_not_declared_only_the_default_is_known(
    frontend: list[str], services: list[str], verdict: str | None
) -> None:
    declared = servers(frontend, services)
    predicted = prediction("frontend", "10.0.2.14", "tcp", 50001, servers=declared)
    assert (predicted and predicted.verdict) == verdict


def test_the_router_at_the_gateway_has_the_floating_ip_whatever_the_order() -> None:
    gateway, inner = copy.deepcopy(CLIENT_TOPOLOGY["routers"])
    inner["external_network"] = "insa"
    for routers in ([inner, gateway], [gateway, inner]):
        predicted, why = verdict_and_why("outside", "192.168.37.20", port=22, routers=routers)
        assert (predicted, "public_gateway translates the floating IP" in why) == ("reachable", True), why


def test_of_several_subnets_the_one_that_holds_the_address_counts() -> None:
    networks = copy.deepcopy(CLIENT_TOPOLOGY["networks"])
    networks[1]["subnets"].insert(0, {"name": "spare", "cidr": "10.0.3.0/24"})
    assert verdict_and_why("frontend", "10.0.2.14", port=50001, networks=networks)[0] == "reachable"


@pytest.mark.parametrize("address", ["10.0.2.14", "127.0.0.1", "169.254.169.254"])
def test_nothing_is_said_about_what_no_router_forwards(address: str) -> None:
    assert prediction("sum", address, port=22) is None


def test_nothing_is_said_about_a_source_whose_address_is_not_known() -> None:
    flow = {"from": "frontend", "to": "sum", "address": "10.0.2.14", "protocol": "icmp"}
    assert predict(parse_topology(CLIENT_TOPOLOGY, {}, {"frontend": [SERVICES_ROUTE]}), flow) is None


def test_nothing_is_said_about_what_is_not_in_the_topology() -> None:
    topology = parse_topology(CLIENT_TOPOLOGY)
    for source, address in (
        ("outside", "203.0.113.10"),
        ("frontend", "www.example.net"),
        ("frontend", "192.168.56.254"),
    ):
        flow = {"from": source, "to": address, "address": address, "protocol": "icmp"}
        assert predict(topology, flow) is None


def test_predictions_are_put_beside_the_flows_they_are_about() -> None:
    known = {"from": "frontend", "to": "sum", "address": "10.0.2.14", "protocol": "tcp", "port": 50001}
    unknown = known | {"address": "www.example.net"}
    first, second = with_predictions([known, unknown], parse_topology(CLIENT_TOPOLOGY))
    assert first["predicted"]["verdict"] == "lost"
    assert second == unknown
    assert with_predictions([known], parse_topology({})) == [known]
