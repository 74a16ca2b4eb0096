#!/bin/sh
# Runs in a container: a machine, emulated by QEMU, that takes the container's place on its network. It is made of the container's own
# packages, and has what a container cannot have: a kernel of its own, with VirtualBox's driver.
#
# Environment: AUTHORIZED_KEY (of root), GATEWAY (address), MEMORY_MIB
#
# SSH answers on the container's 127.0.0.1:22 with the container's host key, which is final once there is a disk.
set -eu

disk=/var/lib/nested/disk.raw
# Any two that are not the same, of the kind that nobody owns.
lan_mac=02:00:00:00:00:01
door_mac=02:00:00:00:00:02

address=$(ip -4 -oneline address show dev eth0 | awk '{print $4}')

# A container that is started again goes on with its machine's disk.
if [ ! -e $disk ]; then
    mkdir -p /root/.ssh "${disk%/*}"
    echo "$AUTHORIZED_KEY" >/root/.ssh/authorized_keys
    rm -f /etc/ssh/ssh_host_*
    ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
    cat >/etc/systemd/network/lan.network <<EOF
[Match]
MACAddress=$lan_mac
[Network]
Address=$address
Gateway=$GATEWAY
EOF
    cat >/etc/systemd/network/door.network <<EOF
[Match]
MACAddress=$door_mac
[Network]
Address=192.0.2.15/24
EOF
    printf '%s\n' vboxdrv vboxnetflt vboxnetadp >/etc/modules-load.d/virtualbox.conf
    systemctl --quiet --root=/ enable systemd-networkd
    {
        tar --create --one-file-system --exclude=./.dockerenv --exclude=".${disk%/*}" --directory=/ .
        touch $disk.whole
    } | mke2fs -q -t ext4 -d - $disk.part 6G
    [ -e $disk.whole ]
    mv $disk.part $disk
fi

# The container's address becomes the machine's: a bridge takes its interface, and so do the machine's packets.
[ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
ip link add lan type bridge
ip tuntap add dev machine mode tap
for port in eth0 machine; do ip link set $port master lan; done
ip address flush dev eth0
for interface in machine lan; do ip link set $interface up; done

# Of the processors that QEMU emulates this is one that has virtualisation: AMD's, as it does not emulate Intel's.
exec qemu-system-x86_64 -nodefaults -no-reboot -display none -machine q35 -accel tcg,thread=multi,tb-size=512 -cpu EPYC \
    -smp 2 -m "$MEMORY_MIB" -kernel /boot/vmlinuz-* -initrd /boot/initrd.img-* \
    -append "root=/dev/vda rw console=ttyS0 quiet mitigations=off systemd.hostname=$(hostname)" \
    -drive "file=$disk,format=raw,if=virtio" -serial "file:${disk%/*}/console" \
    -netdev tap,id=lan,ifname=machine,script=no,downscript=no -device "virtio-net-pci,netdev=lan,mac=$lan_mac,romfile=" \
    -netdev user,id=door,restrict=on,net=192.0.2.0/24,hostfwd=tcp:127.0.0.1:22-:22 -device "virtio-net-pci,netdev=door,mac=$door_mac,romfile="
