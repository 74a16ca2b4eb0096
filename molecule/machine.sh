#!/bin/sh
# A guest's first process: gives the guest a network card with a router at the other end of its cable, and becomes systemd.
# /proc and /sys stay read-only, as Docker has made them: the settings in there are this machine's, and systemd does not wait for
# devices that nobody announces.
set -eu

# On a machine it would take away the cgroups of everything that runs there.
if [ $$ -ne 1 ]; then
    echo "$0: only for the first process of a container" >&2
    exit 1
fi

ip netns add router
ip link add eth0 type veth peer name eth0 netns router
ip -n router address add 192.168.56.253/24 dev eth0
ip -n router address add 10.0.2.7/32 dev lo
ip -n router link set lo up
ip -n router link set eth0 up

export container=docker
init='exec /usr/lib/systemd/systemd --system --show-status=false'
if [ "$(stat --file-system --format %T /sys/fs/cgroup)" = cgroup2fs ]; then
    mount --options remount,rw /sys/fs/cgroup
    eval "$init"
fi

# systemd needs the unified hierarchy, and on a host with cgroup v1 Docker gives it none. Named after the guest, so that the next
# one finds this group again instead of leaving another one behind.
group=/run/cgroup2/cloud-lab-$(hostname)
mkdir /run/cgroup2
mount -t cgroup2 cgroup2 /run/cgroup2
mkdir -p "$group"
echo $$ >"$group/cgroup.procs"
exec unshare --cgroup sh -euc "umount /run/cgroup2
umount --recursive --lazy /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
$init"
