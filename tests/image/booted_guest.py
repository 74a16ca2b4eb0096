"""A guest image running under QEMU, reached the way a cloud reaches it: config drive, serial console, SSH."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

HOST_KEYS = re.compile(
    r"-----BEGIN SSH HOST KEY KEYS-----(?P<keys>.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL
)
MAC = "52:54:00:12:34:56"


def network_data(route: str, route_netmask: str, gateway: str) -> dict[str, object]:
    """OpenStack's network_data.json for QEMU's user network: a default route and a static one."""
    name_server = {"type": "dns", "address": "10.0.2.3"}
    return {
        "links": [{"id": "tap0", "type": "ovs", "mtu": 1400, "vif_id": "v0", "ethernet_mac_address": MAC}],
        "networks": [
            {
                "id": "network0",
                "type": "ipv4",
                "link": "tap0",
                "ip_address": "10.0.2.15",
                "netmask": "255.255.255.0",
                "network_id": "n0",
                "routes": [
                    {"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "10.0.2.2"},
                    {"network": route, "netmask": route_netmask, "gateway": gateway},
                ],
                "services": [name_server],
            }
        ],
        "services": [name_server],
    }


def write_config_drive(path: Path, *, public_key: str, network: dict[str, object], user_data: str) -> None:
    """Write the ISO image that nova would attach, labelled config-2."""
    tree = path.with_suffix(".d")
    latest = tree / "openstack" / "latest"
    latest.mkdir(parents=True)
    metadata = {
        "uuid": "83679162-1378-4288-a2d4-70e13ec132a0",
        "name": "guest",
        "hostname": "guest.novalocal",
        "public_keys": {"lab": public_key},
        "keys": [{"name": "lab", "type": "ssh", "data": public_key}],
    }
    (latest / "meta_data.json").write_text(json.dumps(metadata))
    (latest / "network_data.json").write_text(json.dumps(network))
    (latest / "user_data").write_text(user_data)
    command = ["genisoimage", "-quiet", "-o", str(path), "-V", "config-2", "-J", "-r", str(tree)]
    subprocess.run(command, check=True)


def free_port() -> int:
    """Return a TCP port that nobody listens on at the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class BootedGuest:
    """One virtual machine; `times` holds the seconds from power-on to what was waited for."""

    directory: Path
    image: Path
    private_key: Path
    config_drive: Path
    accelerator: str
    disk_gib: int
    memory_mib: int = 256
    port: int = field(default_factory=free_port)
    times: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        disk = self.directory / "disk.qcow2"
        overlay = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(self.image), str(disk)]
        subprocess.run([*overlay, f"{self.disk_gib}G"], check=True)
        self.console = self.directory / "console.log"
        self.known_hosts = self.directory / "known_hosts"
        # restrict=on: the guest sees nothing of the world outside, the forwarded SSH port works all the same.
        self.started = time.monotonic()
        arguments = f"""
            -nodefaults -display none -smp 1 -m {self.memory_mib} -accel {self.accelerator}
            -serial file:{self.console}
            -drive file={disk},if=virtio,format=qcow2
            -drive file={self.config_drive},if=ide,media=cdrom,format=raw,readonly=on
            -netdev user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22
            -device virtio-net-pci,netdev=net0,mac={MAC},romfile=
            -object rng-random,id=rng0,filename=/dev/urandom -device virtio-rng-pci,rng=rng0
        """
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", *shlex.split(arguments)], stdin=subprocess.DEVNULL
        )

    def console_text(self) -> str:
        """Everything the guest has written to its serial console so far."""
        return self.console.read_text(errors="replace") if self.console.exists() else ""

    def wait_for_console(self, pattern: str, *, count: int = 1, seconds: float = 400) -> list[str]:
        """Wait until `pattern` is on the console `count` times; return the matches.

        Raises TimeoutError with the end of the console otherwise.
        """
        expression = re.compile(pattern, re.DOTALL)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            matches = [match.group(0) for match in expression.finditer(self.console_text())]
            if len(matches) >= count:
                return matches
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise TimeoutError(f"{pattern!r} is not {count} times on the console:\n{self.console_text()[-3000:]}")

    def mark(self, event: str) -> None:
        """Note the time of an event, in seconds since power-on."""
        self.times[event] = round(time.monotonic() - self.started, 1)

    def learn_host_keys(self) -> str:
        """Take the host keys from the console into known_hosts; return them, one a line."""
        block = self.wait_for_console(HOST_KEYS.pattern)[-1]
        found = HOST_KEYS.search(block)
        assert found is not None
        # The console ends its lines with CR LF, and the kernel may have put its own line in between.
        keys = [line.strip() for line in found["keys"].splitlines() if line.startswith("ssh-")]
        self.known_hosts.write_text("".join(f"[127.0.0.1]:{self.port} {key}\n" for key in keys))
        return "\n".join(keys)

    def ssh(self, command: str, *, check: bool = True) -> str:
        """Run a command in the guest as its default user, host key verified; return its standard output."""
        options = ["StrictHostKeyChecking=yes", f"UserKnownHostsFile={self.known_hosts}", "BatchMode=yes"]
        options += ["ConnectTimeout=60", "IdentitiesOnly=yes"]
        completed = subprocess.run(
            ["ssh", "-F", "none", "-i", str(self.private_key), "-p", str(self.port)]
            + [word for option in options for word in ("-o", option)]
            + ["debian@127.0.0.1", command],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if check and completed.returncode:
            raise AssertionError(f"{command}: status {completed.returncode}\n{completed.stderr}")
        return completed.stdout.strip()

    def wait_for_sshd(self, seconds: float = 400) -> None:
        """Wait until sshd sends its greeting."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                    if connection.recv(64).startswith(b"SSH-"):
                        return
            except OSError:
                pass
            time.sleep(0.2)
        raise TimeoutError(f"sshd does not answer:\n{self.console_text()[-3000:]}")

    def wait_for_power_off(self, seconds: float = 120) -> int:
        """Wait until the machine has switched itself off; return QEMU's exit status."""
        return self.process.wait(timeout=seconds)

    def stop(self) -> None:
        """Pull the plug and remove the disk."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
