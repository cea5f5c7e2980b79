#!/usr/bin/env bash
# Starts and stops a cluster of background nodes on this machine. Touches only processes whose command line says that
# they are nodes of the given data directory, and deletes only what Lockstep made there.
set -eu

root=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
lockstep=$root/lockstep
ready_seconds=${LOCKSTEP_READY_SECONDS:-90}
stop_seconds=10

usage() {
  cat <<'USAGE'
usage: cluster_manager.sh start|stop|restart|status|logs|clean [options]
  -n, --nodes N      how many nodes (start; default 3, later that of the first start)
  -p, --port BASE    first port between nodes; the API listens at BASE + 1000 (start; default 8001)
      --data-dir DIR where folders and state are (default: data)
      --yes          clean: really delete the folders and the state
  -f, --follow       logs: go on showing what is written
exit status: 0 done (status: all nodes run), 1 failed, 2 wrong usage
USAGE
}

say() { printf '%s\n' "$*"; }
fail() {
  printf 'cluster_manager.sh: %s\n' "$*" >&2
  exit 1
}
misuse() {
  printf 'cluster_manager.sh: %s\n' "$*" >&2
  usage >&2
  exit 2
}

is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; [ "${#1}" -le 5 ]; }

command=
nodes=
base=
data=data
yes=no
follow=no
while [ $# -gt 0 ]; do
  case $1 in
    -n | --nodes | -p | --port | --data-dir)
      [ $# -ge 2 ] || misuse "$1 needs a value"
      case $1 in
        -n | --nodes) nodes=$2 ;;
        -p | --port) base=$2 ;;
        *) data=$2 ;;
      esac
      shift
      ;;
    --yes) yes=yes ;;
    -f | --follow) follow=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*) misuse "unknown option: $1" ;;
    *)
      [ -z "$command" ] || misuse "one command at a time: $command, $1"
      command=$1
      ;;
  esac
  shift
done
[ -n "$command" ] || misuse "no command given"
[ -z "$nodes" ] || { is_number "$nodes" && [ "$nodes" -ge 1 ] && [ "$nodes" -le 9 ]; } || misuse "-n must be 1 to 9"
[ -z "$base" ] || { is_number "$base" && [ "$base" -ge 1024 ] && [ "$base" -le 64000 ]; } \
  || misuse "-p must be 1024 to 64000"
data=$(realpath -m -- "$data")
states=$data/.lockstep
# Says that Lockstep made this directory, and with which nodes and ports.
made=$states/cluster

setting() { sed -n "s/^$1=\([0-9]*\)$/\1/p" "$made" 2>/dev/null | head -n 1; }

# Takes nodes and ports from the first start; refuses others, because the cluster knows its members by their ports.
load_settings() {
  known_nodes=$(setting nodes)
  known_base=$(setting raftPort)
  if [ -n "$known_nodes" ] && [ -n "$nodes" ] && [ "$nodes" != "$known_nodes" ]; then
    fail "$data holds a cluster of $known_nodes nodes, not $nodes: leave out -n, or choose another --data-dir"
  fi
  if [ -n "$known_base" ] && [ -n "$base" ] && [ "$base" != "$known_base" ]; then
    fail "the cluster in $data uses ports from $known_base, not $base: leave out -p, or choose another --data-dir"
  fi
  nodes=${known_nodes:-${nodes:-3}}
  base=${known_base:-${base:-8001}}
  http=$(setting httpPort)
  http=${http:-$((base + 1000))}
}

# The command line of a process, one argument per array element.
read_arguments() {
  arguments=()
  [ -r "/proc/$1/cmdline" ] || return 1
  mapfile -d '' -t arguments 2>/dev/null <"/proc/$1/cmdline" || return 1
  [ "${#arguments[@]}" -gt 0 ]
}

# Whether process $1 is the Lockstep command $2 with $4, as a path, after its option $3.
is_ours() {
  local arguments i seen=no
  read_arguments "$1" || return 1
  for i in "${!arguments[@]}"; do
    case ${arguments[$i]} in
      dev.lockstep.cli.Lockstep | */lockstep.jar) [ "${arguments[$((i + 1))]:-}" = "$2" ] && seen=yes ;;
      "$3")
        if [ "$seen" = yes ]; then
          [ "$(cd -- "/proc/$1/cwd" 2>/dev/null && realpath -m -- "${arguments[$((i + 1))]:-}")" = "$4" ]
          return
        fi
        ;;
    esac
  done
  # A demo without --data works in ./data.
  [ "$seen" = yes ] && [ "$2" = demo ] && [ "$(cd -- "/proc/$1/cwd" 2>/dev/null && realpath -m data)" = "$4" ]
}

