# MiB of everything in the container but its servers, what processes share counted once:
#   docker exec -i cloud-lab sh < benchmarks/memory.sh
for process in /proc/[0-9]*; do
    case $(tr '\0' ' ' < "$process/cmdline" 2> /dev/null) in *qemu-system*) continue ;; esac
    awk '/^Pss:/ {print $2}' "$process/smaps_rollup" 2> /dev/null
done | awk '{sum += $1} END {printf "%d\n", sum / 1024}'
