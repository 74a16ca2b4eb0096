"""The tests' lab, for testinfra: its hosts, and its variables as Ansible sees them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import testinfra
from testinfra.host import Host

INVENTORY = Path(__file__).with_name("inventory")


@cache
def host(name: str) -> Host:
    """Return a host of the inventory, reached by Ansible: it knows the namespaces and the jump host."""
    return testinfra.get_host(f"ansible://{name}?ansible_inventory={INVENTORY}&force_ansible=True")


@cache
def variable(name: str, of: str = "localhost") -> Any:
    """Return a variable of a host, with its templates filled in."""
    return host(of).ansible("ansible.builtin.debug", f"var={name}", check=False)[name]
