"""Medians, spread and density."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.density import fit, growth
from comparison.samples import Summary, below, figure, read, summary

NUMBERS = st.floats(0, 1e6, allow_nan=False)


def test_a_summary_has_the_median_and_the_spread():
    assert summary([3.0, 1.0, 2.0]) == Summary(count=3, median=2.0, low=1.0, high=3.0, usual=3.0)
    assert summary(range(1, 101)).usual == 95


@given(st.lists(NUMBERS, min_size=1))
def test_a_summary_lies_within_its_samples(samples):
    found = summary(samples)
    assert found.low <= found.median <= found.high
    assert found.usual in samples
    assert sum(sample <= found.usual for sample in samples) >= 0.95 * len(samples)
    assert read(found.facts()) == found


def test_nothing_and_no_number_are_refused():
    with pytest.raises(ValueError, match="no samples"):
        summary([])
    with pytest.raises(ValueError, match="not a finite number"):
        summary([1.0, math.nan])
    assert read(None) is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [([1, 2], [3, 4], True), ([1, 3], [3, 4], False), ([1, 5], [3, 4], False), ([5], [3], False)],
)
def test_a_difference_is_one_only_without_overlap(one, other, expected):
    assert below(summary(one), summary(other)) is expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.012345, "0.0123"),
        (1.0, "1"),
        (22.04, "22"),
        (487.6, "488"),
        (12345.6, "12346"),
        (100, "100"),
    ],
)
def test_figures_have_three_digits_that_count(value, text):
    assert figure(value) == text


def test_a_summary_is_told():
    assert summary([0.31, 0.29, 0.42]).text("s") == "0.31 s (0.29 to 0.42, 3 times)"
    assert summary([22.0]).text("s") == "22 s (once)"


def test_the_further_instances_cost_what_the_total_grows_by():
    assert growth({1: 30.0, 3: 50.0}) == (30.0, 10.0)
    assert growth({1: 30.0}) == (30.0, None)
    assert growth({1: 30.0, 2: 29.0}) == (30.0, 0.0)
    with pytest.raises(ValueError, match="one instance"):
        growth({2: 30.0})


@pytest.mark.parametrize(
    ("first", "further", "number"), [(512, 512, 2), (1024, 1, 1), (1025, 1, 0), (24, 100, 11), (300, 300, 3)]
)
def test_as_many_fit_as_the_memory_holds(first, further, number):
    assert fit(first, further) == number


@given(st.floats(1, 900), st.floats(0.5, 900))
def test_one_more_than_fit_does_not_fit(first, further):
    number = fit(first, further)
    assert first + (number - 1) * further <= 1024 + 1e-6
    assert first + number * further > 1024 - 1e-6
