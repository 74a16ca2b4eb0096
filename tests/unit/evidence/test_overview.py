"""What has become of each claim, by what its files say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ad_hoc import ad_hoc, result

from evidence.claims import CLAIMS
from evidence.overview import SIGNS, Trial, decisive, many_labs, one_lab, read
from evidence.record import VERDICTS

RECORD = {
    "claim": "C34",
    "verdict": "reproduced",
    "playbook": "playbooks/openstack_client_topology.yml",
    "recorded": "2026-11-27T14:14:03Z",
}


def test_a_file_says_its_verdict_its_playbook_and_when() -> None:
    assert read("C34", json.dumps(RECORD)) == Trial(
        "C34", "reproduced", "playbooks/openstack_client_topology.yml", "2026-11-27T14:14:03Z"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        json.dumps(RECORD | {"claim": "C33"}),
        json.dumps(RECORD | {"verdict": "good"}),
        json.dumps(RECORD | {"recorded": None}),
        "[" * 100_000,
    ],
)
def test_what_is_no_evidence_of_the_claim_is_unreadable(text: str) -> None:
    assert read("C34", text) == Trial("C34", "unreadable")


def test_the_newest_file_counts_unless_one_is_wrong() -> None:
    old, new = Trial("C29", "reproduced", "one", "2026-11-26"), Trial("C29", "depends", "two", "2026-11-27")
    assert decisive([new, old])["C29"] == new
    wrong = Trial("C29", "contradicted", "three", "2026-11-25")
    assert decisive([new, wrong, old])["C29"] == wrong
    assert decisive([])["C29"] == Trial("C29", "untried")


def test_every_verdict_has_a_sign_of_its_own() -> None:
    assert set(SIGNS) == {*VERDICTS, "unreadable", "untried"}
    assert len(set(SIGNS.values())) == len(SIGNS)


def test_one_lab_has_a_line_for_each_claim() -> None:
    lines = one_lab(decisive([read("C34", json.dumps(RECORD))]))
    assert [line.split()[0] for line in lines] == list(CLAIMS)
    assert lines[-1].split()[1:5] == ["reproduced", "openstack_client_topology", "2026-11-27", "14:14"]
    assert lines[-1].endswith(CLAIMS["C34"].statement)


def test_many_labs_have_a_line_each_below_the_claims_numbers() -> None:
    labs = {"group1": [Trial("C02", "contradicted"), Trial("C34", "reproduced")], "group12": []}
    tens, ones, first, second, *_ = many_labs({lab: decisive(trials) for lab, trials in labs.items()})
    place = first.index("!")
    assert (tens[place], ones[place]) == ("0", "2")
    assert first.split() == [
        "group1",
        ".!" + "." * 31 + "+",
        "1",
        "reproduced,",
        "1",
        "contradicted,",
        "32",
        "untried",
    ]
    assert second.split() == ["group12", "." * 34, "34", "untried"]


def overview(*labs: str) -> dict[str, Any]:
    """Return what the module says."""
    return result(ad_hoc("evidence_overview", json.dumps({"labs": labs})))


def test_the_module_reads_all_labs_that_a_pattern_names(tmp_path: Path) -> None:
    for lab in ("group1", "group2"):
        kept = tmp_path / lab / "evidence" / "openstack_client_topology"
        kept.mkdir(parents=True)
        (kept / "C34.json").write_text(json.dumps(RECORD))
        (kept / "C99.json").write_text("no claim of the report")
    (tmp_path / "group2" / "C33.json").write_bytes(b"\xff")
    (tmp_path / "group2" / "C32.json").symlink_to("nowhere")
    told = overview(f"{tmp_path}/group*")
    verdicts = [told["verdicts"][str(tmp_path / lab)] for lab in ("group1", "group2")]
    assert [(one["C33"], one["C34"]) for one in verdicts] == [
        ("untried", "reproduced"),
        ("unreadable", "reproduced"),
    ]
    assert any(line.startswith("group2 ") for line in told["lines"])
    assert len(overview(str(tmp_path / "group1"))["lines"]) == len(CLAIMS)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"labs: there is no directory '{tmp_path}/nobody'" in overview(f"{tmp_path}/nobody")["msg"]
