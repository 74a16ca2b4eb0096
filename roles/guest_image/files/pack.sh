#!/bin/sh
# Pack a tree into a compressed qcow2 image that BIOS machines boot: a small FAT partition with syslinux, kernel and initial file system, then
# the root file system. syslinux, because it starts the kernel three seconds sooner than grub without hardware virtualisation; on FAT,
# because it can be installed into a file there, whereas extlinux and grub want a mounted file system and so a loop device.
#
#   pack.sh ROOT IMAGE
#
# Environment: SIZE_MIB, ROOT_UUID, KERNEL_ARGUMENTS
set -eu

root=$1
image=$2
raw=$image.raw
boot_mib=40
boot_offset=$((1024 * 1024))
root_offset=$(((1 + boot_mib) * 1024 * 1024))

first() { for path; do [ -e "$path" ] && echo "$path" && return; done; echo "none of $* exists" >&2; return 1; }

truncate --size="${SIZE_MIB}M" "$raw"
sfdisk --quiet --label dos "$raw" <<TABLE
start=1MiB, size=${boot_mib}MiB, type=e, bootable
start=$((1 + boot_mib))MiB, type=83
TABLE

# The kernel leaves the tree for the boot partition: two copies would only invite the question which one counts.
version=$(basename "$root"/lib/modules/*)
cat >"$image.cfg" <<CFG
DEFAULT debian
PROMPT 0
TIMEOUT 0
LABEL debian
  LINUX vmlinuz
  INITRD initrd.img
  APPEND root=UUID=$ROOT_UUID $KERNEL_ARGUMENTS
CFG
mformat -i "$raw@@$boot_offset" -T $((boot_mib * 2048)) -h 64 -s 32 -H 2048 -v BOOT ::
mcopy -i "$raw@@$boot_offset" "$root/boot/vmlinuz-$version" ::vmlinuz
mcopy -i "$raw@@$boot_offset" "$root/boot/initrd.img-$version" ::initrd.img
mcopy -i "$raw@@$boot_offset" "$image.cfg" ::syslinux.cfg
syslinux --offset $boot_offset --install "$raw"
dd if="$(first /usr/lib/syslinux/mbr/mbr.bin /usr/lib/SYSLINUX/mbr.bin)" of="$raw" bs=440 count=1 conv=notrunc status=none
rm -f "$root/boot/vmlinuz-$version" "$root/boot/initrd.img-$version"

mkfs.ext4 -q -F -L root -U "$ROOT_UUID" -m 1 -d "$root" \
    -E offset=$root_offset,hash_seed="$ROOT_UUID",lazy_itable_init=0,lazy_journal_init=0 \
    "$raw" $((SIZE_MIB - 1 - boot_mib))M

qemu-img convert -q -O qcow2 -c -o compression_type=zstd "$raw" "$image"
rm -f "$raw" "$image.cfg"
