#!/bin/sh
# Build the root file system of a system container. Runs as root. A killed build leaves nothing but a directory.
#
#   build.sh SOURCE...       apt source lines; none means mmdebstrap's own default
#
# Prints "built" when it built it rather than found it.
#
# Environment: RESULT (the archive's path), SUITE and PACKAGES (comma separated)
set -eu
umask 022

cache=$(dirname "$RESULT")

# Two laboratories may share the cache: one builds, the other waits and takes the result.
exec 9>"$cache/.lock"
flock 9
[ -e "$RESULT" ] && exit 0
# Whoever holds the lock is alone: what is left here comes from a build that was killed.
rm -rf "$cache"/.build.*

work=$(mktemp -d "$cache/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Nothing of the archive of the machine that built it, and nothing that must differ from container to container.
cat >"$work/tidy" <<'END'
#!/bin/sh
set -eu
rm -f "$1/etc/apt/sources.list" "$1"/etc/apt/sources.list.d/* "$1/var/lib/dbus/machine-id"
: >"$1/etc/machine-id"
rm -rf "$1"/var/cache/apt/*.bin "$1"/var/log/*.log "$1"/var/log/apt/*
END
chmod +x "$work/tidy"

# A mount namespace of its own: what mmdebstrap mounts in the tree vanishes with it, however it ends. Its tree is not in /tmp,
# which may be a file system in memory.
TMPDIR=$work unshare --mount mmdebstrap --mode=root --variant=minbase --components=main --include="$PACKAGES" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --customize-hook="$work/tidy" "$SUITE" "$work/root.tar" "$@"

# The cache belongs to the user for whom root builds.
chown --reference="$cache" "$work/root.tar" "$cache/.lock"
mv "$work/root.tar" "$RESULT"
echo built
