#!/bin/sh
# Stop the process that a pid file names, but only if it still is the one that was started: its number may have gone to another
# process meanwhile. It runs the given executable, and has the pid file (a machine) or the settings of the same name (a process)
# among its arguments; both paths are the lab's alone.
#
#   stop_own.sh PIDFILE EXECUTABLE SIGNALS       the signals as start-stop-daemon's --retry takes them
set -eu

cmdline=/proc/$(cat "$1" 2>/dev/null || echo none)/cmdline
if grep --quiet --no-messages --null-data --line-regexp --fixed-strings -e "$1" -e "${1%.pid}.json" "$cmdline"; then
    exec start-stop-daemon --stop --oknodo --remove-pidfile --pidfile="$1" --exec="$2" --retry="$3"
fi
rm -f "$1"
echo "No process of $1 is there"
