"""Every playbook can be read by Ansible with the project's own settings."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# A play for hosts that the inventory does not know is misspelt, of which Ansible otherwise only warns.
STRICT = os.environ | {"ANSIBLE_HOST_PATTERN_MISMATCH": "error"}


@pytest.mark.parametrize("playbook", sorted(ROOT.glob("playbooks/*.yml")), ids=lambda playbook: playbook.name)
def test_syntax(playbook: Path) -> None:
    done = subprocess.run(
        ["ansible-playbook", "--syntax-check", playbook],
        cwd=ROOT,
        env=STRICT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_syntax_on_a_cloud_of_your_own() -> None:
    done = subprocess.run(
        [
            "ansible-playbook",
            "--inventory=inventories/campus",
            "--syntax-check",
            *ROOT.glob("playbooks/*.yml"),
        ],
        cwd=ROOT,
        env=STRICT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("limit", "only"),
    [((), []), (("--limit=one,two",), []), (("--limit=all",), []), (("--limit=one",), ["one"])],
    ids=["none", "every host", "all", "one"],
)
def test_a_limit_that_leaves_nobody_out_is_none(
    tmp_path: Path, limit: tuple[str, ...], only: list[str]
) -> None:
    """The play has one of the topology's servers, as those have that change a server."""
    tasks = yaml.safe_load((ROOT / "playbooks/tasks/build_topology.yml").read_text())
    (build,) = (task for task in tasks if "block" in task)
    expression = build["block"][0]["vars"]["openstack_topology_only"]
    variables = {"topology_hosts": ["one", "two"], **build["vars"]}
    task = {"ansible.builtin.debug": {"msg": expression}}
    play = {"hosts": "one", "gather_facts": False, "vars": variables, "tasks": [task]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "one,two,three", *limit, tmp_path / "play.yml"],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"]["one"]["msg"] == only


