#!/usr/bin/env bash
# Runs a whole cluster on this machine in the foreground until Ctrl-C. Takes the options of `lockstep demo`.
set -eu
root=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
exec "$root/lockstep" demo "$@"
