"""The comparison's charts, as PNG and as SVG. The same figures give the same bytes."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from .judge import density
from .samples import Summary, figure
from .verdicts import Seen

LABELS = {"process": "process", "docker": "Docker", "lxc": "LXC", "vm": "virtual machine"}
FORMATS = ("png", "svg")
TITLES = {
    "start_time": "From the start to the first answer, seconds",
    "memory": "Memory of an idle instance (PSS), MiB",
    "latency": "One answer, milliseconds",
    "density": "Instances that fit into a GiB of memory",
}
"""The charts, by their files' names."""

# Told apart in greys and by those who do not tell red from green.
_COLOURS = {"process": "#bbbbbb", "docker": "#0077bb", "lxc": "#33bbee", "vm": "#ee7733"}


@dataclass(frozen=True, slots=True)
class Point:
    """One point: its place, how far the samples spread around it, and what is written beside it."""

    kind: str
    value: float
    low: float
    high: float
    text: str


def _of(kind: str, one: Summary | None, times: float = 1) -> list[Point]:
    if one is None:
        return []
    value = one.median * times
    return [Point(kind, value, one.low * times, one.usual * times, figure(value))]


def _plain(kind: str, value: float | None) -> list[Point]:
    return [] if value is None or value <= 0 else [Point(kind, value, value, value, figure(value))]


def points(figures: Mapping[str, Seen]) -> dict[str, tuple[str, list[Point]]]:
    """Return each chart's title and points, by its file's name; a kind that was not measured has none."""
    charts: dict[str, tuple[str, list[Point]]] = {name: (title, []) for name, title in TITLES.items()}
    for kind in LABELS:
        if (one := figures.get(kind)) is not None:
            charts["start_time"][1].extend(_of(kind, one.start))
            charts["memory"][1].extend(_plain(kind, one.memory_first))
            charts["latency"][1].extend(_of(kind, one.answer, 1000))
            charts["density"][1].extend(_plain(kind, density(one)))
    return {name: chart for name, chart in charts.items() if chart[1]}


def draw(title: str, drawn: list[Point], note: str) -> dict[str, bytes]:
    """Return one chart in each format. The scale is logarithmic: what is compared differs a hundredfold."""
    with matplotlib.rc_context({"svg.hashsalt": "comparison", "svg.fonttype": "none", "font.size": 11}):
        picture = Figure(figsize=(8, 0.6 * len(drawn) + 1.8), layout="constrained")
        axes = picture.add_subplot()
        places = range(len(drawn))
        # Points: the length of a bar would say nothing on this scale.
        for place, point in zip(places, drawn, strict=True):
            axes.errorbar(
                point.value,
                place,
                xerr=[[point.value - point.low], [max(0.0, point.high - point.value)]],
                fmt="o",
                markersize=9,
                color=_COLOURS[point.kind],
                ecolor="#333333",
                capsize=3,
            )
        for place, point in zip(places, drawn, strict=True):
            # To the right of the spread.
            axes.annotate(
                point.text,
                (max(point.high, point.value), place),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
            )
        axes.set_yticks(places, [LABELS[point.kind] for point in drawn])
        axes.set_ylim(len(drawn) - 0.5, -0.5)
        axes.set_xscale("log")
        # A power of ten to the left and to the right at least: between two of them there would be no number.
        axes.set_xlim(
            10 ** math.floor(math.log10(min(point.low for point in drawn) * 0.9)),
            10 ** math.ceil(math.log10(max(point.high for point in drawn) * 1.3)),
        )
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(axis="x", color="#dddddd")
        axes.set_axisbelow(True)
        axes.set_title(title, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel(textwrap.fill(f"logarithmic scale; {note}", 100), fontsize=9)
        return {kind: _bytes(picture, kind) for kind in FORMATS}


def _bytes(picture: Figure, kind: str) -> bytes:
    stream = io.BytesIO()
    # The date would make other bytes of the same figures.
    picture.savefig(stream, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else None)
    return stream.getvalue()
