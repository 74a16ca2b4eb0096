"""What is said where a cloud cannot be looked up."""

from __future__ import annotations

from pathlib import Path

import pytest

from openstack_topology.cloud import CloudError, connect


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the user's own, which may have a cloud of that name, is not read instead."""
    own = tmp_path / "clouds.yaml"
    own.write_text("clouds: {lab: {auth: {auth_url: http://127.0.0.1:9/v3}}}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "missing.yaml"))
    with pytest.raises(CloudError, match=r"OS_CLIENT_CONFIG_FILE names \S+/missing\.yaml, and there is no"):
        connect("lab")
