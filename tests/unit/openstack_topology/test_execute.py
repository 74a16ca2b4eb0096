"""The executor: order, bound, and what a failure does."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openstack_topology.execute import execute


@dataclass(frozen=True)
class Node:
    key: str
    needs: frozenset[str] = frozenset()


@st.composite
def graphs(draw):
    """Draw steps that need some of those before them, then shuffle them."""
    size = draw(st.integers(0, 12))
    nodes = []
    for number in range(size):
        needs = draw(st.sets(st.integers(0, number - 1))) if number else set()
        nodes.append(Node(str(number), frozenset(map(str, needs))))
    return draw(st.permutations(nodes))


@settings(max_examples=60, deadline=None)
@given(graphs(), st.integers(1, 4), st.sets(st.integers(0, 11)))
def test_order_bound_and_failure(nodes, workers, failing):
    lock = threading.Lock()
    finished: set[str] = set()
    running: set[str] = set()
    most = 0

    def apply(node):
        nonlocal most
        with lock:
            assert node.needs <= finished
            running.add(node.key)
            most = max(most, len(running))
        time.sleep(0.0002)
        with lock:
            running.discard(node.key)
            if int(node.key) in failing:
                raise RuntimeError(node.key)
            finished.add(node.key)

    outcome = execute(nodes, apply, workers)
    assert most <= workers
    assert {node.key for node in outcome.done} == finished
    failed = [node for node, _ in outcome.failed]
    assert {node.key for node in failed} == {str(error) for _, error in outcome.failed}
    assert sorted(n.key for n in (*outcome.done, *failed, *outcome.skipped)) == sorted(n.key for n in nodes)
    if not failing & {int(node.key) for node in nodes}:
        assert not failed and not outcome.skipped
    assert failed or not outcome.skipped


def test_independent_steps_run_at_the_same_time():
    barrier = threading.Barrier(3, timeout=5)

    def apply(node: Node) -> None:
        barrier.wait()

    outcome = execute([Node("a"), Node("b"), Node("c")], apply, 3)
    assert len(outcome.done) == 3


def test_a_failure_stops_new_steps_and_waits_for_running_ones():
    started = threading.Event()

    def apply(node):
        if node.key == "bad":
            started.wait(5)
            raise ValueError("no")
        started.set()
        time.sleep(0.05)

    outcome = execute([Node("bad"), Node("slow"), Node("after", frozenset({"slow"}))], apply, 2)
    assert [node.key for node in outcome.done] == ["slow"]
    assert [node.key for node in outcome.skipped] == ["after"]


@pytest.mark.parametrize(
    "nodes",
    [
        [Node("a", frozenset({"b"})), Node("b", frozenset({"a"}))],
        [Node("a", frozenset({"nowhere"}))],
        [Node("a"), Node("a")],
    ],
    ids=["cycle", "unknown", "twice"],
)
def test_what_cannot_be_ordered_is_refused_before_anything_runs(nodes):
    ran: list[Node] = []
    with pytest.raises(ValueError):
        execute(nodes, ran.append)
    assert ran == []
