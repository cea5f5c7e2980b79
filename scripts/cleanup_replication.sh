#!/usr/bin/env bash
# Stops the nodes of a data directory, however they were started. Deletes data only with --delete-data.
set -eu
here=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)

usage() {
  echo "usage: cleanup_replication.sh [--data-dir DIR] [--delete-data]"
  echo "Stops the nodes of DIR (default: data). Folders and state stay unless --delete-data is given."
}

data=data
delete=no
while [ $# -gt 0 ]; do
  case $1 in
    --data-dir)
      [ $# -ge 2 ] || { usage >&2; exit 2; }
      data=$2
      shift 2
      ;;
    --delete-data)
      delete=yes
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      echo "cleanup_replication.sh: unknown argument: $1" >&2
      usage >&2
      exit 2
      ;;
  esac
done

if [ ! -d "$data" ]; then
  echo "nothing to clean up: $data does not exist"
  exit 0
fi
"$here/cluster_manager.sh" stop --data-dir "$data"
if [ "$delete" = yes ]; then
  "$here/cluster_manager.sh" clean --yes --data-dir "$data"
else
  echo "the data stays in $data (delete it with: $0 --data-dir $data --delete-data)"
fi
