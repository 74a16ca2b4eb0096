"""A role's defaults, its argument specification and its name say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from order import CLOUDLESS
from test_molecule import how_to_repeat

import role_readme

ROLES = pytest.mark.parametrize("role", role_readme.roles(), ids=lambda role: role.name)


def defaults(role: Path) -> dict[str, Any]:
    path = role / "defaults/main.yml"
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def options(role: Path) -> Mapping[str, Any]:
    specified: Mapping[str, Any] = role_readme.entry_point(role).get("options", {})
    return specified


def nested(specs: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, spec in specs.items():
        yield path + name, spec
        yield from nested(spec.get("options", {}), f"{path}{name}.")


def test_every_role_has_an_argument_specification(root: Path) -> None:
    assert sorted(path for path in root.glob("roles/*") if path.is_dir()) == role_readme.roles()


@ROLES
def test_specified_defaults_are_the_defaults(role: Path) -> None:
    specified = {name: spec["default"] for name, spec in options(role).items() if "default" in spec}
    assert defaults(role) == specified


@ROLES
def test_variables_carry_the_roles_name(role: Path) -> None:
    assert [name for name in options(role) if not name.startswith(f"{role.name}_")] == []


@ROLES
def test_required_variables_have_no_default(role: Path) -> None:
    assert [n for n, spec in nested(options(role)) if spec.get("required") and "default" in spec] == []


@ROLES
def test_every_option_is_described_and_typed(role: Path) -> None:
    assert [
        n for n, spec in nested(options(role)) if not (spec.get("description") and spec.get("type"))
    ] == []


@ROLES
def test_the_readme_says_how_to_try_the_role(role: Path) -> None:
    _, _, tests = role_readme.readme(role).partition("\n## Tests\n")
    scenarios = re.findall(r"\]\(../../molecule/(\w+)\)", tests)
    assert scenarios
    for scenario in set(scenarios) - CLOUDLESS - {"embedded_cloud"}:
        commands = re.findall(r"with: (.*)", how_to_repeat(scenario))
        assert [command for command in commands if f"`{command}`" not in tests] == []


@ROLES
def test_the_readme_has_no_markup_of_ansible_doc(role: Path) -> None:
    assert re.findall(r"\b[A-Z]+\([^)]*\)", role_readme.readme(role)) == []
