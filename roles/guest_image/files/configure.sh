#!/bin/sh
# Turn a freshly installed tree into that of a quickly booting cloud server.
#
#   configure.sh ROOT
#
# Environment: ROOT_UUID
set -eu

here=$(dirname "$(readlink -f "$0")")
root=$1
units=$root/etc/systemd/system

# The entries of a list in trim/, without comments.
entries() { sed -E 's/#.*//; /^[[:space:]]*$/d' "$here/trim/$1"; }

cp -R "$here/overlay/." "$root/"
# A checkout made under a strict umask keeps them from the users that services run as.
(cd "$here/overlay" && find . -mindepth 1 -print0) | (cd "$root" && xargs -0 chmod u=rwX,go=rX)
chown -R 0:0 "$units" "$root/etc/cloud" "$root/etc/ssh" "$root/usr/local/sbin"
chmod 755 "$root/usr/local/sbin/grow-root" "$root/usr/local/sbin/keep-clock"

mkdir -p "$root/etc/systemd/system-generators" "$root/etc/udev/rules.d" \
    "$units/multi-user.target.wants" "$units/network-online.target.wants"
for unit in $(entries units); do ln -sfn /dev/null "$units/$unit"; done
for generator in $(entries generators); do ln -sfn /dev/null "$root/etc/systemd/system-generators/$generator"; done
for rules in $(entries udev-rules); do ln -sfn /dev/null "$root/etc/udev/rules.d/$rules.rules"; done

ln -sfn /usr/lib/systemd/system/multi-user.target "$units/default.target"
ln -sfn /usr/lib/systemd/system/cloud-init.target "$units/multi-user.target.wants/cloud-init.target"
ln -sfn /usr/lib/systemd/system/systemd-networkd-wait-online.service "$units/network-online.target.wants/"
systemctl --root="$root" --quiet enable \
    systemd-networkd.service systemd-resolved.service grow-root.service keep-clock.service

# An initial file system with the disk's driver only. The version is passed because the running kernel is the host's.
version=$(basename "$root"/lib/modules/*)
chroot "$root" mktirfs -o "/boot/initrd.img-$version" -m no --include-modules=virtio_blk "$version"

# Byte code for all of Python: without it the first Ansible module compiles the standard library, for minutes if five servers do. Packages
# bring some of it; files that are no valid Python (templates, test data) are passed over.
chroot "$root" sh -c 'python3 -m compileall -q /usr/lib/python3 /usr/lib/python3.*' >/dev/null || true

# Nothing that must differ from server to server, nothing of the host's, nothing that is only needed for building.
echo "UUID=$ROOT_UUID / ext4 noatime,errors=remount-ro 0 0" >"$root/etc/fstab"
echo localhost >"$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n' >"$root/etc/hosts"
: >"$root/etc/machine-id"
# The name servers that the network's configuration names, and no others.
ln -sfn ../run/systemd/resolve/resolv.conf "$root/etc/resolv.conf"
rm -f "$root"/etc/ssh/ssh_host_* "$root/var/lib/dbus/machine-id"
find "$root/var/lib/apt/lists" "$root/var/cache/apt" "$root/tmp" -mindepth 1 -delete
find "$root/var/log" -type f -delete

# Last, because systemd compares these times with that of /usr to see whether something was updated offline.
touch "$root/etc/.updated" "$root/var/.updated"
