"""What is read of a guest and done to it, without one: the commands are answered here."""

from __future__ import annotations

from pathlib import Path

import pytest

from static_route.files import HEADER
from static_route.guest import Guest
from static_route.routes import RouteError

FILES = (
    "etc/systemd/network/10-ens3.network.d/50-static-routes.conf",
    "etc/netplan/60-static-routes.yaml",
    "etc/network/if-up.d/static-routes",
)


def silent(_command: list[str]) -> tuple[int, str, str]:
    return 0, "", ""


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_somebody_else_wrote_is_refused(tmp_path: Path, path: str) -> None:
    write(tmp_path / path, "[Route]\nDestination=10.0.2.0/24\nGateway=192.168.56.253\n")
    with pytest.raises(RouteError, match=f"^/{path} was not written by static_route, .* rename or remove it"):
        Guest(silent, tmp_path).read()
    write(tmp_path / path, f"#!/bin/sh\n{HEADER}")
    assert list(Guest(silent, tmp_path).read().files) == [path]
