"""A network of Docker's that is in the way is named with its addresses."""

from __future__ import annotations

import pytest

from overlapping_networks import overlapping_networks


def network(name, *subnets):
    return {"Name": name, "IPAM": {"Config": [{"Subnet": subnet} for subnet in subnets]}}


NETWORKS = [
    network("bridge", "172.17.0.0/16"),
    network("project_default", "fd00::/64", "172.20.0.0/16"),
    network("lab-lan", "172.20.10.0/28"),
    {"Name": "host", "IPAM": {"Config": None}},
    {"Name": "none", "IPAM": None},
]


def test_what_overlaps_is_named_but_for_the_network_itself():
    assert overlapping_networks(NETWORKS, "172.20.10.0/28", "lab-lan") == ["project_default (172.20.0.0/16)"]
    assert overlapping_networks(NETWORKS, "172.21.0.0/28", "lab-lan") == []


def test_no_network_is_no_answer():
    with pytest.raises(ValueError, match="has host bits set"):
        overlapping_networks(NETWORKS, "172.20.10.1/28", "lab-lan")
