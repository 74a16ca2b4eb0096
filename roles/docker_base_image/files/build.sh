#!/bin/sh
# Build a root file system for containers, and a small package archive for what shall be installed in them later.
# Runs as root. A killed build leaves nothing but a directory.
#
#   build.sh SOURCE...       apt source lines; none means mmdebstrap's own default
#
# Prints "built" when it built them rather than found them.
#
# Environment: RESULT (directory), SUITE, COMPONENTS, PACKAGES and OFFERED (the last three comma separated, OFFERED may be empty)
set -eu
umask 022

cache=$(dirname "$RESULT")

# Two laboratories may share the cache: one builds, the other waits and takes the result.
exec 9>"$cache/.lock"
flock 9
[ -e "$RESULT/root.tar" ] && exit 0
# Whoever holds the lock is alone: what is left here comes from a build that was killed.
rm -rf "$cache"/.build.*

work=$(mktemp -d "$cache/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/result/packages"

# Hooks get the path of the new root as their first argument, and apt's configuration for it in the environment.
cat >"$work/offer" <<EOF
#!/bin/sh
set -eu
[ -n "$OFFERED" ] || exit 0
rm -f "\$1"/var/cache/apt/archives/*.deb
APT_CONFIG="\$MMDEBSTRAP_APT_CONFIG" apt-get install --yes --download-only $(echo "$OFFERED" | tr , ' ')
mv "\$1"/var/cache/apt/archives/*.deb "$work/result/packages/"
EOF
# Containers take packages from where the user says, not from the archive of the machine that built their image. Without
# apt's caches of its lists a container's content changes when packages do, and not when somebody has looked.
cat >"$work/tidy" <<'EOF'
#!/bin/sh
set -eu
rm -f "$1/etc/apt/sources.list" "$1"/etc/apt/sources.list.d/*
printf 'Dir::Cache::%s "";\n' pkgcache srcpkgcache >"$1/etc/apt/apt.conf.d/container"
rm -rf "$1"/var/cache/apt/*.bin "$1"/var/log/*.log "$1"/var/log/apt/*
EOF
chmod +x "$work/offer" "$work/tidy"

# A mount namespace of its own: what mmdebstrap mounts in the tree vanishes with it, however it ends. Its tree is not in /tmp,
# which may be a file system in memory.
TMPDIR=$work unshare --mount mmdebstrap --mode=root --variant=minbase --components="$COMPONENTS" --include="$PACKAGES" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --customize-hook="$work/offer" --customize-hook="$work/tidy" \
    "$SUITE" "$work/result/root.tar" "$@"

# What apt reads: each package's own description, with its size and its hash.
for package in "$work"/result/packages/*.deb; do
    [ -e "$package" ] || continue
    dpkg-deb --field "$package"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' \
        "${package##*/}" "$(stat --format=%s "$package")" "$(sha256sum "$package" | cut -d ' ' -f 1)"
done >"$work/result/packages/Packages"

# The cache belongs to the user for whom root builds.
chown -R --reference="$cache" "$work/result" "$cache/.lock"
rm -rf "$RESULT"
mv "$work/result" "$RESULT"
echo built
