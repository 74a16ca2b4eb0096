"""Numbers have to look exactly as JavaScript writes them: against a table, and against a real JavaScript."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.numerals import format_number, json_number, parse_number

TABLE = [
    (22.0, "22"),
    (-0.0, "0"),
    (10 / 3, "3.3333333333333335"),
    (0.1 + 0.2, "0.30000000000000004"),
    (-1.5, "-1.5"),
    (100.0, "100"),
    (1e20, "100000000000000000000"),
    (123456789012345680000.0, "123456789012345680000"),
    (1e21, "1e+21"),
    (1.5e300, "1.5e+300"),
    (1e-6, "0.000001"),
    (1.25e-6, "0.00000125"),
    (1e-7, "1e-7"),
    (-1.5e-7, "-1.5e-7"),
    (5e-324, "5e-324"),
    (math.inf, "Infinity"),
    (-math.inf, "-Infinity"),
    (math.nan, "NaN"),
]


@pytest.mark.parametrize(("value", "text"), TABLE)
def test_format_number(value: float, text: str) -> None:
    assert format_number(value) == text


@given(st.floats())
def test_what_is_written_reads_back_as_the_same_number(value: float) -> None:
    read = parse_number(format_number(value))
    assert read == value or (math.isnan(read) and math.isnan(value))


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_a_real_javascript_writes_the_same() -> None:
    exponents = [
        10.0**exponent * digits for exponent in range(-30, 30) for digits in (1, 1 / 3, 9.9, 123456789)
    ]
    script = "process.stdout.write(JSON.stringify(JSON.parse(process.argv[1]).map(String)))"
    answer = subprocess.run(
        ["node", "-e", script, json.dumps(exponents)], check=True, capture_output=True, timeout=30
    )
    assert [format_number(value) for value in exponents] == json.loads(answer.stdout)


@pytest.mark.parametrize("text", ["", "1 2", "1_000", "0x10", "\u0661", "inf", "nan", "1e", "--1", "1,5"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        parse_number(text)


# The program's own says the same in another way, because this one takes quadratic time for many digits that
# are no numeral. No test measures that: how long it takes depends on the machine.
NUMERAL = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity|NaN)", re.ASCII)


@given(st.text("01.eE+-", max_size=9))
def test_what_is_a_numeral(text: str) -> None:
    if NUMERAL.fullmatch(text):
        assert parse_number(text) == float(text)
    else:
        with pytest.raises(ValueError, match="not a number"):
            parse_number(text)


@given(st.floats())
def test_json_is_valid_for_every_number(value: float) -> None:
    text = json.dumps(json_number(value), allow_nan=False)
    read = parse_number(str(json.loads(text)))
    assert read == value or (math.isnan(read) and math.isnan(value))


def test_whole_numbers_in_json_have_no_point() -> None:
    assert json.dumps(json_number(22.0)) == "22"