recorded_pid() {
  local pid
  [ -r "$1" ] || return 1
  read -r pid <"$1" || true
  case $pid in '' | *[!0-9]*) return 1 ;; esac
  printf '%s\n' "$pid"
}

# The process of a node that runs; the number in the pid file may belong to another program by now.
node_pid() {
  local pid
  pid=$(recorded_pid "$states/$1/node.pid") && is_ours "$pid" node --folder "$data/$1" && printf '%s\n' "$pid"
}

demo_pid() {
  local pid
  pid=$(recorded_pid "$states/demo.pid") && is_ours "$pid" demo --data "$data" && printf '%s\n' "$pid"
}

known_nodes() {
  local state
  for state in "$states"/*/; do
    [ -e "${state}node.pid" ] && basename -- "$state"
  done
  return 0
}

# The status code of GET $2 at local port $1, nothing if nobody answers within two seconds.
http_code() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n" "$2" "$1" >&3
    read -r _ code _ <&3 && printf "%s\n" "$code"' - "$1" "$2" 2>/dev/null || true
}

# shellcheck disable=SC2016 # expanded by the inner shell
port_is_taken() { timeout 2 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"' - "$1" 2>/dev/null; }

# The program that listens on a port, as far as this user may see it.
port_holder() {
  local hex inode descriptor pid
  hex=$(printf ':%04X' "$1")
  while read -r inode; do
    for descriptor in /proc/[0-9]*/fd/*; do
      if [ "$(readlink -- "$descriptor" 2>/dev/null)" = "socket:[$inode]" ]; then
        pid=${descriptor#/proc/}
        pid=${pid%%/*}
        printf '%s (pid %s)\n' "$(cat "/proc/$pid/comm" 2>/dev/null || echo 'a program')" "$pid"
        return
      fi
    done
  done < <(awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  say "a program of another user"
}

require_free() {
  if port_is_taken "$2"; then
    fail "$1 port $2 is in use by $(port_holder "$2"): end that program, or start with another -p"
  fi
}

last_lines() {
  [ -r "$states/$1/log" ] || return 0
  say "the end of $states/$1/log:" >&2
  tail -n 8 -- "$states/$1/log" | sed 's/^/  /' >&2
}

make_private() { (umask 077 && mkdir -p -- "$1"); }

start_node() {
  local name=node$1 peers='' i
  for ((i = 1; i <= nodes; i++)); do
    peers=$peers${peers:+,}node$i=127.0.0.1:$((base + i - 1))
  done
  make_private "$states/$name"
  setsid "$lockstep" node --id "$name" --folder "$data/$name" --peers "$peers" \
    --http "127.0.0.1:$((http + $1 - 1))" >>"$states/$name/log" 2>&1 </dev/null &
  started[$1]=$!
}

# Waits until every node serves; a node that ends first, or never serves, is a failure.
await_ready() {
  local i deadline=$((SECONDS + ready_seconds))
  for ((i = 1; i <= nodes; i++)); do
    until [ "$(http_code $((http + i - 1)) /readyz)" = 200 ]; do
      if [ -n "${started[$i]:-}" ] && ! kill -0 "${started[$i]}" 2>/dev/null; then
        last_lines "node$i"
        fail "node$i ended instead of starting; what did start runs on (see: $0 status --data-dir $data)"
      fi
      if [ "$SECONDS" -ge "$deadline" ]; then
        last_lines "node$i"
        fail "node$i is not ready after $ready_seconds s; it runs on (see: $0 status --data-dir $data)"
      fi
      sleep 0.2
    done
  done
}

start() {
  local i missing=()
  load_settings
  if [ -n "$(demo_pid)" ]; then
    fail "a demo (pid $(demo_pid)) runs on $data: stop it first"
  fi
  # Builds, if that is needed, once and in sight.
  "$lockstep" --version >/dev/null || exit 1
  for ((i = 1; i <= nodes; i++)); do
    if [ -n "$(node_pid "node$i")" ]; then
      say "node$i runs already (pid $(node_pid "node$i"))"
    else
      require_free "node$i: peer" $((base + i - 1))
      require_free "node$i: HTTP" $((http + i - 1))
      missing+=("$i")
    fi
  done
  mkdir -p -- "$data"
  make_private "$states"
  [ -e "$made" ] || printf 'nodes=%s\nraftPort=%s\nhttpPort=%s\n' "$nodes" "$base" "$http" >"$made"
  started=()
  for i in "${missing[@]}"; do
    start_node "$i"
  done
  await_ready
  for ((i = 1; i <= nodes; i++)); do
    say "node$i  $data/node$i  API http://127.0.0.1:$((http + i - 1))  pid $(node_pid "node$i")"
  done
}

await_end() {
  local deadline=$((SECONDS + stop_seconds))
  while kill -0 "$1" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ]; do
    sleep 0.1
  done
  ! kill -0 "$1" 2>/dev/null
}

stop() {
  local name pid demo pids=() i
  demo=$(demo_pid || true)
  if [ -n "$demo" ]; then
    kill -TERM "$demo" 2>/dev/null || true
    await_end "$demo" && say "the demo (pid $demo) has ended"
  fi
  for name in $(known_nodes); do
    pid=$(node_pid "$name" || true)
    if [ -n "$pid" ]; then
      kill -TERM "$pid" 2>/dev/null || true
      pids+=("$name" "$pid")
    fi
  done
  for ((i = 0; i < ${#pids[@]}; i += 2)); do
    name=${pids[$i]} pid=${pids[$((i + 1))]}
    if await_end "$pid"; then
      say "$name (pid $pid) has ended"
    elif [ "$(node_pid "$name")" = "$pid" ]; then
      kill -KILL "$pid" 2>/dev/null || true
      await_end "$pid" || fail "$name (pid $pid) does not end"
      say "$name (pid $pid) did not end within $stop_seconds s and was killed"
    fi
  done
  [ -n "$demo" ] || [ "${#pids[@]}" -gt 0 ] || say "no node of $data runs"
}

status() {
  local i pid running=0
  load_settings
  for ((i = 1; i <= nodes; i++)); do
    pid=$(node_pid "node$i" || true)
    if [ -n "$pid" ]; then
      running=$((running + 1))
      say "node$i  runs, pid $pid, $([ "$(http_code $((http + i - 1)) /readyz)" = 200 ] && echo ready || echo 'not ready')"
    else
      say "node$i  does not run"
    fi
  done
  if [ "$running" -gt 0 ]; then
    say ""
    "$lockstep" status --data "$data" || true
  fi
  [ "$running" -eq "$nodes" ]
}

logs() {
  local files=() name
  for name in "$states"/*/; do
    [ -r "${name}log" ] && files+=("${name}log")
  done
  [ "${#files[@]}" -gt 0 ] || fail "no logs in $states"
  if [ "$follow" = yes ]; then
    exec tail -n 20 -F -- "${files[@]}"
  fi
  tail -n 20 -- "${files[@]}"
}

clean() {
  local name
  [ -e "$made" ] || fail "$data was not made by Lockstep's demo or by this script; nothing was deleted"
  load_settings
  for name in $(known_nodes); do
    [ -z "$(node_pid "$name")" ] || fail "$name runs (pid $(node_pid "$name")): stop the cluster first"
  done
  if [ "$yes" != yes ]; then
    fail "this would delete $data/node1..node$nodes with all files in them, and $states; say so with --yes"
  fi
  for ((i = 1; i <= nodes; i++)); do
    rm -rf -- "${data:?}/node$i"
  done
  rm -rf -- "${states:?}"
  if rmdir -- "$data" 2>/dev/null; then
    say "deleted $data"
  else
    say "deleted the nodes in $data; what else is in it stays"
  fi
}

case $command in
  start) start ;;
  stop) stop ;;
  restart)
    stop
    start
    ;;
  status) status ;;
  logs) logs ;;
  clean) clean ;;
  *) misuse "unknown command: $command" ;;
esac
