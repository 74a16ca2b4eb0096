"""What a neighbour on the institution's network sees of the calculator, and the servers' inside."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

import pytest
from lab import ROOT, evidence, host, member, run, variable
from testinfra.host import Host

SERVICES = {"sum": 50001, "sub": 50002, "mul": 50003, "div": 50004}


@pytest.fixture(scope="module")
def outside() -> Host:
    return host("outside")


@pytest.fixture(scope="module")
def floating_ip() -> str:
    """The frontend's address, as the SSH configuration knows it."""
    text = (Path(variable("lab_state_dir")) / "client" / "ssh_config").read_text()
    match = re.search(r"Host frontend\n.*?HostName (\S+)", text, re.DOTALL)
    assert match
    return match[1]


def service_urls() -> list[str]:
    """The services' addresses, as the frontend knows them."""
    backends = json.loads(host("frontend").check_output("cat /etc/calculator.json"))["backends"]
    return [url for urls in backends.values() for url in urls]


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


@pytest.mark.parametrize("claim", ["C29", "C30", "C31", "C32", "C33", "C34"])
def test_the_claim_was_reproduced(claim: str) -> None:
    assert evidence(claim, "openstack_client_topology")["verdict"] == "reproduced"


def test_without_the_route_packets_went_to_the_public_gateway() -> None:
    way, request, _path = evidence("C33", "openstack_client_topology")["observations"]
    assert json.loads(way["output"])[0]["gateway"] == "192.168.56.254"
    assert re.search(r" 50[24]$", request["output"])


def test_only_the_public_gateway_leads_out() -> None:
    _interfaces, gateways = evidence("C32", "openstack_client_topology")["observations"]
    ((name, outside),) = json.loads(gateways["output"]).items()
    assert (name, outside["network"]) == ("public_gateway", variable("lab_external_network"))
    assert outside["addresses"]


def test_malformed_expression_is_refused(outside: Host, floating_ip: str) -> None:
    command = "curl --silent --max-time 60 --write-out ' %%{http_code}' --data %s %s"
    assert outside.check_output(command, "(1+2", f"http://{floating_ip}:50000/").endswith(" 400")


@pytest.mark.parametrize("port", [50001, 50004, 80])
def test_nothing_else_is_open(outside: Host, floating_ip: str, port: int) -> None:
    """Refused or silent, which curl tells from any other failure."""
    assert outside.run("curl --silent --max-time 5 %s", f"http://{floating_ip}:{port}/").rc in (7, 28)


def test_page_is_published_on_this_machine() -> None:
    port = variable("embedded_cloud_ports")["page"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
        assert "<title>" in page.read().decode()


def test_route_is_there_and_kept() -> None:
    frontend = host("frontend")
    assert "via 192.168.56.253" in frontend.check_output("ip route show 10.0.2.0/24")
    assert "10.0.2.0/24" in frontend.check_output("cat /etc/systemd/network/*.d/*.conf")


def test_frontend_runs_unprivileged_now_and_after_a_boot() -> None:
    frontend = host("frontend")
    assert frontend.check_output("systemctl is-active calculator") == "active"
    assert frontend.check_output("systemctl is-enabled calculator") == "enabled"
    user = frontend.check_output("ps -o user= -p $(systemctl show --value --property MainPID calculator)")
    assert user.strip() not in ("", "root")


def test_services_answer_the_frontend_alone(outside: Host) -> None:
    """The same address and port: an answer from the frontend, none from outside."""
    for url in service_urls():
        assert '"ok"' in host("frontend").check_output("curl --silent --max-time 30 %s/healthz", url)
        assert outside.run("curl --silent --max-time 3 %s/healthz", url).rc in (7, 28)


def test_the_services_stay_closed_to_somebody_outside_who_knows_the_way(outside: Host) -> None:
    with member() as cloud:
        gateway = cloud.network.find_router("public_gateway", ignore_missing=False)
    (address,) = gateway.external_gateway_info["external_fixed_ips"]
    urls = service_urls()
    outside.check_output("ip route add 10.0.2.0/24 via %s", address["ip_address"])
    try:
        for url in urls:
            assert outside.run("curl --silent --max-time 3 %s/healthz", url).rc in (7, 28)
    finally:
        outside.check_output("ip route del 10.0.2.0/24")


def test_the_cloud_itself_tells_ansible_what_is_deployed(tmp_path: Path) -> None:
    """The example for the embedded cloud, with the names of the tests' cloud."""
    example = (ROOT / "inventories" / "deployed" / "embedded.openstack.yml").read_text()
    inventory = tmp_path / "tests.openstack.yml"
    inventory.write_text(example.replace("embedded", variable("lab_cloud")))
    done = run(
        "ansible",
        f"--inventory={inventory}",
        "topology_client",
        "-m",
        "ansible.builtin.raw",
        "-a",
        "hostname",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(done.stdout.split()) >= {"frontend", *SERVICES}
