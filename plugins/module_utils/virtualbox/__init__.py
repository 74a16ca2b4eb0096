"""Machines and media of VirtualBox: `manage` runs VBoxManage, `module` knows Ansible, the rest is pure."""
