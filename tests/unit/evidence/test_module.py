"""The module evidence, as Ansible runs it: several claims in one go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ad_hoc import ad_hoc, result

SEEN = {"host": "outside", "command": "curl", "rc": 0, "output": "result = 22"}


def evidence(directory: Path, *claims: dict[str, Any]) -> dict[str, Any]:
    """Return what the module says."""
    arguments = {"directory": str(directory), "playbook": "playbooks/lab.yml", "claims": claims}
    return result(ad_hoc("evidence", json.dumps(arguments)))


def claim(name: str, **more: Any) -> dict[str, Any]:
    return {"claim": name, "explanation": "It was seen.", "observations": [SEEN]} | more


def verdict(directory: Path, name: str) -> str:
    kept: dict[str, str] = json.loads((directory / f"{name}.json").read_text())
    return kept["verdict"]


def test_all_claims_are_kept_and_those_that_do_not_hold_are_named(tmp_path: Path) -> None:
    claims = claim("C33"), claim("C34", holds=False)
    told = evidence(tmp_path, *claims)
    assert (told["changed"], told["refuted"]) == (True, {"C34": str(tmp_path / "C34.json")})
    assert [verdict(tmp_path, name) for name in ("C33", "C34")] == ["reproduced", "contradicted"]
    assert evidence(tmp_path, *claims)["changed"] is False


def test_a_claim_that_proves_nothing_leaves_the_others(tmp_path: Path) -> None:
    told = evidence(tmp_path, claim("C33", observations=[]), claim("C34"))
    assert "claim C33 has no observations" in told["msg"]
    assert verdict(tmp_path, "C34") == "reproduced"
    assert not (tmp_path / "C33.json").exists()
