#!/usr/bin/env bash
# Builds the fuzzers (clang, libFuzzer, address and undefined-behaviour sanitizers) and runs each for a
# while, two at a time, from the committed corpora. README.md says what they check.
#
# usage: run.sh [--seconds N] [--minimise] [FUZZER...]
#
#   --seconds N  for each fuzzer (20)
#   --minimise   afterwards takes what was found into corpus/, as far as it covers code that nothing
#                else there does
#
# Prints a line per fuzzer. Exit code 1 and the path of the input if a fuzzer found a defect; run the
# fuzzer with that path to see it again.
set -euo pipefail
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd -- "$HERE/../.." && pwd)
PROGRAMS=$ROOT/build/fuzz/tests/fuzz
# What one run leaves for the next: inputs found, logs, inputs that crashed.
WORK=$ROOT/build/fuzz/work
FUZZERS=(config event_http event_proto glob go_format jsonpath plan quantity settings_file)
LIMITS=(-max_len=4096 -rss_limit_mb=2048 -timeout=20)
PARALLEL=2
SECONDS_EACH=20 MINIMISE=0

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }

build() {
  (cd "$ROOT" && cmake --preset fuzz > /dev/null && cmake --build --preset fuzz) |
    grep -v '^\[' || [[ ${PIPESTATUS[0]} -eq 0 ]]
}

# Words of the input's language, if there are any.
dictionary() {
  local name=$1
  [[ $name != plan ]] || name=config
  [[ ! -f $HERE/dictionaries/$name.dict ]] || echo "-dict=$HERE/dictionaries/$name.dict"
}

# fuzz NAME: never fails by itself, the log tells.
fuzz() {
  local name=$1 options=()
  mkdir -p "$WORK/$name" "$WORK/crashes"
  mapfile -t options < <(dictionary "$name")
  "$PROGRAMS/fuzz-$name" "${LIMITS[@]}" "${options[@]}" -max_total_time="$SECONDS_EACH" \
    -print_final_stats=1 -artifact_prefix="$WORK/crashes/$name-" \
    "$WORK/$name" "$HERE/corpus/$name" > "$WORK/$name.log" 2>&1 || echo "exit code $?" >> "$WORK/$name.log"
}

# report NAME: the line of a fuzzer; 1 if it found a defect.
report() {
  local name=$1 log=$WORK/$1.log execs coverage
  execs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
  coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
  if grep -q '^exit code' "$log"; then
    printf '%-14s DEFECT\n' "$name"
    grep -E 'does not hold|SUMMARY|ERROR: |runtime error|Test unit written' "$log" | sed 's/^/  /'
    echo "  the whole log: $log"
    return 1
  fi
  printf '%-14s %9s executions, %s edges\n' "$name" "$execs" "${coverage#cov: }"
}

minimise() {
  local name=$1 smallest=$WORK/$1-smallest known file
  rm -rf "$smallest"
  mkdir "$smallest"
  # By edges alone: how often each is passed would keep ten times as many inputs.
  "$PROGRAMS/fuzz-$name" "${LIMITS[@]}" -use_counters=0 -set_cover_merge=1 "$smallest" \
    "$HERE/corpus/$name" "$WORK/$name" > "$WORK/$name-merge.log" 2>&1
  # libFuzzer names inputs by their SHA-1; seeds have names of their own.
  known=$(sha1sum "$HERE/corpus/$name"/*)
  for file in "$smallest"/*; do
    [[ $known == *"${file##*/}"* ]] || cp "$file" "$HERE/corpus/$name/"
  done
}

main() {
  local chosen=() name failed=0
  while (( $# )); do
    case $1 in
      --seconds) [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage; SECONDS_EACH=$2; shift ;;
      --minimise) MINIMISE=1 ;;
      -*) usage ;;
      *) [[ " ${FUZZERS[*]} " == *" $1 "* ]] || usage; chosen+=("$1") ;;
    esac
    shift
  done
  (( ${#chosen[@]} )) || chosen=("${FUZZERS[@]}")
  build
  mkdir -p "$WORK"
  for name in "${chosen[@]}"; do
    while (( $(jobs -rp | wc -l) >= PARALLEL )); do wait -n; done
    fuzz "$name" &
  done
  wait
  for name in "${chosen[@]}"; do report "$name" || failed=1; done
  if (( MINIMISE && ! failed )); then
    for name in "${chosen[@]}"; do minimise "$name"; done
  fi
  exit "$failed"
}

main "$@"
