#!/bin/sh
# Make the guest's disk of its kernel and its programs: a small FAT partition with syslinux and the kernel, then the root file system.
# Runs as root. Uses no loop device and leaves no mount, so that a killed build leaves nothing but a directory.
#
# Prints "built" when it built the disk rather than found it.
#
# Environment: IMAGE (path of the result), PARTS (directory with vmlinuz and programs.tar), AUTHORIZED_KEYS, SIZE_MIB, ROOT_UUID,
# KERNEL_ARGUMENTS
set -eu
umask 022

here=$(dirname "$(readlink -f "$0")")
cache=$(dirname "$IMAGE")
boot_mib=8
boot_offset=$((1024 * 1024))
root_offset=$(((1 + boot_mib) * 1024 * 1024))

# Two laboratories may share the cache: one builds, the other waits and takes the result.
exec 9>"$cache/.lock"
flock 9
[ -e "$IMAGE" ] && exit 0
# Whoever holds the lock is alone: what is left here comes from a build that was killed.
rm -rf "$cache"/.build.*

work=$(mktemp -d "$cache/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
root=$work/root
raw=$work/disk.raw

first() { for path; do [ -e "$path" ] && echo "$path" && return; done; echo "none of $* exists" >&2; return 1; }

mkdir -p "$root"
tar --extract --file="$PARTS/programs.tar" --directory="$root"
cp -R "$here/overlay/." "$root/"
chown -R 0:0 "$root"
chmod 755 "$root/etc/init.d/boot" "$root/etc/acpi/PWRF/00000080" "$root/usr/share/udhcpc/default.script"
mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" "$root/var/log" "$root/etc/dropbear"
ln -s ../run "$root/var/run"
mkdir -m 700 "$root/root" "$root/root/.ssh"
printf '%s\n' "$AUTHORIZED_KEYS" >"$root/root/.ssh/authorized_keys"
chmod 600 "$root/root/.ssh/authorized_keys"

truncate --size="${SIZE_MIB}M" "$raw"
sfdisk --quiet --label dos "$raw" <<TABLE
start=1MiB, size=${boot_mib}MiB, type=e, bootable
start=$((1 + boot_mib))MiB, type=83
TABLE
cat >"$work/syslinux.cfg" <<CFG
DEFAULT linux
PROMPT 0
TIMEOUT 0
LABEL linux
  LINUX vmlinuz
  APPEND $KERNEL_ARGUMENTS
CFG
mformat -i "$raw@@$boot_offset" -T $((boot_mib * 2048)) -h 64 -s 32 -H 2048 -c 8 -v BOOT ::
mcopy -i "$raw@@$boot_offset" "$PARTS/vmlinuz" ::vmlinuz
mcopy -i "$raw@@$boot_offset" "$work/syslinux.cfg" ::syslinux.cfg
syslinux --offset $boot_offset --install "$raw"
dd if="$(first /usr/lib/syslinux/mbr/mbr.bin /usr/lib/SYSLINUX/mbr.bin)" of="$raw" bs=440 count=1 conv=notrunc status=none
# Without a journal, which would be work for the interpreter at every boot.
mkfs.ext4 -q -F -L root -U "$ROOT_UUID" -m 0 -O ^has_journal,^metadata_csum -d "$root" \
    -E offset=$root_offset,hash_seed="$ROOT_UUID",lazy_itable_init=0 "$raw" $((SIZE_MIB - 1 - boot_mib))M

# The cache belongs to the user for whom root builds.
chown --reference="$cache" "$raw" "$cache/.lock"
mv "$raw" "$IMAGE"
echo built
