#!/bin/sh
# Build the guest's kernel and collect its programs, from Debian packages. Runs as root, for five to ten minutes.
# A killed build leaves nothing but a directory.
#
#   build.sh SOURCE...       apt source lines; none means mmdebstrap's own default
#
# Prints "built" when it built them rather than found them.
#
# Environment: RESULT (directory, gets vmlinuz and programs.tar), SUITE, BUILD_PACKAGES and PACKAGES (comma separated)
set -eu
umask 022

here=$(dirname "$(readlink -f "$0")")
cache=$(dirname "$RESULT")

# Two laboratories may share the cache: one builds, the other waits and takes the result.
exec 9>"$cache/.lock"
flock 9
[ -e "$RESULT/vmlinuz" ] && exit 0
# Whoever holds the lock is alone: what is left here comes from a build that was killed.
rm -rf "$cache"/.build.*

work=$(mktemp -d "$cache/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/result"

# A mount namespace of its own: what mmdebstrap mounts in the tree vanishes with it, however it ends. Its tree is not in /tmp,
# which may be a file system in memory. Nothing of the tree is kept but what the hooks copy.
TMPDIR=$work unshare --mount mmdebstrap --mode=root --variant=minbase --format=null --components=main \
    --include="$BUILD_PACKAGES,$PACKAGES" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook="copy-in '$here/kernel.config' '$here/compile.sh' '$here/programs.sh' /" \
    --customize-hook='chroot "$1" sh /programs.sh' \
    --customize-hook='chroot "$1" sh /compile.sh' \
    --customize-hook="copy-out /result/vmlinuz /result/programs.tar '$work/result'" \
    "$SUITE" /dev/null "$@"

# The cache belongs to the user for whom root builds.
chown -R --reference="$cache" "$work/result" "$cache/.lock"
rm -rf "$RESULT"
mv "$work/result" "$RESULT"
echo built
