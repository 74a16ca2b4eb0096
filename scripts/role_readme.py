#!/usr/bin/env python3
"""Write each role's README.md from what the role itself declares.

The sources are meta/argument_specs.yml (title, prose, variables), meta/main.yml (requirements) and, where
they exist, meta/example.yml (a playbook that uses the role) and the molecule scenario that tries the role.

    scripts/role_readme.py [role ...]            write the READMEs that differ and name them
    scripts/role_readme.py --check [role ...]    write nothing; name those that differ and fail
"""

from __future__ import annotations

import argparse
import json
import runpy
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
# Scenarios have the name of the role that they try, except for roles that are of use only together.
SCENARIOS = {
    **dict.fromkeys(
        ("docker_base_image", "docker_container", "docker_internet", "docker_snapshot"),
        ("docker_containers",),
    ),
    **dict.fromkeys(
        (f"virtualbox_{part}" for part in ("clone", "guest_image", "host", "port_forward", "vm")),
        ("virtualbox",),
    ),
    "docker_host": ("docker_host", "docker_missing"),
    "openstack_topology": ("client_topology",),
    "server_snapshot": ("server_lifecycle",),
}
# The scenarios that molecule can run by themselves; of the others one makes the cloud.
ALONE = runpy.run_path(str(ROOT / "tests/scenarios/order.py"))["CLOUDLESS"] | {"embedded_cloud"}
HEADER = ("Variable", "Type", "Default", "Required", "Choices", "Description")


def roles() -> list[Path]:
    """Return the directories of all roles, in alphabetical order."""
    return sorted(path.parent.parent for path in ROOT.glob("roles/*/meta/argument_specs.yml"))


def entry_point(role: Path) -> Mapping[str, Any]:
    """Return the argument specification of the role's entry point `main`."""
    specs = yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    main: Mapping[str, Any] = specs["argument_specs"]["main"]
    return main


def sentences(description: str | list[str]) -> list[str]:
    """Return the lines of a description, which may be one string or a list of them."""
    return [line.strip() for line in ([description] if isinstance(description, str) else description)]


def cell(text: str) -> str:
    """Return text as it can stand in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def code(value: object) -> str:
    """Return a value as code: strings as they are written, everything else as JSON, which is YAML too."""
    return f"`{cell(value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False))}`"


def rows(options: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, ...]]:
    """Yield one table row for each option, those of dictionaries below their parent and indented."""
    for name, spec in options.items():
        kind = spec.get("type", "str")
        yield (
            "&emsp;" * depth + code(name),
            f"{kind} of {spec['elements']}" if "elements" in spec else kind,
            code(spec["default"]) if "default" in spec else "",
            "yes" if spec.get("required") else "",
            ", ".join(code(choice) for choice in spec.get("choices", ())),
            cell(" ".join(sentences(spec["description"]))),
        )
        yield from rows(spec.get("options", {}), depth + 1)


def table(options: Mapping[str, Any]) -> str:
    """Return the options as a Markdown table."""
    lines = [HEADER, ("---",) * len(HEADER), *rows(options)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def requirements(role: Path) -> str:
    """Return the Ansible version and the platforms the role is made for, as one sentence."""
    info = yaml.safe_load((role / "meta/main.yml").read_text(encoding="utf-8"))["galaxy_info"]
    platforms = (
        f"{platform['name']} ({', '.join(str(version) for version in platform['versions'])})"
        if platform.get("versions", ["all"]) != ["all"]
        else platform["name"]
        for platform in info.get("platforms", ())
    )
    return f"ansible-core {info['min_ansible_version']} or newer; platforms: {', '.join(platforms) or 'any'}."


def test(scenario: str) -> str:
    """Return how to run a scenario, as one paragraph."""
    link = f"the scenario [molecule/{scenario}](../../molecule/{scenario})"
    if scenario in ALONE:
        return f"`molecule test -s {scenario}` runs {link}."
    return (
        f"`pytest tests/scenarios -m '' -k 'embedded_cloud or {scenario}'` "
        f"runs {link} on a cloud of its own; "
        "`ansible-playbook -i molecule/inventory playbooks/destroy.yml` removes the cloud."
    )


def readme(role: Path) -> str:
    """Return the text the role's README.md should have."""
    main = entry_point(role)
    options = main.get("options", {})
    parts = [
        f"<!-- Written by scripts/role_readme.py from meta/argument_specs.yml. -->\n\n# {role.name}",
        main["short_description"].rstrip(".") + ".",
        *sentences(main.get("description", [])),
        "## Requirements",
        requirements(role),
        "## Variables",
        table(options) if options else "None.",
    ]
    example = role / "meta/example.yml"
    if example.exists():
        text = example.read_text(encoding="utf-8").removeprefix("---\n").strip()
        parts += ["## Example", f"```yaml\n{text}\n```"]
    tests = [
        test(scenario)
        for scenario in SCENARIOS.get(role.name, (role.name,))
        if (ROOT / "molecule" / scenario).is_dir()
    ]
    if tests:
        parts += ["## Tests", *tests]
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the READMEs of the roles named, or of all; return 1 if a checked one differs."""
    parser = argparse.ArgumentParser(description="Write each role's README.md from what the role declares.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a README differs")
    parser.add_argument("role", nargs="*", help="the roles to look at (default: all)")
    parsed = parser.parse_args(arguments)
    check: bool = parsed.check
    stale = 0
    for role in roles():
        if parsed.role and role.name not in parsed.role:
            continue
        path, text = role / "README.md", readme(role)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        print(f"{path.relative_to(ROOT)}: {'differs; run scripts/role_readme.py' if check else 'written'}")
        if not check:
            path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