@pytest.mark.parametrize(
    ("playbook", "group"),
    [
        ("openstack_private_network", "private_network"),
        ("openstack_calculator", "calculator_topology"),
        ("openstack_client_topology", "client_topology"),
    ],
)
def test_a_limit_that_leaves_every_server_out_is_refused(playbook: str, group: str) -> None:
    done = subprocess.run(
        ["ansible-playbook", "--limit=outside", f"playbooks/{playbook}.yml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"--limit outside: there is nothing to do here without a server of {group}." in done.stdout


def sum_up(tmp_path: Path, plan: list[str], deployed: list[str], *limit: str) -> list[str]:
    """Return what a plan of a topology with a frontend and two services says at its end."""
    tasks = yaml.safe_load((ROOT / "playbooks/tasks/build_topology.yml").read_text())
    (task,) = (task for task in tasks if task["name"] == "Sum up the plan")
    variables = {
        "topology_hosts": ["front", "one", "two"],
        "topology_frontend": "front",
        "__openstack_topology_result": {"plan": plan},
        "openstack_topology_deployed": {name: {} for name in deployed},
    }
    play = {"hosts": "all", "gather_facts": False, "vars": variables, "tasks": [task]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        ["ansible-playbook", "--check", "-i", "front,one,two", *limit, tmp_path / "play.yml"],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
        capture_output=True,
        text=True,
        check=True,
    )
    (said,) = json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"].values()
    message: list[str] = said["msg"]
    return message


AFTERWARDS = "This plan is the cloud's part alone. When that is done, a run looks into the servers"


@pytest.mark.parametrize(
    ("plan", "deployed", "limit", "last"),
    [
        (
            [],
            ["front", "one", "two"],
            (),
            "No cloud resource would change. What follows is inside the servers.",
        ),
        (["~ routes inner"], ["front", "one", "two"], (), f"{AFTERWARDS}."),
        (
            ["+ server two"],
            ["front", "one"],
            (),
            f"{AFTERWARDS}, configures two and tells front where to find it.",
        ),
        (["+ server two"], ["front", "one"], ("--limit=two",), f"{AFTERWARDS}, configures two."),
        (["+ server two"], [], (), f"{AFTERWARDS}, configures front, one, two."),
    ],
    ids=["nothing", "no server", "a service", "a service alone", "all"],
)
def test_a_plan_says_what_comes_after_it(
    tmp_path: Path, plan: list[str], deployed: list[str], limit: tuple[str, ...], last: str
) -> None:
    assert sum_up(tmp_path, plan, deployed, *limit) == [*plan, last]


def included(tmp_path: Path, name: str, variables: dict[str, object]) -> str:
    """Return why a file of tasks refuses the variables of two hosts; nothing if it does not."""
    tasks = [{"ansible.builtin.include_tasks": str(ROOT / "playbooks/tasks" / name)}]
    play = {"hosts": "all", "gather_facts": False, "tasks": tasks}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    inventory = {"all": {"hosts": {"one": None, "two": None}, "vars": variables}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))
    done = subprocess.run(
        ["ansible-playbook", "-i", tmp_path / "hosts.yml", tmp_path / "play.yml"],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
        capture_output=True,
        text=True,
        check=False,
    )
    hosts = json.loads(done.stdout)["plays"][0]["tasks"][-1]["hosts"]
    failed = [host["msg"] for host in hosts.values() if host.get("failed")]
    assert len(failed) == (done.returncode != 0)
    return "".join(failed)


@pytest.mark.parametrize(
    ("value", "stage", "port", "complaint"),
    [
        (True, 3, 50000, ""),
        ("no", "2", "50000", ""),
        # A service that is none has no port, and the role says so.
        ("False", 1, 0, ""),
        ("maybe", "abc", 1, "asked is maybe; set it to true or false. stage is abc; set it to 1 or 2 or 3."),
        (False, "yes", 1, "stage is yes; set it to 1 or 2 or 3."),
        (False, 1, "abc", "port is abc; set it to a TCP port from 1 to 65535."),
        (
            False,
            1,
            "{{ {'one': 1, 'two': 70000}[inventory_hostname] }}",
            "port is 70000; set it to a TCP port from 1 to 65535.",
        ),
    ],
)
def test_values_are_checked_once_for_all_hosts(
    tmp_path: Path, value: object, stage: object, port: object, complaint: str
) -> None:
    allowed = {"asked": [True, False], "stage": [1, 2, 3]}
    variables = {"_allowed": allowed, "_ports": ["port"], "asked": value, "stage": stage, "port": port}
    assert included(tmp_path, "check_values.yml", variables) == complaint


ROUTE = {"destination": "10.0.2.0/24", "gateway": "192.168.56.253"}


@pytest.mark.parametrize("routes", [[], [ROUTE, {**ROUTE, "destination": "10.0.3.0/24"}]])
def test_routes_that_a_guest_can_have_pass(tmp_path: Path, routes: object) -> None:
    assert included(tmp_path, "check_routes.yml", {"static_route_routes": routes}) == ""


@pytest.mark.parametrize(
    "routes",
    ["10.0.2.0/24", ROUTE, [ROUTE, {"destination": "10.0.2.0/24"}], [{**ROUTE, "gateway": "x"}]],
)
def test_routes_that_no_guest_can_have_are_refused(tmp_path: Path, routes: object) -> None:
    refused = included(tmp_path, "check_routes.yml", {"static_route_routes": routes})
    assert refused.startswith(f"static_route_routes is {routes}; write a list of routes")


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({}, False),
        ({"OS_CLIENT_CONFIG_FILE": __file__}, False),
        ({"OS_CLIENT_CONFIG_FILE": "/no/file"}, True),
    ],
    ids=["elsewhere", "there", "missing"],
)
def test_a_cloud_that_is_not_there_is_named(
    tmp_path: Path, environment: dict[str, str], missing: bool
) -> None:
    refused = included(tmp_path, "need_a_cloud.yml", {"lab_environment": environment})
    assert refused == (
        "/no/file does not exist, so there is no cloud to ask yet: make lab builds it." if missing else ""
    )


