"""What is said where a cloud cannot be looked up."""

from __future__ import annotations

from pathlib import Path

import pytest

from openstack_topology.cloud import CloudError, connect
from openstack_topology.clouds_yaml import lacks_password

AUTH = "auth: {auth_url: 'https://127.0.0.1:9/v3', username: me, project_name: lab, password: secret}"


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the user's own, which may have a cloud of that name, is not read instead."""
    own = tmp_path / "clouds.yaml"
    own.write_text("clouds: {lab: {auth: {auth_url: http://127.0.0.1:9/v3}}}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "missing.yaml"))
    with pytest.raises(CloudError, match=r"OS_CLIENT_CONFIG_FILE names \S+/missing\.yaml, and there is no"):
        connect("lab")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("clouds:\n  lab: {auth: [secret\n", r"clouds.yaml is no YAML: .* in line 3; correct it there$"),
        ("\x00", "is no YAML, it has characters that no text has"),
        ("", "clouds.yaml has no entries below the key clouds; write them there, as clouds: {lab: ...}$"),
        ("clouds:", "has no entries below the key clouds"),
        ("clouds: [lab]", "has no entries below the key clouds"),
        ("[clouds]", "has no entries below the key clouds"),
        ("clouds: {lab: 5}", "clouds.yaml has no settings in the entry 'lab'; give it auth"),
        ("clouds: {lab: }", "has no settings in the entry 'lab'"),
        ("clouds: {lab: {auth: [secret]}}", "has an entry 'lab' whose auth is no mapping"),
        (
            f"clouds: {{lab: {{{AUTH}}}}}".replace("https://", ""),
            "auth_url '127.0.0.1:9/v3' is no address; begin",
        ),
        ("clouds: {lab: {auth: {auth_url: 5}}}", "whose auth_url 5 is no address"),
        (
            f"clouds: {{lab: {{{AUTH}}}}}".replace("secret", "''"),
            "'lab' in .*clouds.yaml has no password; add it to auth there, or to secure.yaml",
        ),
        (
            f"clouds: {{lab: {{cacert: /nowhere/ca.pem, {AUTH}}}}}",
            "'lab' in .*clouds.yaml is not usable: .*invalid path: /nowhere/ca.pem; correct cacert",
        ),
        (
            "clouds: {lab: {auth: {username: me, password: secret}}}",
            "'lab' in .*clouds.yaml is not usable: .*: auth_url; correct the entry$",
        ),
        (
            f"clouds: {{lap: {{{AUTH}}}}}",
            "'lab' is not in .*clouds.yaml; entries there: lap; correct the name",
        ),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str, sentence: str
) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text(content)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    with pytest.raises(CloudError, match=sentence) as caught:
        connect("lab")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "lacks"),
    [
        ({"auth": {}}, True),
        ({}, True),
        ({"auth_type": "v3password", "auth": {"username": "me"}}, True),
        ({"auth": {"password": "x"}}, False),
        ({"password": "x", "auth": {}}, False),
        ({"auth": {"token": "x"}}, False),
        ({"auth_type": "v3applicationcredential", "auth": {}}, False),
        ({"profile": "vendor", "auth": {}}, False),
    ],
)
def test_a_password_is_missed_only_where_one_is_needed(entry: dict[str, object], lacks: bool) -> None:
    assert lacks_password(entry) is lacks
