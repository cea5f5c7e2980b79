#!/usr/bin/env bash
# Proves that the tests can see: puts one fault at a time into a copy of the program and runs the tests that must fail.
# Each fault is a patch in src/test/sabotage whose first lines say what it is and what catches it.
set -eu
root=$(cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.." && pwd)
faults=$root/src/test/sabotage
work=$root/target/sabotage

usage() {
  cat <<'USAGE'
usage: sabotage.sh [FAULT ...]     (M01, M02, ...; default: all)
       sabotage.sh --list
exit status: 0 all were caught, 1 some were not, 2 wrong usage
USAGE
}

header() { sed -n "s/^$2: //p" "$1"; }

list() {
  for patch in "$faults"/M*.patch; do
    printf '%s  %s\n' "$(basename "$patch" .patch)" "$(header "$patch" Fault)"
  done
}

# Where the changed sources are, compiled into the copy and packed into its program.
compile() {
  local copy=$1
  shift
  local changed=("$@")
  (cd "$copy" && "$JAVA_HOME/bin/javac" -nowarn -proc:none -parameters --release 25 \
    -cp "target/classes:target/lib/*" -d target/classes "${changed[@]}") || return 1
  "$JAVA_HOME/bin/jar" --update --file "$copy/target/lockstep.jar" -C "$copy/target/classes" dev
}

# Prints what became of one fault; fails if no test saw it.
try() {
  local patch=$1 name copy changed tests began
  name=$(basename "$patch" .patch)
  copy=$work/$name
  began=$SECONDS
  rm -rf -- "$copy"
  mkdir -p "$copy/target"
  cp -r -- "$root/pom.xml" "$root/src" "$copy/"
  cp -r -- "$root/target/classes" "$root/target/test-classes" "$root/target/lockstep.jar" \
    "$root/target/node.options" "$root/target/command.options" "$copy/target/"
  ln -s -- "$root/target/lib" "$copy/target/lib"
  mapfile -t changed < <(sed -n 's/^+++ b\///p' "$patch")
  if ! (cd "$copy" && patch --quiet --forward -p1) <"$patch" >"$copy/log" 2>&1; then
    printf '%-4s DOES NOT FIT   %s\n' "$name" "$(header "$patch" Fault)"
    return 1
  fi
  if ! compile "$copy" "${changed[@]}" >>"$copy/log" 2>&1; then
    printf '%-4s NOT COMPILED   %s (see %s)\n' "$name" "$(header "$patch" Fault)" "$copy/log"
    return 1
  fi
  tests=$(header "$patch" Test)
  if [ -n "$tests" ]; then
    set -- surefire:test "-Dtest=$tests"
  else
    tests=$(header "$patch" IT)
    set -- failsafe:integration-test failsafe:verify "-Dit.test=$tests"
  fi
  (cd "$copy" && mvn -B -ntp "$@") >>"$copy/log" 2>&1 || true
  if grep -q '^\[ERROR\] Tests run: .*\(Failures: [1-9]\|Errors: [1-9]\)' "$copy/log"; then
    printf '%-4s caught         %s, by %s, %d s\n' "$name" "$(header "$patch" Fault)" "$tests" $((SECONDS - began))
    rm -rf -- "$copy"
  else
    printf '%-4s NOT CAUGHT     %s, by %s (see %s)\n' "$name" "$(header "$patch" Fault)" "$tests" "$copy/log"
    return 1
  fi
}

case "${1:-}" in
  -h | --help) usage; exit 0 ;;
  --list) list; exit 0 ;;
  -*) usage >&2; exit 2 ;;
esac

for candidate in "${JAVA_HOME:-/none}" /usr/lib/jvm/*; do
  if [ -x "$candidate/bin/javac" ] && "$candidate/bin/java" -version 2>&1 | grep -q 'version "25'; then
    export JAVA_HOME=$candidate
    break
  fi
done

chosen=()
for name in "${@:-}"; do
  for patch in "$faults"/${name:-M*}.patch; do
    [ -f "$patch" ] || { echo "sabotage.sh: no such fault: $name; see --list" >&2; exit 2; }
    chosen+=("$patch")
  done
done

echo "building ..."
mkdir -p "$root/target"
(cd "$root" && mvn -B -ntp -q -DskipTests package >"$root/target/sabotage.log" 2>&1) || {
  echo "sabotage.sh: the build failed, see $root/target/sabotage.log" >&2
  exit 1
}

missed=0
for patch in "${chosen[@]}"; do
  try "$patch" || missed=$((missed + 1))
done
if [ "$missed" -gt 0 ]; then
  echo "$missed of ${#chosen[@]} faults were not caught"
  exit 1
fi
echo "all ${#chosen[@]} faults were caught"
