"""Machines and media of VirtualBox: `manage` alone runs VBoxManage, the rest is pure."""
