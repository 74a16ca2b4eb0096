"""Records find their way through a console's noise, whole or not at all."""

from __future__ import annotations

import dataclasses
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectivity.console import LINE_LIMIT, MARK, Record, lines, records

SEEN: dict[str, Any] = {
    "verdict": "reachable",
    "detail": "connected",
    "started": "2025-11-22T10:15:00Z",
    "seconds": 0.004,
}
ADDRESS = {"interface": "ens3", "address": "10.0.2.14/24", "dynamic": True, "lease": 86321}


def record(sequence: int, *, flows: int = 2, run: str = "5d1c2a90") -> Record:
    ids = [f"tcp 10.0.2.{number % 250}:5000{number}" for number in range(flows)]
    return Record(
        run, sequence, SEEN["started"], flows, tuple({"id": name, **SEEN} for name in ids), (ADDRESS,), ""
    )


def console(*items: Record, end: str = "\r\n") -> str:
    return "".join(line + end for item in items for line in lines(item))


texts = st.text(
    st.one_of(st.sampled_from(string.printable), st.characters(exclude_categories=["Cs"])), max_size=60
)
noise = st.one_of(
    texts,
    texts.map(lambda text: f"{MARK} {text}\n"),
    st.tuples(st.integers(0, 99), st.integers(0, 2**32 - 1)).map(
        lambda pair: f"{MARK} {pair[0]} {pair[1]:08x} {{}}\n"
    ),
)


@given(st.lists(st.tuples(noise, st.integers(1, 9), st.integers(0, 4)), max_size=5), noise)
def test_records_come_back_from_among_any_noise(items, last):
    text = "".join(before + console(record(sequence, flows=flows)) for before, sequence, flows in items)
    assert records(text + last) == [record(sequence, flows=flows) for _, sequence, flows in items]


@given(st.data(), noise.filter(lambda text: text.replace("\r", "")))
def test_a_torn_line_is_passed_over_and_the_next_one_is_not(data, intruder):
    line = console(record(1), end="")
    place = data.draw(st.integers(1, len(line) - 1))
    torn = line[:place] + intruder + line[place:]
    # What is written into a line may by chance be what stands there anyway.
    expected = [record(2)] if line not in torn else [record(1), record(2)]
    assert records(torn + "\n" + console(record(2))) == expected


@given(st.data())
def test_a_line_that_another_cuts_short_does_not_take_it_along(data):
    line = console(record(1), end="")
    cut = line[: data.draw(st.integers(0, len(line) - 1))]
    assert records(cut + console(record(2))) == [record(2)]
    assert records(cut) == []


def test_a_prefix_and_carriage_returns_do_not_matter():
    text = f"login: [   12.3] lab-observer[345]: {console(record(1))}\r\n"
    assert records(text) == [record(1)]


@pytest.mark.parametrize("flows", [0, 1, 14, 60])
def test_a_round_with_many_flows_takes_several_lines_none_of_them_long(flows):
    written = lines(record(7, flows=flows))
    assert max(map(len, written)) <= LINE_LIMIT
    read = records("\n".join(written))
    assert tuple(flow for part in read for flow in part.flows) == record(7, flows=flows).flows
    assert {dataclasses.replace(part, flows=()) for part in map(unhashed, read)} == {
        dataclasses.replace(unhashed(record(7, flows=flows)), flows=())
    }


def unhashed(item: Record) -> Record:
    return dataclasses.replace(item, addresses=())


def test_what_a_destination_answers_cannot_spoil_a_line():
    detail = "HTTP/1.0 200 \x1b[2J\x7f" + "x" * 500
    item = dataclasses.replace(record(1), flows=({"id": "GET http://h:1/", **SEEN, "detail": detail},))
    (line,) = lines(item)
    assert line.isascii() and line.isprintable() and len(line) < 500
    assert records(line)[0].flows[0]["detail"].startswith("HTTP/1.0 200 ?[2J?xxx")


def test_a_line_of_another_version_is_passed_over():
    values = lines(record(1))[0].partition("{")[2]
    assert records(lines(record(1))[0].replace("{" + values, "{}")) == []
