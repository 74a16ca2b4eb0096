"""What the cloud answers, in the words of a declaration."""

from __future__ import annotations

import pytest

from openstack_topology.cloud import _rules
from openstack_topology.model import Rule
from openstack_topology.plan import rule_changes

ANSWER = {
    "id": "1",
    "direction": "ingress",
    "ethertype": "IPv4",
    "protocol": "icmp",
    "port_range_min": None,
    "port_range_max": None,
    "remote_ip_prefix": None,
    "remote_group_id": None,
}


@pytest.mark.parametrize(
    ("ethertype", "protocol"),
    [(family, name) for family in ("IPv4", "IPv6") for name in ("icmp", "1")]
    + [("IPv6", name) for name in ("ipv6-icmp", "icmpv6", "58", 58)],
)
def test_icmp_is_the_same_by_every_name_that_neutron_has_for_it(ethertype, protocol):
    there = _rules([{**ANSWER, "ethertype": ethertype, "protocol": protocol}])
    assert rule_changes([Rule(ethertype=ethertype, protocol="icmp")], there) == ([], [])


def test_another_familys_icmp_is_another_rule():
    there = _rules([{**ANSWER, "protocol": "58"}])
    assert rule_changes([Rule(protocol="icmp")], there)[1] == ["1"]
