"""What a neighbour on the institution's network sees of the calculator, and the servers' inside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

INVENTORY = "molecule/inventory"
SERVICES = {"sum": 50001, "sub": 50002, "mul": 50003, "div": 50004}


def host(name: str) -> Host:
    return testinfra.get_host(f"ansible://{name}?ansible_inventory={INVENTORY}")


@pytest.fixture(scope="module")
def outside() -> Host:
    return host("outside")


@pytest.fixture(scope="module")
def floating_ip() -> str:
    """The frontend's address, as the SSH configuration knows it."""
    variables = host("frontend").ansible.get_variables()
    blocks = Path(variables["lab_state_dir"], "ssh_config").read_text(encoding="utf-8").split("\n\n")
    block = next(text for text in blocks if "Host frontend\n" in text)
    return next(line.split()[1] for line in block.splitlines() if line.strip().startswith("HostName"))


def ask(outside: Host, url: str, body: str) -> str:
    answer: str = outside.check_output("curl --silent --show-error --max-time 60 --data %s %s", body, url)
    return answer


@pytest.mark.parametrize(
    ("expression", "result"),
    [("(5+6)*2", "22"), ("8-3-2", "3"), ("10/2/5", "1"), ("-3+2", "-1"), ("0.1+0.2", "0.30000000000000004")],
)
def test_plain_answer(outside: Host, floating_ip: str, expression: str, result: str) -> None:
    assert ask(outside, f"http://{floating_ip}:50000/", expression).strip() == f"result = {result}"


def test_steps_name_the_services(outside: Host, floating_ip: str) -> None:
    command = "curl --silent --max-time 60 --header 'Content-Type: application/json' --data %s %s"
    body = json.dumps({"expression": "(9-1)*2+6/3"})
    answer = json.loads(outside.check_output(command, body, f"http://{floating_ip}:50000/"))
    assert answer["result"] == 18
    assert {step["operation"] for step in answer["steps"]} == {"sub", "mul", "div", "sum"}
    ports = {step["operation"]: int(step["service"].rsplit(":", 1)[1]) for step in answer["steps"]}
    assert ports == SERVICES


def test_malformed_expression_is_refused(outside: Host, floating_ip: str) -> None:
    command = "curl --silent --max-time 60 --write-out ' %%{http_code}' --data %s %s"
    assert outside.check_output(command, "(1+2", f"http://{floating_ip}:50000/").endswith(" 400")


@pytest.mark.parametrize("port", [50001, 50004, 80])
def test_nothing_else_is_open(outside: Host, floating_ip: str, port: int) -> None:
    assert outside.run("timeout 5 bash -c %s", f"</dev/tcp/{floating_ip}/{port}").rc != 0


def test_route_is_there_and_kept() -> None:
    frontend = host("frontend")
    assert "via 192.168.56.253" in frontend.check_output("ip route show 10.0.2.0/24")
    with frontend.sudo():
        assert "10.0.2.0/24" in frontend.check_output(
            "cat /etc/systemd/network/*.d/* /run/systemd/network/*.d/* 2>/dev/null; true"
        )


def test_frontend_runs_unprivileged() -> None:
    frontend = host("frontend")
    service = frontend.service("calculator")
    assert service.is_running and service.is_enabled
    user = frontend.check_output("ps -o user= -p $(systemctl show --value --property MainPID calculator)")
    assert user.strip() != "root"


def test_a_service_is_reached_through_the_frontend_alone() -> None:
    assert host("sum").check_output("hostname").startswith("sum")