@pytest.mark.parametrize(
    ("inventory", "more"),
    [("embedded", ""), ("campus", " INVENTORY=inventories/campus")],
    ids=["own", "other"],
)
def test_what_is_not_declared_any_more_has_one_remedy(tmp_path: Path, inventory: str, more: str) -> None:
    """Where the run finds it, and in the summary at its end."""
    tasks = yaml.safe_load((ROOT / "playbooks/tasks/build_topology.yml").read_text())
    (name,) = (task for task in tasks if task["name"] == "Name what the topology has and does not declare")
    template = ROOT / "playbooks/templates/summary.txt.j2"
    summary = f"{{{{ lookup('ansible.builtin.template', '{template}') }}}}"
    variables = {
        "topology_group": "client_topology",
        "topology_hosts": ["frontend"],
        "openstack_topology_deployed": {"frontend": {"address": "192.168.56.9", "floating_ip": None}},
        "__openstack_topology_result": {"unmanaged": ["server mul2"]},
        "__answer": {"stdout": "result = 22"},
        "_page_url": "http://127.0.0.1/",
        "lab_state_dir": f"{tmp_path}/.lab/x",
        "lab_evidence_dir": f"{tmp_path}/.lab/x/evidence",
        "lab_other_inventory": yaml.safe_load((ROOT / "group_vars/all.yml").read_text())[
            "lab_other_inventory"
        ],
    }
    play = {
        "hosts": "frontend",
        "gather_facts": False,
        "vars": variables,
        "tasks": [name, {"ansible.builtin.debug": {"msg": summary}}],
    }
    hosts = tmp_path / "inventories" / inventory / "hosts.yml"
    hosts.parent.mkdir(parents=True)
    hosts.write_text("client_topology: {hosts: {frontend: }}\n")
    playbook = tmp_path / "playbooks/play.yml"
    playbook.parent.mkdir()
    playbook.write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", hosts, playbook],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
        capture_output=True,
        text=True,
        check=True,
    )
    said, summed_up = (
        task["hosts"]["frontend"]["msg"] for task in json.loads(done.stdout)["plays"][0]["tasks"]
    )
    assert said.startswith("server mul2: made by an earlier declaration") and said.endswith(
        f": make reset{more}."
    )
    assert summed_up.endswith(
        f"\nNot declared:    server mul2; make reset{more} builds without"
        f"\nRemove the lab:  make destroy{more}\n"
    )
    assert "\nLog in:          ssh -F .lab/x/ssh_config frontend\n" in summed_up


def test_the_addresses_by_which_a_cloud_keeps_routers_alive_are_not_theirs(tmp_path: Path) -> None:
    tasks = yaml.safe_load((ROOT / "playbooks/tasks/ask_for_routers.yml").read_text())
    owners = ["router_interface", "router_interface_distributed", "ha_router_replicated_interface"]
    ports = [
        {
            "device_id": "r1",
            "device_owner": f"network:{owner}",
            "fixed_ips": [{"ip_address": f"10.0.{number}.1"}],
        }
        for number, owner in enumerate([*owners, "router_ha_interface", "router_gateway"])
    ]
    router = {"id": "r1", "name": "inner", "external_gateway_info": None}
    variables = {
        "__routers": {"routers": [router]},
        "__ports": {"ports": ports},
        "__external": {"networks": []},
    }
    show = {"ansible.builtin.debug": {"msg": "{{ router_interfaces }}"}}
    play = {"hosts": "all", "gather_facts": False, "vars": variables, "tasks": [tasks[-1], show]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "one,", tmp_path / "play.yml"],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"},
        capture_output=True,
        text=True,
        check=True,
    )
    shown = json.loads(done.stdout)["plays"][0]["tasks"][-1]["hosts"]["one"]["msg"]
    assert shown == {"inner": ["10.0.0.1", "10.0.1.1", "10.0.2.1"]}
