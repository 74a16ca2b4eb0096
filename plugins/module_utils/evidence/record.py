"""The file that keeps a claim's evidence: built, compared and written as text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .claims import CLAIMS

VERDICTS = ("reproduced", "contradicted", "depends", "measured")

REFUTED = "This should have been seen, and was not: "

Record = dict[str, Any]

# What an observation says, and what differs between two runs that showed the same.
_SEEN = ("host", "command", "rc", "output")
_TIMES = ("started", "seconds")
_VOLATILE = frozenset({"recorded", *_TIMES})

# What a terminal takes for colours and titles: sequences that ESC [ or ESC ] begins, and ESC with one letter.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_LINE_END = re.compile(r"\r+\n?")


class EvidenceError(ValueError):
    """Evidence that proves nothing; the message is one sentence for the user."""


def build(
    claim: str,
    verdict: str,
    explanation: str,
    playbook: str,
    environment: Mapping[str, Any],
    observations: Sequence[Mapping[str, Any]],
    recorded: str,
    holds: bool = True,
) -> Record:
    """The evidence for one claim; EvidenceError when there is none.

    ``recorded`` is the time of writing (UTC, ISO 8601). An observation whose times are not known has none.
    A claim that does not hold is contradicted, whatever the verdict would have been.
    """
    if claim not in CLAIMS:
        raise EvidenceError(f"claim {claim} is not known; the claims are {min(CLAIMS)} to {max(CLAIMS)}.")
    if verdict not in VERDICTS:
        raise EvidenceError(f"verdict {verdict} of claim {claim} is not one of {', '.join(VERDICTS)}.")
    if not explanation.strip():
        raise EvidenceError(
            f"claim {claim} needs an explanation: one sentence that says why the verdict holds."
        )
    if not observations:
        raise EvidenceError(f"claim {claim} has no observations: a verdict rests on something that was run.")
    return {
        "claim": claim,
        "section": CLAIMS[claim].section,
        "statement": CLAIMS[claim].statement,
        "playbook": playbook,
        "verdict": verdict if holds else "contradicted",
        "explanation": ("" if holds else REFUTED) + explanation.strip(),
        "environment": dict(environment),
        "observations": [_observation(entry) for entry in observations],
        "recorded": recorded,
    }


def _observation(entry: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: entry[key] for key in _TIMES if entry.get(key) is not None}
    seen = {key: entry.get(key) for key in _SEEN}
    return seen | {"output": readable(entry.get("output") or "")} | known


def readable(text: str) -> str:
    """The text without what it says to a terminal: escape sequences and carriage returns."""
    return _LINE_END.sub("\n", _ESCAPE.sub("", text))


def dump(record: Record) -> str:
    """The file's text."""
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    # A lone surrogate, which UTF-8 cannot hold, is written as JSON escapes it too.
    return text.encode(errors="backslashreplace").decode()


def shows_the_same(text: str | None, record: Record) -> bool:
    """Whether a file's text holds this very evidence, apart from when it was taken."""
    if text is None:
        return False
    try:
        return bool(_lasting(json.loads(text)) == _lasting(record))
    except ValueError:
        return False


def _lasting(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lasting(member) for key, member in value.items() if key not in _VOLATILE}
    if isinstance(value, list):
        return [_lasting(member) for member in value]
    return value
