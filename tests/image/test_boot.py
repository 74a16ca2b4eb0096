"""Boot the guest image as a cloud would and look at it from inside and outside.

GUEST_IMAGE is the image's path (default: the newest in the user's cache), GUEST_IMAGE_HTTP_LIBRARY the
calculator's HTTP library (default: tornado), GUEST_IMAGE_ACCELERATOR QEMU's accelerator (default: software
emulation, which works everywhere).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from booted_guest import HOST_KEYS, BootedGuest, network_data, write_config_drive

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cloud-lab" / "guest-image"


HTTP_LIBRARY = os.environ.get("GUEST_IMAGE_HTTP_LIBRARY", "tornado")
ACCELERATOR = os.environ.get("GUEST_IMAGE_ACCELERATOR", "tcg,tb-size=256")
PROGRAMS = ("qemu-system-x86_64", "qemu-img", "genisoimage", "ssh", "ssh-keygen")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]

pytestmark = [
    # Two boots, by default in software emulation.
    pytest.mark.long,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]

FINISHED = r"Cloud-init v\. \S+ finished at"
# Larger than the image, so that the root file system has to grow.
DISK_GIB = 3
USER_DATA = """#cloud-config
write_files:
- path: /opt/lab/greeting
  content: written by user data
runcmd:
- [sh, -c, "cp /opt/lab/greeting /opt/lab/copied"]
"""


@pytest.fixture(scope="module")
def image() -> Path:
    """Return the image to boot; looked up this late because tests before these may build it."""
    if named := os.environ.get("GUEST_IMAGE"):
        return Path(named).resolve()
    built = sorted(CACHE.glob("*/debian-13.qcow2"), key=lambda path: path.stat().st_mtime)
    if not built:
        pytest.skip(f"GUEST_IMAGE is not set, and {CACHE} has no guest image")
    return built[-1].resolve()


@pytest.fixture(scope="module")
def guest(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedGuest]:
    directory = tmp_path_factory.mktemp("guest")
    key = directory / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    config_drive = directory / "config.iso"
    write_config_drive(
        config_drive,
        public_key=key.with_suffix(".pub").read_text().strip(),
        network=network_data("198.51.100.0", "255.255.255.0", "10.0.2.3"),
        user_data=USER_DATA,
    )
    machine = BootedGuest(directory, image, key, config_drive, ACCELERATOR, DISK_GIB)
    try:
        machine.learn_host_keys()
        machine.mark("host keys")
        machine.wait_for_sshd()
        machine.mark("sshd")
        machine.ssh("true")
        machine.mark("login")
        machine.wait_for_console(FINISHED)
        machine.mark("cloud-init")
        print(f"\nseconds after power-on: {machine.times}")
        yield machine
    finally:
        machine.stop()


def test_the_console_shows_the_one_host_key_and_no_debug_log(guest: BootedGuest) -> None:
    assert [key.split()[0] for key in guest.learn_host_keys().splitlines()] == ["ssh-ed25519"]
    assert "DEBUG" not in guest.console_text()


def test_a_wrong_host_key_is_refused(guest: BootedGuest) -> None:
    genuine = guest.known_hosts.read_text()
    other = guest.directory / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    guest.known_hosts.write_text(f"[127.0.0.1]:{guest.port} {other.with_suffix('.pub').read_text()}")
    try:
        with pytest.raises(AssertionError, match="Host key verification failed"):
            guest.ssh("true")
    finally:
        guest.known_hosts.write_text(genuine)


def test_cloud_init_did_everything_without_errors(guest: BootedGuest) -> None:
    status = json.loads(guest.ssh("cloud-init status --format json"))
    assert (status["status"], status["errors"], status["recoverable_errors"]) == ("done", [], {})
    assert "DataSourceConfigDrive" in status["detail"]
    assert guest.ssh("cat /opt/lab/copied") == "written by user data"
    assert guest.ssh("hostname; getent hosts guest >/dev/null && echo resolves") == "guest\nresolves"


def test_the_default_user_may_become_root_and_no_unit_has_failed(guest: BootedGuest) -> None:
    assert guest.ssh("sudo -n id -u; systemctl --failed --plain --no-legend").splitlines() == ["0"]


def test_the_route_of_the_network_data_is_in_the_kernel(guest: BootedGuest) -> None:
    assert "via 10.0.2.3" in guest.ssh("ip route show 198.51.100.0/24")
    assert "via 10.0.2.2" in guest.ssh("ip route show default")
    assert "mtu 1400" in guest.ssh("ip -o link show up")


def test_the_name_server_of_the_network_data_is_asked(guest: BootedGuest) -> None:
    name_servers = guest.ssh("grep ^nameserver /etc/resolv.conf").splitlines()
    assert name_servers == ["nameserver 10.0.2.3"]


def test_the_calculators_http_library_and_the_tools_are_there(guest: BootedGuest) -> None:
    guest.ssh(f"python3 -c 'import {HTTP_LIBRARY}'")
    guest.ssh("command -v curl && command -v ping && command -v traceroute")


def test_python_has_its_byte_code(guest: BootedGuest) -> None:
    code = "import json, importlib.util as u; print(u.cache_from_source(json.__file__))"
    guest.ssh(f'test -s "$(python3 -c "{code}")"')


def test_the_root_file_system_fills_the_disk(guest: BootedGuest) -> None:
    size = int(guest.ssh("systemctl is-active --quiet --wait grow-root; df --output=size -B1M / | tail -1"))
    assert size > (DISK_GIB - 0.25) * 1024


def test_a_second_boot_keeps_the_host_key_and_prints_it_again(guest: BootedGuest) -> None:
    before = guest.learn_host_keys()
    boot_id = guest.ssh("cat /proc/sys/kernel/random/boot_id")
    guest.ssh("sudo systemctl reboot", check=False)
    guest.wait_for_console(HOST_KEYS.pattern, count=2)
    guest.wait_for_console(FINISHED, count=2)
    assert guest.learn_host_keys() == before
    assert guest.ssh("cat /proc/sys/kernel/random/boot_id") != boot_id
    assert "via 10.0.2.3" in guest.ssh("ip route show 198.51.100.0/24")


def test_power_off_is_clean(guest: BootedGuest) -> None:
    guest.ssh("sudo systemctl poweroff", check=False)
    assert guest.wait_for_power_off() == 0
    assert re.search(r"reboot: Power down", guest.console_text())
