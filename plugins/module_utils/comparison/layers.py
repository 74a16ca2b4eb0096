"""What lies beneath this machine, and of which type the hypervisor on it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NOTHING = frozenset({"", "none"})


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of this machine as far as they can be seen from it.

    `below` is the hypervisor under it and `around` the container it is in, each empty if there is none.
    `extensions` says whether the processor offers its virtualisation to this machine.
    """

    below: str
    around: str
    extensions: str
    vendor: str
    kernel: str

    def text(self) -> str:
        """Return the layers for a reader, the lowest first."""
        lines = [
            "hardware",
            self.below and f"hypervisor below: {self.below}",
            f"operating system: {self.kernel}",
        ]
        lines.append(self.around and f"container around this machine: {self.around}")
        lines.append(
            f"the processor's virtualisation: {self.extensions or 'not offered here'}"
            + (f"; made by: {self.vendor}" if self.vendor else "")
        )
        return "\n".join(line for line in lines if line)


def detect(cpuinfo: str, machine: str, container: str, vendor: str, kernel: str) -> Layers:
    """Judge by /proc/cpuinfo, the names of a hypervisor and a container, DMI, and the kernel's release.

    The flag `hypervisor` stands for itself where nothing names the hypervisor.
    """
    flags = set(re.findall(r"\w+", next(iter(re.findall(r"(?m)^flags\s*:(.*)$", cpuinfo)), "")))
    below = "" if machine.strip() in _NOTHING else machine.strip()
    if not below and "hypervisor" in flags:
        below = "unnamed"
    around = "" if container.strip() in _NOTHING else container.strip()
    extensions = "VT-x" if "vmx" in flags else "AMD-V" if "svm" in flags else ""
    return Layers(below, around, extensions, vendor.strip(), kernel.strip())


def hypervisor_type(accelerator: str) -> tuple[int, str]:
    """Return the type of QEMU with this accelerator, 1 or 2, and why."""
    if accelerator == "kvm":
        return 1, "KVM makes the host's kernel itself the hypervisor, and QEMU only emulates devices"
    return 2, "QEMU translates the guest's instructions as an ordinary process of an operating system"


def product_type(product: str, said: str) -> tuple[int, str] | None:
    """Return the type of the hypervisor of `virtualbox` or `openstack`, and why; None if it is not told.

    `said` is VirtualBox's version, or the line of nova's configuration that says what nova drives.
    """
    if product == "virtualbox":
        version = re.match(r"\d[\w.]*", said.strip())
        return (2, f"VirtualBox {version[0]} is a program of an operating system") if version else None
    driven = re.search(r"(?m)^virt_type\s*=\s*(kvm|qemu)\s*$", said)
    return hypervisor_type("kvm" if driven[1] == "kvm" else "tcg") if driven else None
