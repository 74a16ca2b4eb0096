"""The role's variables against what is done with them."""

from __future__ import annotations

import json
from typing import Any

import yaml
from ad_hoc import ad_hoc

from .processes import ROLE


def _content(path: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROLE / path).read_text())
    return content


def test_every_number_has_a_limit() -> None:
    options = _content("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    numbers = {name for name, option in options.items() if option["type"] in ("int", "float")}
    assert _content("vars/main.yml")["_calculator_limits"].keys() == numbers - {"calculator_port"}


def _preflight(**variables: Any) -> tuple[int, str]:
    """Return how the check of the variables ends, and what it says."""
    done = ad_hoc(
        "ansible.builtin.include_role",
        "name=calculator tasks_from=preflight",
        f"--extra-vars={json.dumps({'calculator_service': 'frontend', **variables})}",
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_what_the_program_or_systemd_would_refuse_is_refused_first() -> None:
    urls = [
        "10.0.2.14:50001",
        "http://10.0.2.14:99999",
        "http://10.0.2.14:0",
        "http://10.0.0.999:50001",
        "http://10.0.2:50001",
        "http://a..b:5",
        f"http://{'a' * 64}:5",
        "http://[1:2]:5",
    ]
    status, said = _preflight(
        calculator_bind_address="10.0.0.999", calculator_memory_max="96MB", calculator_backends={"sum": urls}
    )
    assert status
    assert (
        "calculator_bind_address is 10.0.0.999; set it to an IPv4 or IPv6 address of the host, or to 0.0.0.0."
    ) in said
    assert (
        "calculator_memory_max is 96MB; write bytes, a number with K, M, G, T or % like 96M, or infinity."
    ) in said
    assert f"calculator_backends has {', '.join(urls)}; write each address like" in said


def test_what_they_take_is_not_refused() -> None:
    urls = [
        "http://10.0.2.14:50001",
        "http://10.0.2.14:65535/",
        "http://255.199.0.9",
        "http://[fd00::14]:1",
        "http://sum.calculator_1.example.:8080",
        "http://3sum:50001",
        f"http://{'a' * 63}.1a",
    ]
    for address, memory in [
        ("0.0.0.0", "96M"),
        ("::", "infinity"),
        ("fd00::1:2", "1.5%"),
        ("10.0.2.14", 10**8),
    ]:
        status, said = _preflight(
            calculator_bind_address=address, calculator_memory_max=memory, calculator_backends={"sum": urls}
        )
        assert status == 0, said
