#!/bin/bash
# Boots an image with KVM and tells whether its system came to its own first words on the console. That the firmware runs proves nothing:
# there are machines with a KVM that executes it, and stops at the boot loader.
# Usage: kvm_trial.sh IMAGE SECONDS. Exits 0 if it did, 1 if it did not.
set -u
image=$1 seconds=$2

coproc GUEST {
  exec timeout --kill-after=5 "$seconds" qemu-system-x86_64 -nodefaults -display none -m 256 -accel kvm -serial stdio -snapshot \
    -drive "file=$image,if=virtio,format=qcow2" < /dev/null 2>&1
}
guest=$GUEST_PID
word=$(grep --text --only-matching --extended-regexp --max-count=1 'systemd|[Cc]loud-init|login:|KVM internal error' <&"${GUEST[0]}")
# It hands the signal on, and nothing is left of it afterwards.
kill "$guest" 2> /dev/null && wait "$guest"
[ "${word:-KVM internal error}" != 'KVM internal error' ]
