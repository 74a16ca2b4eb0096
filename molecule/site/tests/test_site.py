"""One run has left evidence for every claim of the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab import variable

from evidence.claims import CLAIMS
from evidence.record import VERDICTS


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_the_claim_was_judged(claim: str) -> None:
    records = sorted(Path(variable("lab_evidence_dir")).glob(f"*/{claim}.json"))
    assert records
    for record in records:
        assert json.loads(record.read_text())["verdict"] in VERDICTS
