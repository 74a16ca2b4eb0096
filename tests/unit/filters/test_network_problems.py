"""The filter that checks the addresses of an embedded cloud's networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from network_problems import network_problems

DEFAULTS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).resolve().parents[3] / "roles/embedded_cloud/defaults/main.yml").read_text()
)
EXTERNAL = DEFAULTS["embedded_cloud_external_network"]
INTERNET = DEFAULTS["embedded_cloud_internet"]


def test_the_defaults_fit_together() -> None:
    assert network_problems(EXTERNAL, INTERNET) == []


@pytest.mark.parametrize(
    ("external", "internet", "words"),
    [
        ({"cidr": "192.168.37.0/33"}, {}, ["embedded_cloud_external_network.cidr", "192.168.37.0/33"]),
        ({"cidr": "192.168.37.1/24"}, {}, ["embedded_cloud_external_network.cidr", "host bits set"]),
        ({}, {"cidr": "here"}, ["embedded_cloud_internet.cidr", "'here'"]),
        (
            {"gateway": "192.168.38.1"},
            {},
            ["external_network.gateway: 192.168.38.1 is no host of 192.168.37.0/24"],
        ),
        ({"gateway": "192.168.37.0"}, {}, ["external_network.gateway: 192.168.37.0 is no host"]),
        ({"neighbour": "fifty"}, {}, ["external_network.neighbour", "'fifty'"]),
        (
            {"neighbour": "192.168.37.1"},
            {},
            ["external_network.neighbour: 192.168.37.1 is that of gateway too"],
        ),
        (
            {"neighbour": "192.168.37.150"},
            {},
            ["external_network.pool", "holds the neighbour 192.168.37.150"],
        ),
        ({"pool": "192.168.37.100"}, {}, ["external_network.pool: '192.168.37.100' is no pair"]),
        ({"pool": "192.168.37.199-192.168.37.100"}, {}, ["external_network.pool", "ends before it begins"]),
        ({"pool": "192.168.37.100-192.168.38.1"}, {}, ["external_network.pool", "is not within the hosts"]),
        ({}, {"host": "203.0.114.80"}, ["internet.host: 203.0.114.80 is no host of 203.0.113.0/24"]),
        (
            {},
            {"cidr": "192.168.0.0/16", "router": "192.168.1.1", "host": "192.168.1.2"},
            ["internet.cidr: 192.168.0.0/16 and", "overlap"],
        ),
    ],
)
def test_a_problem_is_named(external: dict[str, str], internet: dict[str, str], words: list[str]) -> None:
    problems = network_problems(EXTERNAL | external, INTERNET | internet)
    assert len(problems) == 1, problems
    assert [word for word in words if word not in problems[0]] == [], problems
