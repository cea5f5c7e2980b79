#!/usr/bin/env bash
# Tries a cluster of its own from outside: three nodes in a temporary directory on free ports. Exit status 0 means that
# everything held; otherwise the checks that failed are named, and what the nodes logged is kept.
set -eu

root=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.." && pwd)
manager=$root/scripts/cluster_manager.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/lockstep-test.XXXXXX")
data=$work/data
failures=0
checks=0

finish() {
  local status=$?
  trap - EXIT INT TERM
  "$manager" stop --data-dir "$data" >/dev/null 2>&1 || true
  if [ "$status" -eq 0 ]; then
    rm -rf -- "${work:?}"
  else
    echo "kept for a look: $work" >&2
  fi
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

check() {
  local what=$1
  shift
  checks=$((checks + 1))
  if "$@"; then
    echo "ok    $what"
  else
    echo "FAIL  $what"
    failures=$((failures + 1))
  fi
}

# shellcheck disable=SC2016 # expanded by the inner shell
is_taken() { timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"' - "$1" 2>/dev/null; }

free_base() {
  local candidate i
  while :; do
    candidate=$((20000 + RANDOM % 8000))
    for i in 0 1 2 1000 1001 1002; do
      is_taken $((candidate + i)) && continue 2
    done
    echo "$candidate"
    return
  done
}

api() { echo "127.0.0.1:$((base + 1000 + $1 - 1))"; }

# Waits until everything done in the folder of node $1 stands in every folder.
sync_all() { "$root/lockstep" sync --all --api "$(api "$1")" >/dev/null; }

same_file() { cmp -s -- "$data/node1/$1" "$data/node2/$1" && cmp -s -- "$data/node1/$1" "$data/node3/$1"; }
gone() { [ ! -e "$data/node1/$1" ] && [ ! -e "$data/node2/$1" ] && [ ! -e "$data/node3/$1" ]; }

# Names, types, modes and bytes of a folder, without the marker.
tree() {
  (cd -- "$data/$1" && find . -mindepth 1 ! -path ./.lockstep -printf '%P %y %m %l\n' | LC_ALL=C sort
    find . -type f ! -path ./.lockstep -exec sha256sum -- {} + | LC_ALL=C sort)
}
same_trees() { [ "$(tree node1)" = "$(tree node2)" ] && [ "$(tree node1)" = "$(tree node3)" ]; }
holds() { [ "$(cat -- "$data/$1")" = "$2" ]; }

field() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  timeout 5 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/${1##*:}"
    printf "GET /v1/status HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" "$1" >&3; cat <&3' - "$(api "$1")" \
    | sed -n "s/.*\"$2\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1
}

agree_on_leader() {
  local leader
  leader=$(field 1 leader)
  [ -n "$leader" ] && [ "$leader" != null ] && [ "$(field 2 leader)" = "$leader" ] && [ "$(field 3 leader)" = "$leader" ]
}

base=$(free_base)
echo "starting three nodes in $work (ports from $base)"
"$manager" start -n 3 -p "$base" --data-dir "$data"
check "all nodes name the same leader" agree_on_leader

echo "Hello World!" >"$data/node1/hello.txt"
check "a barrier after a creation returns 0" sync_all 1
check "a file created on node1 is on every node" same_file hello.txt
check "with its bytes" holds node3/hello.txt "Hello World!"

echo "edited on node2" >>"$data/node2/hello.txt"
check "a barrier after an edit returns 0" sync_all 2
check "an edit on node2 is on every node" same_file hello.txt

head -c 300000 /dev/urandom >"$data/node3/random.bin"
: >"$data/node3/empty"
printf 'name with blanks' >"$data/node3/with blanks, and ümläuts.txt"
mkdir -p "$data/node3/a/b/c" "$data/node3/empty directory"
echo deep >"$data/node3/a/b/c/deep.txt"
ln -s hello.txt "$data/node3/link"
printf '#!/bin/sh\n' >"$data/node3/run.sh"
chmod 755 "$data/node3/run.sh"
check "a barrier after many creations returns 0" sync_all 3
check "binary files arrive bit for bit" same_file random.bin
check "nested, empty, linked and executable entries arrive" same_trees

mv "$data/node1/hello.txt" "$data/node1/renamed.txt"
mv "$data/node1/a" "$data/node1/moved"
check "a barrier after renames returns 0" sync_all 1
check "the old names are gone everywhere" gone hello.txt
check "the renamed file is on every node" same_file renamed.txt
check "a renamed directory took its content along" same_file moved/b/c/deep.txt

rm "$data/node2/random.bin"
rm -r "$data/node2/moved"
check "a barrier after deletions returns 0" sync_all 2
check "a deleted file is gone everywhere" gone random.bin
check "a deleted directory is gone everywhere" gone moved

for i in 1 2 3; do
  for j in $(seq 20); do
    echo "file $j of node$i" >"$data/node$i/many-$i-$j.txt"
  done
done
check "a barrier on node1 after work on all returns 0" sync_all 1
check "a barrier on node2 after work on all returns 0" sync_all 2
check "a barrier on node3 after work on all returns 0" sync_all 3
check "work on all nodes at once ends in equal trees" same_trees

leader=$(field 1 leader)
victim=${leader#node}
survivor=$((victim % 3 + 1))
other=$((survivor % 3 + 1))
pid=$(field "$victim" pid)
echo "killing the leader, $leader (pid $pid)"
kill -KILL "$pid"
echo "written without $leader" >"$data/node$survivor/failover.txt"
check "two of three nodes commit on" "$root/lockstep" sync --timeout 30 --api "$(api "$survivor")"
echo "edited while it is down" >"$data/node$victim/offline.txt"
for _ in $(seq 100); do
  [ -e "$data/node$other/failover.txt" ] && break
  sleep 0.1
done
check "the other survivor has the file" cmp -s "$data/node$survivor/failover.txt" "$data/node$other/failover.txt"
"$manager" start --data-dir "$data" >/dev/null
check "the restarted node's barrier returns 0" sync_all "$victim"
check "it caught up, and its own edit is on every node" same_file offline.txt
check "all trees are equal at the end" same_trees
check "lockstep verify says the same" "$root/lockstep" verify --api "$(api 1)"

echo
if [ "$failures" -gt 0 ]; then
  echo "$failures of $checks checks failed"
  exit 1
fi
echo "all $checks checks passed"
