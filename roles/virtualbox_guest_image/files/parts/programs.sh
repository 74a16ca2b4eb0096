#!/bin/sh
# Collect the guest's programs in /result/programs.tar: one for everything and an SSH server with the libraries it loads.
set -eu

root=/programs
mkdir -p /result "$root/bin" "$root/usr/sbin" "$root/usr/bin"
cp /bin/busybox "$root/bin/busybox"
cp /usr/sbin/dropbear "$root/usr/sbin/"
cp /usr/bin/dropbearkey "$root/usr/bin/"
for library in $(ldd /usr/sbin/dropbear /usr/bin/dropbearkey | grep -o '/[^ ]*' | grep -v ':$' | sort -u); do
    mkdir -p "$root$(dirname "$library")"
    cp --dereference "$library" "$root$library"
done
# Its commands are links to the one program; the two for booting and shells come first.
mkdir -p "$root/sbin" "$root/usr/sbin"
for command in $("$root/bin/busybox" --list); do
    [ -e "$root/bin/$command" ] || ln -s /bin/busybox "$root/bin/$command"
done
ln -sf /bin/busybox "$root/sbin/init"
tar --create --file=/result/programs.tar --directory="$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner .
