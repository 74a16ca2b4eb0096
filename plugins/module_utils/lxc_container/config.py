"""The configuration of a container, as LXC reads it."""

from __future__ import annotations

from .model import COUNT, Wanted


def render(want: Wanted, apparmor: bool) -> str:
    """Return the configuration on a machine with or without AppArmor."""
    lines = [
        "# Written by Ansible, role lxc_container.",
        "lxc.include = /usr/share/lxc/config/common.conf",
        f"lxc.uts.name = {want.name}",
        f"lxc.rootfs.path = dir:{want.root}",
        "lxc.init.cmd = /sbin/init",
        "# What asks systemd to shut down; LXC's own choice is the signal of a power failure.",
        "lxc.signal.halt = SIGRTMIN+3",
        "# Many machines have no AppArmor, and LXC does not start where it is asked for and missing.",
        f"lxc.apparmor.profile = {'generated' if apparmor else 'unconfined'}",
    ]
    if want.first_id:
        if apparmor:
            lines += [
                "# systemd gives its services mount namespaces, which the profile forbids otherwise.",
                "# Its root is nobody on this machine, and may do no more there for it.",
                "lxc.apparmor.allow_nesting = 1",
            ]
        lines += [
            "# On the disk the files are root's; the mount shows them as the container's.",
            f"lxc.idmap = u 0 {want.first_id} {COUNT}",
            f"lxc.idmap = g 0 {want.first_id} {COUNT}",
            "lxc.rootfs.options = idmap=container",
        ]
    if want.address:
        lines += [
            "# No bridge: this machine has a route to the one address, and answers for every other one.",
            "lxc.net.0.type = veth",
            "lxc.net.0.veth.mode = router",
            f"lxc.net.0.veth.pair = {want.interface}",
            "lxc.net.0.name = eth0",
            "lxc.net.0.flags = up",
            f"lxc.net.0.ipv4.address = {want.address}/32",
            "lxc.net.0.ipv4.gateway = dev",
        ]
    else:
        lines += ["lxc.net.0.type = empty", "lxc.net.0.flags = up"]
    lines += [f"{key} = {value}" for key, value in sorted(want.config.items())]
    return "".join(f"{line}\n" for line in lines)
