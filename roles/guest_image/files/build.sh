#!/bin/sh
# Build the guest image: bootstrap the packages, configure the tree, pack it into a disk image.
# Runs as root. Uses no loop device and leaves no mount, so that a killed build leaves nothing but a directory.
#
#   build.sh SOURCE...       apt source lines; none means mmdebstrap's own default
#
# Prints "built" when it built the image rather than found it.
#
# Environment: IMAGE (path of the result), SUITE, PACKAGES (comma separated), SIZE_MIB, ROOT_UUID, KERNEL_ARGUMENTS
set -eu
umask 022

here=$(dirname "$(readlink -f "$0")")
cache=$(dirname "$IMAGE")

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

# A mount namespace of its own: what mmdebstrap mounts in the tree vanishes with it, however it ends, and the removal of the
# tree can never reach through it.
unshare --mount mmdebstrap --mode=root --variant=minbase --format=directory --components=main --include="$PACKAGES" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    "$SUITE" "$root" "$@"

sh "$here/configure.sh" "$root"
sh "$here/pack.sh" "$root" "$work/image.qcow2"

# The cache belongs to the user for whom root builds.
chown --reference="$cache" "$work/image.qcow2" "$cache/.lock"
mv "$work/image.qcow2" "$IMAGE"
echo built
