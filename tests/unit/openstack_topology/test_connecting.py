"""What is said where a cloud cannot be looked up."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import openstack
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
        ("clouds:\n  lab: {auth: [secret\n", r"clouds.yaml is no YAML: .* in line 3; correct it there, or"),
        ("a: {b: c}: secret", "is no YAML: mapping values are not allowed here in line 1;"),
        ("clouds:\n  lab:\n    auth: {password: *secret}", "is no YAML: it has an alias, .* in line 3;"),
        (
            "clouds: {lab: {auth: {password: !secret x}}}",
            "is no YAML: .* in line 1; correct it there, or quote",
        ),
        ("clouds: {lab: {auth: {password: !secret!x y}}}", "is no YAML: .* in line 1"),
        ("clouds: {lab: {auth: {password: !!int secret}}}", "has a value that looks like a date or number"),
        ("clouds: {lab: {auth: {password: !!bool secret}}}", "has a value that looks like a date or number"),
        ("clouds: {lab: {auth: {password: 2026-13-01}}}", "has a value that looks like a date or number"),
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
            "clouds: {lab: {auth: {auth_url: 'https://127.0.0.1:9/v3', application_credential_id: me, "
            "application_credential_secret: secret}}}",
            "'lab' in .*clouds.yaml has credentials that its auth_type does not take "
            ".*application_credential_id.*; write auth_type: v3applicationcredential for an application",
        ),
        (
            f"clouds: {{lab: {{{AUTH}}}}}".replace("password: secret", "token: secret"),
            "has credentials that its auth_type does not take .*'token'.*, token for a token$",
        ),
        (
            f"clouds: {{lab: {{{AUTH}, regions: [{{name: a, values: {{auth: {{password: secret}}}}}}]}}}}"
            "".replace(", password: secret}", "}", 1),
            "'lab' cannot be reached at https://127.0.0.1:9/v3",
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


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "clouds: {}\n"])
def test_a_cloud_of_the_environment_needs_no_entry(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text(content)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    for name, value in {
        "AUTH_URL": "https://127.0.0.1:9/v3",
        "USERNAME": "me",
        "PASSWORD": "secret",
        "PROJECT_NAME": "lab",
    }.items():
        monkeypatch.setenv(f"OS_{name}", value)
    with pytest.raises(CloudError, match=r"'envvars' cannot be reached at https://127\.0\.0\.1:9/v3"):
        connect("envvars")


def test_an_empty_file_has_no_entry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "clouds.yaml"
    file.write_text("")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    with pytest.raises(CloudError, match=r"'envvars' is not in \S+/clouds.yaml; entries there: none; "):
        connect("envvars")


@pytest.mark.parametrize(
    ("entry", "lacks"),
    [
        ({"auth": {}}, True),
        ({}, True),
        ({"auth_type": "v3password", "auth": {"username": "me"}}, True),
        ({"auth": {"password": "x"}}, False),
        ({"auth_type": "token", "auth": {"token": "x"}}, False),
        ({"auth_type": "v3applicationcredential", "auth": {}}, False),
    ],
)
def test_a_password_is_missed_only_where_one_is_needed(entry: dict[str, object], lacks: bool) -> None:
    assert lacks_password(entry) is lacks


def test_a_token_without_a_project_is_told_from_a_cloud_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Keystone gives one to a user who names no project and has no default one."""
    unscoped = SimpleNamespace(session=SimpleNamespace(get_token=lambda: "token"), current_project_id=None)
    monkeypatch.setattr(openstack.connection, "Connection", lambda config: unscoped)
    clouds = tmp_path / "clouds.yaml"
    clouds.write_text(f"clouds: {{lab: {{{AUTH.replace(', project_name: lab', '')}}}}}")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(clouds))
    with pytest.raises(CloudError, match=r"'lab' in \S+ has no project; add project_name to auth there"):
        connect("lab")
