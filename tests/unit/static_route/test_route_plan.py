"""From the kernel's table and the files found to what is to be done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from static_route.files import File, render
from static_route.guest import network_files
from static_route.live import LiveRoute, corrections, parse_addresses, parse_routes
from static_route.plan import State, make_diff, make_plan
from static_route.routes import Hop, Route

SERVICES = Hop(IPv4Network("10.0.2.0/24"), IPv4Address("192.168.56.253"))
WRONG = Hop(SERVICES.destination, IPv4Address("192.168.56.254"))
WANTED = (Route(SERVICES, "ens3"),)
UNITS = {"ens3": "10-cloud-init-ens3.network"}

ROUTE_OUTPUT = json.dumps(
    [
        {
            "dst": "default",
            "gateway": "192.168.56.254",
            "dev": "ens3",
            "protocol": "dhcp",
            "metric": 100,
            "flags": [],
        },
        {
            "dst": "192.168.56.0/24",
            "dev": "ens3",
            "protocol": "kernel",
            "scope": "link",
            "prefsrc": "192.168.56.14",
        },
        {"dst": "10.0.2.0/24", "gateway": "192.168.56.254", "dev": "ens3", "protocol": "static", "flags": []},
        {
            "dst": "169.254.169.254",
            "gateway": "192.168.56.2",
            "dev": "ens3",
            "protocol": "dhcp",
            "metric": 100,
        },
        {"type": "blackhole", "dst": "10.66.0.0/16", "flags": []},
    ]
)


def table(*hops: Hop, interface: str = "ens3", metric: int = 0) -> list[LiveRoute]:
    return [LiveRoute(hop.destination, hop.gateway, interface, metric) for hop in hops]


def state(
    live: Iterable[LiveRoute] = (), files: Mapping[str, File] | None = None, kept: Iterable[Hop] = ()
) -> State:
    return State(interfaces=(), live=tuple(live), files=files or {}, kept=frozenset(kept))


def test_the_kernels_routes_are_read_whole() -> None:
    assert [str(route) for route in parse_routes(ROUTE_OUTPUT)] == [
        "0.0.0.0/0 via 192.168.56.254 dev ens3",
        "192.168.56.0/24 dev ens3",
        "10.0.2.0/24 via 192.168.56.254 dev ens3",
        "169.254.169.254/32 via 192.168.56.2 dev ens3",
        "10.66.0.0/16 dev ",
    ]
    assert parse_routes("") == ()


def test_interfaces_are_read_without_the_loopback() -> None:
    loopback = {
        "ifname": "lo",
        "flags": ["LOOPBACK"],
        "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8}],
    }
    ens3 = {
        "ifname": "ens3",
        "flags": ["UP"],
        "addr_info": [{"family": "inet", "local": "192.168.56.14", "prefixlen": 24}],
    }
    (interface,) = parse_addresses(json.dumps([loopback, {}, ens3]))
    assert (interface.name, [str(address) for address in interface.addresses]) == (
        "ens3",
        ["192.168.56.14/24"],
    )


def test_a_missing_route_is_given() -> None:
    assert corrections([], WANTED, ()) == [
        (
            "ip",
            "-4",
            "route",
            "replace",
            "10.0.2.0/24",
            "via",
            "192.168.56.253",
            "dev",
            "ens3",
            "proto",
            "static",
        )
    ]


def test_a_wrong_next_hop_or_interface_is_repaired() -> None:
    assert len(corrections(table(WRONG), WANTED, ())) == 1
    assert len(corrections(table(SERVICES, interface="ens4"), WANTED, ())) == 1


def test_a_route_from_dhcp_does_not_count_as_ours_and_is_left_alone() -> None:
    commands = corrections(table(WRONG, metric=100), WANTED, {WRONG})
    assert [command[3] for command in commands] == ["replace"]


def test_only_the_very_hop_is_taken_away() -> None:
    assert corrections(table(WRONG), (), {SERVICES}) == []
    assert corrections(table(SERVICES), (), {SERVICES}) == [
        ("ip", "-4", "route", "del", "10.0.2.0/24", "via", "192.168.56.253", "metric", "0")
    ]


def test_a_route_no_longer_declared_goes_from_file_and_table() -> None:
    old = Hop(IPv4Network("10.9.0.0/16"), IPv4Address("192.168.56.253"))
    before = render("networkd", (*WANTED, Route(old, "ens3")), UNITS)
    plan = make_plan(
        state(table(SERVICES, old), before, {SERVICES, old}),
        WANTED,
        render("networkd", WANTED, UNITS),
    )
    assert list(plan.write) == list(before)
    assert [command[3:5] for command in plan.commands] == [("del", "10.9.0.0/16")]


def test_the_same_route_from_elsewhere_stays() -> None:
    """The DHCP client of ifupdown gives its routes no metric either."""
    assert make_plan(state(table(SERVICES)), (), {}).empty


def test_a_file_with_other_permissions_is_written_again() -> None:
    files = render("netplan", WANTED, {"ens3": "ens3"})
    loose = {path: type(file)(file.content, 0o644) for path, file in files.items()}
    assert make_plan(state(table(SERVICES), loose, {SERVICES}), WANTED, files).write == files


def test_the_file_of_another_backend_is_removed() -> None:
    files = render("networkd", WANTED, UNITS)
    old = render("ifupdown", WANTED, {"ens3": "ens3"})
    plan = make_plan(state(table(SERVICES), files | old, {SERVICES}), WANTED, files)
    assert (plan.write, plan.remove, plan.commands) == ({}, tuple(old), ())


def test_the_diff_shows_files_and_live_routes() -> None:
    now = state(table(WRONG))
    plan = make_plan(now, WANTED, render("networkd", WANTED, UNITS))
    file, live = make_diff(now, WANTED, plan)
    assert file["before"] == "" and "Gateway=192.168.56.253" in file["after"]
    assert live["before"] == "10.0.2.0/24 via 192.168.56.254 dev ens3\n"
    assert live["after"] == "10.0.2.0/24 via 192.168.56.253 dev ens3\n"


hop_sets = st.dictionaries(st.integers(0, 5), st.integers(1, 4), max_size=6).map(
    lambda chosen: [
        Hop(IPv4Network(f"10.{net}.0.0/16"), IPv4Address(f"192.168.56.{gw}")) for net, gw in chosen.items()
    ]
)


@given(live=hop_sets, wanted=hop_sets, kept=hop_sets, foreign=hop_sets)
def test_carrying_the_commands_out_leaves_nothing_to_do_and_spares_the_rest(
    live: list[Hop], wanted: list[Hop], kept: list[Hop], foreign: list[Hop]
) -> None:
    routes = [Route(hop, "ens3") for hop in wanted]
    kernel = {route.destination: route for route in table(*live)}
    dhcp = table(*foreign, metric=100)
    for command in corrections([*kernel.values(), *dhcp], routes, set(kept)):
        network = IPv4Network(command[4])
        if command[3] == "replace":
            kernel[network] = LiveRoute(network, IPv4Address(command[6]), command[8], 0)
        else:
            del kernel[network]
    assert corrections([*kernel.values(), *dhcp], routes, set(kept)) == []
    ours = {hop.destination for hop in wanted} | {hop.destination for hop in kept}
    for before in table(*live):
        assert before.destination in ours or kernel[before.destination] == before


def test_the_network_files_are_named_by_networkctl() -> None:
    path = f"/etc/systemd/network/{UNITS['ens3']}"
    entries = [{"Name": "lo"}, {"Name": "ens3", "NetworkFile": path}, {"Name": "ens4", "NetworkFile": None}]
    assert network_files(json.dumps({"Interfaces": entries})) == {"ens3": path}
