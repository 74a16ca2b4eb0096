"""The frontend's backends follow from the services' own variables and the cloud's addresses."""

from __future__ import annotations

import pytest

from calculator_backends import calculator_backends

HOSTVARS = {
    "mul2": {"calculator_service": "mul", "calculator_port": 50003},
    "mul": {"calculator_service": "mul", "calculator_port": 50003},
    "sum": {"calculator_service": "sum", "calculator_port": 50001},
}
DEPLOYED = {
    "mul2": {"address": "10.0.2.23"},
    "mul": {"address": "10.0.2.13"},
    "sum": {"address": "10.0.2.11"},
    "frontend": {"address": "192.168.56.10"},
}


def test_hosts_of_one_operation_stand_together_in_the_order_given() -> None:
    assert calculator_backends(["sum", "mul", "mul2"], HOSTVARS, DEPLOYED) == {
        "sum": ["http://10.0.2.11:50001"],
        "mul": ["http://10.0.2.13:50003", "http://10.0.2.23:50003"],
    }
    assert calculator_backends(["mul2", "mul"], HOSTVARS, DEPLOYED) == {
        "mul": ["http://10.0.2.23:50003", "http://10.0.2.13:50003"]
    }


def test_hosts_that_are_not_asked_for_or_only_planned_are_left_out() -> None:
    assert calculator_backends([], HOSTVARS, DEPLOYED) == {}
    assert calculator_backends(["mul", "sum"], HOSTVARS, {"sum": {"address": "10.0.2.11"}}) == {
        "sum": ["http://10.0.2.11:50001"]
    }


def test_a_host_without_the_variables_is_an_error() -> None:
    with pytest.raises(KeyError, match="calculator_"):
        calculator_backends(["outside"], {"outside": {}}, {"outside": {"address": "192.168.37.50"}})
