"""What cannot be done is refused before anything is touched: what is wrong, its value, and the remedy."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab import INVENTORY, ROOT, host, run, variable

NETWORK: dict[str, Any] = {"name": "refused", "subnets": [{"cidr": "10.9.0.0/24"}]}
SERVER: dict[str, Any] = {
    "name": "refused",
    "image": "debian-13",
    "flavor": "small",
    "interfaces": [{"network": "refused"}],
}
Entry = dict[str, Any]


@pytest.fixture(scope="module")
def clouds() -> Path:
    return Path(variable("lab_state_dir")) / "clouds.yaml"


def call(clouds: Path, *flags: str, **options: Any) -> dict[str, Any]:
    """Call the module as a play would and return what it returns."""
    arguments = json.dumps({"cloud": variable("lab_cloud"), "name": "refused", **options})
    done = subprocess.run(
        ["ansible", "localhost", "-i", INVENTORY, "-m", "openstack_topology", "-a", arguments, *flags],
        cwd=ROOT,
        env={
            **os.environ,
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "OS_CLIENT_CONFIG_FILE": str(clouds),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    result: dict[str, Any] = json.loads(done.stdout)["plays"][0]["tasks"][0]["hosts"]["localhost"]
    return result


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"servers": [SERVER | {"image": "debian-12"}]},
            ["servers[refused].image", "'debian-12'", "debian-13"],
        ),
        ({"servers": [SERVER | {"flavor": "huge"}]}, ["servers[refused].flavor", "'huge'", "small"]),
        (
            {"routers": [{"name": "way-out", "external_network": "campus"}]},
            ["routers[way-out].external_network", "'campus'", "insa"],
        ),
        (
            {"servers": [SERVER | {"interfaces": [{"network": "nowhere"}]}]},
            ["servers[refused].interfaces", "'nowhere'"],
        ),
        (
            {"servers": [SERVER | {"name": f"refused-{number}"} for number in range(50)]},
            ["quota of servers: 50 asked for", "left", "remove something"],
        ),
    ],
    ids=["image", "flavor", "external network", "network", "quota"],
)
def test_what_the_cloud_does_not_have(clouds: Path, options: dict[str, Any], words: list[str]) -> None:
    result = call(clouds, networks=[NETWORK], **options)
    assert [word for word in words if word not in result["msg"]] == [], result["msg"]
    assert call(clouds, "--check", state="absent")["plan"] == []


def test_a_flow_that_is_not_as_declared_fails_with_a_table() -> None:
    flow = {"from": "outside", "to": "the gateway", "address": "192.168.37.1", "protocol": "tcp", "port": 9}
    options = json.dumps(
        {"connectivity_flows": [flow | {"expected": "reachable"}], "connectivity_timeout": 1}
    )
    role = ["-m", "ansible.builtin.include_role", "-a", "name=connectivity"]
    done = run("ansible", "outside", f"--inventory={INVENTORY}", "--extra-vars", options, *role)
    assert done.returncode != 0
    assert "1 of 1 flows are not as declared" in done.stdout
    assert re.search(r"DIFFERS .*the gateway .* tcp/9 +reachable +refused ", done.stdout), done.stdout


def wrong_password(entry: Entry) -> None:
    entry["auth"]["password"] = "wrong"


def closed_port(entry: Entry) -> None:
    entry["auth"]["auth_url"] = "http://127.0.0.1:9/v3"


def another_region(entry: Entry) -> None:
    entry["region_name"] = "Nowhere"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            another_region,
            ["tells of no compute service", "Nowhere", "correct region_name or interface"],
        ),
        (wrong_password, ["refuses the credentials", "correct user, password, project or domain there"]),
        (closed_port, ["cannot be reached at http://127.0.0.1:9/v3", "Connection refused"]),
    ],
)
def test_a_cloud_that_cannot_be_used(
    clouds: Path, tmp_path: Path, spoil: Callable[[Entry], None], words: list[str]
) -> None:
    content = yaml.safe_load(clouds.read_text())
    spoil(content["clouds"][variable("lab_cloud")])
    spoilt = tmp_path / "clouds.yaml"
    spoilt.write_text(yaml.safe_dump(content))
    result = call(spoilt, networks=[NETWORK])
    assert [word for word in words if word not in result["msg"]] == [], result["msg"]


def test_an_entry_that_is_not_there(clouds: Path) -> None:
    message = call(clouds, cloud="campus", networks=[NETWORK])["msg"]
    assert "'campus' is not in" in message
    assert variable("lab_cloud") in message


@pytest.fixture
def no_compute_service() -> Iterator[None]:
    cloud = host("cloud")
    cloud.check_output("systemctl stop nova-api")
    yield
    cloud.check_output("systemctl start nova-api && /usr/local/lib/cloud-lab/ready cloud 300")


@pytest.mark.usefixtures("no_compute_service")
def test_a_service_that_does_not_answer_is_named(clouds: Path) -> None:
    message = call(clouds, networks=[NETWORK])["msg"]
    assert "Unable to establish connection to" in message
    assert f":{variable('embedded_cloud_ports')['compute']}/" in message
