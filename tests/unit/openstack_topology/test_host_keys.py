"""Host keys in the noise of a console."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_topology.host_keys import host_keys

ED = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPuAvMvPJ7rD/kV92Zw22SvxBHOpO69yhxh3RbCD2xp5"
OTHER = (
    "ssh-ed25519 "
    + base64.b64encode(
        (11).to_bytes(4, "big") + b"ssh-ed25519" + (32).to_bytes(4, "big") + bytes(range(32))
    ).decode()
)
BEGIN, END = "-----BEGIN SSH HOST KEY KEYS-----", "-----END SSH HOST KEY KEYS-----"


def block(*lines, end=END):
    return "\n".join(("[  9.1] systemd[1]: Started something", BEGIN, *lines, end, "login:")) + "\n"


@pytest.mark.parametrize(
    ("console", "keys"),
    [
        ("", []),
        ("ci-info: no keys here\n", []),
        (block(f"{ED} root@frontend"), [ED]),
        (block(f"{ED} root@frontend", f"{OTHER} root@frontend"), [ED, OTHER]),
        (block(f"{ED} root@frontend").replace("\n", "\r\n"), [ED]),
        (block(f"ci-info: {ED} root@frontend"), [ED]),
        (block(f"[   12.345678] cloud-init[321]: {ED} root@frontend"), [ED]),
        (block("[   12.4] IPv6: ADDRCONF(NETDEV_CHANGE): ens3", f"{ED} root@frontend", "audit: noise"), [ED]),
        (block(ED[:40], "[ 12.4] kernel: torn", ED[40:]), []),
        (block(f"{ED} a", f"{ED} a"), [ED]),
        (block(f"{ED} old") + block(f"{OTHER} new"), [OTHER]),
        (block(f"{ED} old") + block(f"{OTHER} new", end=""), [ED]),
        (block(f"{ED} torn", end="") + block(f"{OTHER} new"), [OTHER]),
        (block(f"{ED} old") + block("nothing"), [ED]),
        (f"{ED} outside of any block\n", []),
    ],
    ids=[
        "empty",
        "none",
        "one",
        "two",
        "carriage returns",
        "ci-info",
        "prefix",
        "lines between",
        "torn key",
        "printed twice",
        "two boots",
        "second boot unfinished",
        "first boot unfinished",
        "second block empty",
        "no block",
    ],
)
def test_keys_are_found_in_the_noise(console, keys):
    assert host_keys(console) == keys


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_surrounds_a_block_does_not_matter(before, after):
    assert host_keys(before.replace("-----", "") + "\n" + block(ED) + after.replace("-----", "")) == [ED]


@given(st.integers(1, len(ED.split()[1]) - 1))
def test_a_key_cut_short_is_no_key(length):
    kind, blob = ED.split()
    assert host_keys(block(f"{kind} {blob[:length]}")) == []
