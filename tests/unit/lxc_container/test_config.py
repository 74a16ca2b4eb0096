"""LXC gets what the container needs, and no more."""

from __future__ import annotations

from lxc_container.config import render
from lxc_container.model import Wanted


def lines(apparmor=False, **more):
    return render(Wanted("office", **more), apparmor).splitlines()


def test_a_container_without_an_address_has_no_network():
    assert [line for line in lines() if ".net." in line] == ["lxc.net.0.type = empty", "lxc.net.0.flags = up"]


def test_an_address_comes_with_its_device():
    own = lines(address="198.18.0.10", interface="lxc-office")
    assert "lxc.net.0.ipv4.address = 198.18.0.10/32" in own
    assert "lxc.net.0.veth.pair = lxc-office" in own


def test_the_users_are_mapped_unless_they_are_the_machines():
    assert [line for line in lines(first_id=200000) if "idmap = " in line] == [
        "lxc.idmap = u 0 200000 65536",
        "lxc.idmap = g 0 200000 65536",
    ]
    assert not [line for line in lines(first_id=0) if "idmap" in line]


def test_mount_namespaces_are_allowed_only_to_a_root_who_is_nobody():
    nesting = "lxc.apparmor.allow_nesting = 1"
    assert nesting in lines(apparmor=True)
    assert nesting not in lines(apparmor=True, first_id=0)
    assert nesting not in lines(apparmor=False)
    assert "lxc.apparmor.profile = generated" in lines(apparmor=True, first_id=0)


def test_what_the_user_adds_comes_last_and_so_prevails():
    own = lines(apparmor=True, config={"lxc.start.auto": 1, "lxc.apparmor.allow_nesting": 0})
    assert own[-2:] == ["lxc.apparmor.allow_nesting = 0", "lxc.start.auto = 1"]
