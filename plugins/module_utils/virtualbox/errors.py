"""VirtualBox's errors that users meet, and what helps."""

from __future__ import annotations

import re

_OTHER_HYPERVISOR = (
    "another hypervisor has the processor's virtualisation, on Linux most often KVM. Stop its machines and "
    "unload it (modprobe -r {module}); since Linux 6.12 KVM takes the processor as soon as it is loaded, "
    "which the boot parameter kvm.enable_virt_at_load=0 prevents"
)

REMEDIES = (
    (r"VERR_VMX_IN_VMX_ROOT_MODE", _OTHER_HYPERVISOR.format(module="kvm_intel")),
    (r"VERR_SVM_IN_USE", _OTHER_HYPERVISOR.format(module="kvm_amd")),
    (
        r"VERR_VM_DRIVER_NOT_(?:INSTALLED|ACCESSIBLE)|Kernel driver not (?:installed|accessible)|"
        r"(?:rc=|Error )-1908\b",
        "VirtualBox's kernel driver is not loaded, or this user may not use it. Load it (modprobe vboxdrv); "
        "after a new kernel it has to be built for that first, which /sbin/vboxconfig or the package "
        "virtualbox-dkms does",
    ),
    (
        r"VERR_VM_DRIVER_VERSION_MISMATCH|VERR_SUPDRV_INTERFACE|VERR_VMM_R0_VERSION_MISMATCH",
        "the loaded driver is of another VirtualBox. Reload it (modprobe -r vboxnetadp vboxnetflt vboxdrv, "
        "then modprobe vboxdrv), or reboot",
    ),
    (
        r"VERR_SVM_DISABLED|VERR_VMX_MSR_ALL_VMX_DISABLED|VERR_VMX_NO_VMX|VERR_SVM_NO_SVM",
        "the processor's virtualisation is switched off in the firmware, or there is none; switch it on "
        "there",
    ),
    (
        r"while it is locked|is already locked (?:for|by) a session",
        "something works on the machine, such as an import that goes on; run this again when that has ended",
    ),
    (
        r"Cannot register the hard disk .* already exists",
        "a copy of a disk has the identifier of the original. Remove the copy and clone the disk instead "
        "(module virtualbox_medium, clone_of)",
    ),
    (
        r"Failed to lock source media",
        "a machine that runs has that disk. Stop it first, or let the role virtualbox_clone do that "
        "(virtualbox_clone_machine)",
    ),
    (
        r"Machine settings file .* already exists",
        "a machine of that name was here, and VirtualBox has lost it. Register the file again (VBoxManage "
        "registervm), or move its directory away",
    ),
    (
        r"VERR_NO_MEMORY|VERR_NO_LOW_MEMORY",
        "the host has too little free memory for it; stop something, or give it less",
    ),
    (
        # Without its driver, too, the process says no more than this.
        r"has terminated unexpectedly during startup",
        "VirtualBox's kernel driver is not loaded (modprobe vboxdrv), or it is of another VirtualBox or of "
        "another kernel (/sbin/vboxconfig, or the package virtualbox-dkms, builds it anew); if neither, "
        "VBoxHardening.log in the machine's directory Logs says more",
    ),
    (
        r"VERR_NO_TRANSLATION",
        "the locale C.UTF-8 is missing on the host, and a name is not plain ASCII",
    ),
)


def first_error(output: str) -> str:
    """Return what VBoxManage says went wrong, without where in its source that was."""
    lines = [
        found[1]
        for line in output.splitlines()
        if (found := re.match(r"VBoxManage: (?:fatal )?error: (.*)", line))
        and not found[1].startswith(("Details: ", "Context: "))
    ]
    return " ".join(lines) or " ".join(output.split()) or "it gave no reason"


def explained(output: str) -> str:
    """Return the error, and what helps where that is known."""
    error = first_error(output)
    for pattern, remedy in REMEDIES:
        if re.search(pattern, output, re.DOTALL):
            return f"{error} ({remedy})"
    return error
