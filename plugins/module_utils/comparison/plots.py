"""The comparison's charts, as PNG and as SVG. The same figures give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib
from matplotlib.figure import Figure

from .judge import density
from .samples import Summary, figure
from .verdicts import Seen

LABELS = {"process": "process", "docker": "Docker", "lxc": "LXC", "vm": "virtual machine"}
FORMATS = ("png", "svg")

# Told apart in greys and by those who do not tell red from green.
_COLOURS = {"process": "#bbbbbb", "docker": "#0077bb", "lxc": "#33bbee", "vm": "#ee7733"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its length, how far the samples spread around it, and what is written at its end."""

    kind: str
    value: float
    low: float
    high: float
    text: str


def _of(kind: str, one: Summary | None, times: float = 1) -> list[Bar]:
    if one is None:
        return []
    value = one.median * times
    return [Bar(kind, value, one.low * times, one.usual * times, figure(value))]


def _plain(kind: str, value: float | None) -> list[Bar]:
    return [] if value is None or value <= 0 else [Bar(kind, value, value, value, figure(value))]


def bars(figures: Mapping[str, Seen]) -> dict[str, tuple[str, list[Bar]]]:
    """Return each chart's title and bars, by its file's name; a kind that was not measured has no bar."""
    charts: dict[str, tuple[str, list[Bar]]] = {
        "start_time": ("From the start to the first answer, seconds", []),
        "memory": ("Memory of an idle instance (PSS), MiB", []),
        "latency": ("One answer, milliseconds", []),
        "density": ("Instances that fit into a GiB of memory", []),
    }
    for kind in LABELS:
        if (one := figures.get(kind)) is not None:
            charts["start_time"][1].extend(_of(kind, one.start))
            charts["memory"][1].extend(_plain(kind, one.memory_first))
            charts["latency"][1].extend(_of(kind, one.answer, 1000))
            charts["density"][1].extend(_plain(kind, density(one)))
    return {name: chart for name, chart in charts.items() if chart[1]}


def draw(title: str, drawn: list[Bar], note: str) -> dict[str, bytes]:
    """Return one chart in each format. The scale is logarithmic: what is compared differs a hundredfold."""
    with matplotlib.rc_context({"svg.hashsalt": "comparison", "svg.fonttype": "none", "font.size": 11}):
        picture = Figure(figsize=(8, 0.7 * len(drawn) + 1.6), layout="constrained")
        axes = picture.add_subplot()
        places = range(len(drawn))
        axes.barh(
            places,
            [bar.value for bar in drawn],
            xerr=[
                [bar.value - bar.low for bar in drawn],
                [max(0.0, bar.high - bar.value) for bar in drawn],
            ],
            color=[_COLOURS[bar.kind] for bar in drawn],
            ecolor="#333333",
            capsize=3,
            height=0.6,
        )
        for place, bar in zip(places, drawn, strict=True):
            # To the right of the spread.
            axes.annotate(
                bar.text,
                (max(bar.high, bar.value), place),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
            )
        axes.set_yticks(places, [LABELS[bar.kind] for bar in drawn])
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.margins(x=0.15)
        axes.set_title(title, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel(note, fontsize=9)
        return {kind: _bytes(picture, kind) for kind in FORMATS}


def _bytes(picture: Figure, kind: str) -> bytes:
    stream = io.BytesIO()
    # The date would make other bytes of the same figures.
    picture.savefig(stream, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else None)
    return stream.getvalue()
