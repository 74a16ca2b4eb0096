"""What is pinned is what is installed, and what is used is pinned."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

import ansible_collections
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = yaml.safe_load((ROOT / "requirements.yml").read_text(encoding="utf-8"))["collections"]


def bundled() -> Path:
    """Return the directory of the collections that the ansible package carries."""
    return Path(next(iter(ansible_collections.__path__)))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda collection: collection["name"])
def test_galaxy_would_give_the_version_the_bundle_carries(collection: dict[str, str]) -> None:
    manifest = bundled() / collection["name"].replace(".", "/") / "MANIFEST.json"
    assert (
        collection["version"]
        == json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"]
    )


def test_every_collection_used_is_named(project_files: list[Path]) -> None:
    known = {f"{path.parent.name}.{path.name}" for path in bundled().glob("*/*") if path.is_dir()}
    used = {
        f"{namespace}.{name}"
        for path in project_files
        if path.suffix in {".yml", ".j2", ".cfg"} and path.name != "requirements.yml"
        for namespace, name in re.findall(
            r"\b([a-z_]+)\.([a-z_]+)\.[a-z_]+\b", path.read_text(encoding="utf-8")
        )
    }
    assert used & known == {collection["name"] for collection in COLLECTIONS}


def test_every_installed_package_is_pinned() -> None:
    pinned = {
        normal(name): version
        for file in ("requirements.txt", "constraints.txt")
        for name, version in re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / file).read_text(encoding="utf-8"))
    }
    installed = {normal(dist.name): dist.version for dist in importlib.metadata.distributions()}
    tools = {"pip", "setuptools", "wheel"}
    assert {name: installed[name] for name in installed.keys() - tools} == {
        name: pinned.get(name) for name in installed.keys() - tools
    }, "run scripts/lock after a change of requirements.txt"
