"""What is made of servers that nova gives up, by answers of nova's that no test can provoke."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from keystoneauth1 import exceptions as auth_errors
from openstack import exceptions

from openstack_topology import cloud as edge
from openstack_topology.cloud import Cloud, CloudError
from openstack_topology.model import owner_tag
from openstack_topology.plan import Found


def answer(status: str, **more: Any) -> SimpleNamespace:
    """A server as openstacksdk gives it."""
    fields = {
        "id": "1",
        "name": "sum",
        "tags": [owner_tag("client")],
        "status": status,
        "task_state": None,
        "fault": None,
        "flavor": {"original_name": "small"},
        "image": {"id": "image"},
        "metadata": {},
    }
    return SimpleNamespace(**{**fields, **more})


class Compute:
    """Nova's answers in the order in which it gives them; the last one stays. Keeps what it is told to do."""

    def __init__(self, *answers: SimpleNamespace | Exception) -> None:
        self.answers = list(answers)
        self.told: list[str] = []

    def servers(self, **_filters: Any) -> list[SimpleNamespace]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return [answer]

    def confirm_server_resize(self, _server: str) -> None:
        self.told.append("confirm")
        raise exceptions.ConflictException("the disk cannot be removed")

    def revert_server_resize(self, _server: str) -> None:
        self.told.append("revert")

    def delete_server(self, _server: str) -> None:
        self.told.append("delete")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "POLL", 0.0)


def cloud(compute: Compute) -> Cloud:
    connection = SimpleNamespace(network=None, compute=compute, image=None, current_project_id="project")
    made = Cloud(connection, "client", timeout=5)
    made.found[("server", "sum")] = Found("1")
    return made


def test_the_fault_of_a_server_in_error_is_the_message() -> None:
    compute = Compute(answer("ERROR", fault={"message": "No valid host was found."}))
    with pytest.raises(CloudError, match=r"^server sum: No valid host was found\.$"):
        cloud(compute)._not_ready(["sum"])


def test_an_error_without_a_fault_says_so() -> None:
    with pytest.raises(CloudError, match="server sum: nova gives no reason"):
        cloud(Compute(answer("ERROR")))._not_ready(["sum"])


def test_a_server_that_is_being_built_is_waited_for() -> None:
    assert cloud(Compute(answer("BUILD")))._not_ready(["sum"]) == ["sum"]
    assert cloud(Compute(answer("ACTIVE")))._not_ready(["sum"]) == []


def test_a_deletion_that_nova_gives_up_is_asked_for_once_more() -> None:
    failed = answer("ERROR", fault={"message": "the record has changed"})
    compute = Compute(failed, answer("ERROR", task_state="deleting"), failed)
    lab = cloud(compute)
    assert lab._still_there(["1"]) == lab._still_there(["1"]) == ["sum"]
    assert compute.told == ["delete"]
    with pytest.raises(CloudError, match=r"^nova does not delete server sum: the record has changed$"):
        lab._still_there(["1"])


def test_a_server_that_is_being_deleted_is_waited_for() -> None:
    compute = Compute(answer("ACTIVE", task_state="deleting"))
    assert cloud(compute)._still_there(["1"]) == ["sum"]
    assert cloud(compute)._still_there(["2"]) == []
    assert compute.told == []


def test_a_resize_that_nova_does_not_confirm_is_reverted() -> None:
    waiting = answer("VERIFY_RESIZE", flavor={"original_name": "large"})
    compute = Compute(waiting, answer("ACTIVE"))
    edge_of_it = cloud(compute)
    with pytest.raises(CloudError) as refused:
        edge_of_it._confirm(edge_of_it._server(waiting))
    assert compute.told == ["confirm", "revert"]
    said = str(refused.value)
    assert "nova does not confirm the resize to 'large': " in said
    assert said.endswith("reverted it: the server is ACTIVE with 'small'; the next run tries again")


def test_a_resize_that_somebody_else_confirmed_meanwhile_is_done() -> None:
    waiting = answer("VERIFY_RESIZE", flavor={"original_name": "large"})
    compute = Compute(answer("ACTIVE", flavor={"original_name": "large"}))
    edge_of_it = cloud(compute)
    assert edge_of_it._confirm(edge_of_it._server(waiting)).flavor == "large"
    assert compute.told == ["confirm"]


@pytest.mark.parametrize(
    "busy",
    [
        *(exceptions.HttpException("busy", http_status=status) for status in (429, 502, 503, 504)),
        auth_errors.ConnectFailure("reset"),
    ],
    ids=str,
)
def test_a_nova_that_is_only_busy_is_asked_again(busy: Exception) -> None:
    assert cloud(Compute(busy, busy, answer("BUILD")))._not_ready(["sum"]) == ["sum"]


def test_a_nova_that_stays_busy_or_refuses_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = exceptions.HttpException("no", http_status=403)
    with pytest.raises(exceptions.HttpException):
        cloud(Compute(refused, answer("BUILD")))._not_ready(["sum"])
    monkeypatch.setattr(edge, "PATIENCE", 0.0)
    with pytest.raises(auth_errors.ConnectFailure):
        cloud(Compute(auth_errors.ConnectFailure("reset")))._not_ready(["sum"])
