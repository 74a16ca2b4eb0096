"""Secrets are put into the services' configuration."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "roles" / "embedded_cloud" / "files" / "program" / "configure.py"
# Not imported: that would leave compiled Python in a directory that is copied into the image.
CONFIGURE = runpy.run_path(str(PROGRAM))
RENDER = CONFIGURE["render"]


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("password = @SERVICE_PASSWORD@\n", "password = s3cret\n"),
        ("mysql://nova:@A@@127.0.0.1/nova?b=@A@", "mysql://nova:x@127.0.0.1/nova?b=x"),
        ("me@example.org, @lower@, @@, 50%", "me@example.org, @lower@, @@, 50%"),
        ("@REFERENCE@", r"@A@ \1"),
    ],
)
def test_names_become_values(template: str, text: str) -> None:
    values = {"SERVICE_PASSWORD": "s3cret", "A": "x", "REFERENCE": r"@A@ \1"}
    assert RENDER(template, values) == text


def test_a_name_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="MISSING"):
        RENDER("a = @A@\nb = @MISSING@\n", {"A": "x"})


def test_rabbitmq_s_own_example_of_a_stored_password() -> None:
    """From the chapter "Credentials and Passwords" of its documentation."""
    expected = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    assert CONFIGURE["rabbit_hash"]("test12", bytes.fromhex("908DC60A")) == expected
