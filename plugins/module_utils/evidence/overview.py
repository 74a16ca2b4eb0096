"""What has become of each claim of the report, in one lab or in many."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from .claims import CLAIMS
from .record import VERDICTS

SIGNS: Mapping[str, str] = {
    "reproduced": "+",
    "measured": "#",
    "depends": "~",
    "contradicted": "!",
    "unreadable": "?",
    "untried": ".",
}
"""What stands for each verdict where many labs are shown, and for files and claims that have none."""

_WRONG = ("contradicted", "unreadable")
_HEADING = "claim"


@dataclass(frozen=True, slots=True)
class Trial:
    """What one file says: a verdict or `unreadable`, the playbook that wrote it, and when (UTC, ISO 8601)."""

    claim: str
    verdict: str
    playbook: str = ""
    recorded: str = ""


def read(claim: str, text: str) -> Trial:
    """Return what the text of a claim's file says. One that is no evidence for that claim is unreadable."""
    try:
        record = json.loads(text)
        said = [record[key] for key in ("claim", "verdict", "playbook", "recorded")]
    except (ValueError, KeyError, TypeError, RecursionError):
        return Trial(claim, "unreadable")
    if said[0] != claim or said[1] not in VERDICTS or not all(isinstance(text, str) for text in said):
        return Trial(claim, "unreadable")
    # Somebody else's text is shown in a table.
    return Trial(*("".join(filter(str.isprintable, text)) for text in said))


def decisive(trials: Sequence[Trial]) -> dict[str, Trial]:
    """Return what counts for each claim: what is wrong in one of its files, otherwise the newest of them."""
    chosen = {claim: Trial(claim, "untried") for claim in CLAIMS}
    for trial in sorted(trials, key=lambda trial: (trial.verdict in _WRONG, trial.recorded)):
        chosen[trial.claim] = trial
    return chosen


def one_lab(decided: Mapping[str, Trial]) -> list[str]:
    """Return the lines that show each claim's verdict, its playbook, when, and the report's statement.

    `decided` is what counts for each claim.
    """
    return [
        f"{claim}  {trial.verdict:12}  {PurePath(trial.playbook).stem:25}  "
        f"{trial.recorded[:16].replace('T', ' '):16}  {CLAIMS[claim].statement}"
        for claim, trial in decided.items()
    ]


def many_labs(labs: Mapping[str, Mapping[str, Trial]]) -> list[str]:
    """Return a line for each lab, with a sign for each claim and the counts, below the claims' numbers.

    `labs` is what counts for each claim, by lab.
    """
    width = max(map(len, [_HEADING, *labs]))
    tens, ones = ("".join(claim[place] for claim in CLAIMS) for place in (1, 2))
    lines = [f"{_HEADING:{width}}  {tens}", f"{'':{width}}  {ones}"]
    for lab, decided in labs.items():
        verdicts = [trial.verdict for trial in decided.values()]
        counts = Counter(verdicts)
        shown = ", ".join(f"{counts[verdict]} {verdict}" for verdict in SIGNS if counts[verdict])
        lines.append(f"{lab:{width}}  {''.join(SIGNS[verdict] for verdict in verdicts)}  {shown}")
    return [*lines, "", ", ".join(f"{sign} {verdict}" for verdict, sign in SIGNS.items())]
