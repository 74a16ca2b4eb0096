"""The charts hold what was measured, and the same bytes for the same figures."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")

from comparison.judge import seen
from comparison.plots import draw, points
from comparison.samples import summary

VM = seen({"start": summary([20.0, 30.0]).facts(), "memory_first": 480.0, "memory_further": 470.0})
DOCKER = seen({"start": summary([0.6]).facts(), "answer": summary([0.0007]).facts()})


def test_a_chart_has_a_point_for_what_was_measured():
    charts = points({"vm": VM, "docker": DOCKER})
    assert {name: [point.kind for point in drawn] for name, (_, drawn) in charts.items()} == {
        "start_time": ["docker", "vm"],
        "memory": ["vm"],
        "latency": ["docker"],
        "density": ["vm"],
    }
    assert charts["start_time"][1][1].text == "25"
    assert charts["latency"][1][0].value == pytest.approx(0.7)
    assert points({}) == {}


def test_a_chart_is_drawn_in_both_formats_and_twice_alike():
    title, drawn = points({"vm": VM, "docker": DOCKER})["start_time"]
    first, second = (draw(title, drawn, "without KVM") for _ in range(2))
    assert first == second
    assert first["png"].startswith(b"\x89PNG")
    text = first["svg"].decode()
    assert title in text
    assert "virtual machine" in text
    assert "without KVM" in text
