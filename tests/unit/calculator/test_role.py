"""The role's variables against what is done with them."""

from __future__ import annotations

from typing import Any

import yaml

from .processes import ROLE


def _content(path: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROLE / path).read_text())
    return content


def test_every_number_has_a_limit() -> None:
    options = _content("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    numbers = {name for name, option in options.items() if option["type"] in ("int", "float")}
    assert _content("vars/main.yml")["_calculator_limits"].keys() == numbers - {"calculator_port"}
