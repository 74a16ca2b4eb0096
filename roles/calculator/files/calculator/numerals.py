"""Numbers as text, the way JavaScript writes and reads them, and as valid JSON."""

from __future__ import annotations

import math
import re

# There is one way only to match digits, else a long text of them that is no numeral takes quadratic time.
_NUMERAL = re.compile(r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|Infinity|NaN)", re.ASCII)

# ECMAScript, Number::toString: plain digits from 1e-6 up to, not including, 1e21.
_LARGEST_PLAIN_EXPONENT = 21
_SMALLEST_PLAIN_EXPONENT = -6
_LARGEST_EXACT_INTEGER = 2**53


def format_number(value: float) -> str:
    """Write *value* as JavaScript's ``String(value)`` does: 22, 0.5, 1e+21, Infinity; and 0 for -0."""
    if math.isnan(value):
        return "NaN"
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    if math.isinf(value):
        return f"{sign}Infinity"
    # Python and JavaScript agree on the shortest digits that read back as the same number.
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    significant = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(significant))
    return sign + _place_point(significant.rstrip("0"), point)


def _place_point(digits: str, point: int) -> str:
    """Write 0.*digits* times ten to the power of *point*."""
    if len(digits) <= point <= _LARGEST_PLAIN_EXPONENT:
        return digits.ljust(point, "0")
    if 0 < point <= _LARGEST_PLAIN_EXPONENT:
        return f"{digits[:point]}.{digits[point:]}"
    if _SMALLEST_PLAIN_EXPONENT < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{point - 1:+d}"


def parse_number(text: str) -> float:
    """Read what :func:`format_number` writes and any decimal numeral; raise ValueError for all else."""
    if not _NUMERAL.fullmatch(text):
        raise ValueError(f"not a number: {text[:40]!r}")
    return float(text)


def json_number(value: float) -> int | float | str:
    """Return what stands for *value* in JSON, which has no infinities: those and NaN are strings."""
    if not math.isfinite(value):
        return format_number(value)
    return int(value) if value.is_integer() and abs(value) < _LARGEST_EXACT_INTEGER else value
