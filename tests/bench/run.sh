#!/usr/bin/env bash
# Benchmarks. Builds what it needs and leaves nothing running.
#
# usage: run.sh create [--events N] [--connections N] [--batches N,N] [--rounds N] [--in-flight N,N,...]
#                      [--parts abc] [--keep]
#        run.sh match
#
#   create   of the whole system on a Kubernetes of its own with fake nodes (kwok), as root: a burst of
#            CloudEvents over HTTP, beside what the API server can do at best:
#            (a) reporter stopped, until each event's Job is created; (b) all services running, until
#            each event's .finished has arrived; (c) as (a), with the cluster's controllers stopped.
#            README.md explains the figures; it prints a table and a line of JSON
#   --keep   leaves the cluster running, for the next run
#   match    which of 1,000 actions want an event; no cluster
set -euo pipefail
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=$ROOT/build/release
CLUSTER=("$ROOT/deploy/local/cluster.sh")
NAME=bench PORT=7543
# Far more than any run takes.
LIMIT=120m

KEEP=0 BENCH_PID='' DIRECTORY='' CONTROLLERS=()

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }

build() {
  (cd "$ROOT" && cmake --preset release > /dev/null)
  cmake --build "$BUILD" --target jobexec-intake jobexec-scheduler jobexec-reporter jobexec-bench >&2
}

# Process ids of what acts on Jobs and pods in the cluster.
controllers() {
  "${CLUSTER[@]}" status --name "$NAME" |
    awk '$1 ~ /^(kube-controller-manager|kube-scheduler|kwok)$/ { print $2 }'
}

# Ends what is still running, whatever ended the script.
cleanup() {
  local code=$?
  trap - EXIT
  [[ -z $BENCH_PID ]] || kill -TERM "$BENCH_PID" 2>/dev/null || true
  # The benchmark may have ended while they were stopped.
  (( ${#CONTROLLERS[@]} == 0 )) || kill -CONT "${CONTROLLERS[@]}" 2>/dev/null || true
  (( KEEP )) || "${CLUSTER[@]}" down --purge --name "$NAME" || true
  if (( code == 0 )); then
    rm -rf "$DIRECTORY"
  elif [[ -n $DIRECTORY ]]; then
    echo "run.sh: logs of the services are in $DIRECTORY" >&2
  fi
  exit "$code"
}

match() {
  (cd "$ROOT" && cmake --preset release > /dev/null)
  cmake --build "$BUILD" --target jobexec-match-bench >&2
  "$BUILD/tests/bench/jobexec-match-bench" --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
}

main() {
  if [[ "$*" == match ]]; then match; return; fi
  [[ ${1:-} == create ]] || usage
  shift
  local arguments=()
  while (( $# )); do
    case $1 in
      --keep) KEEP=1 ;;
      --events | --connections | --batches | --in-flight | --rounds | --parts)
        [[ $# -ge 2 ]] || usage
        arguments+=("$1" "$2")
        shift ;;
      *) usage ;;
    esac
    shift
  done
  build
  trap cleanup EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  DIRECTORY=$(mktemp -d "${TMPDIR:-/tmp}/jobexec-bench-XXXXXX")
  "${CLUSTER[@]}" up --kwok --name "$NAME" --port "$PORT"
  mapfile -t CONTROLLERS < <(controllers)
  # timeout passes its own end on to the benchmark and the services, which are in its process group.
  timeout --kill-after 30 "$LIMIT" "$BUILD/tests/bench/jobexec-bench" create --programs "$BUILD" \
    --kubeconfig "$("${CLUSTER[@]}" kubeconfig --name "$NAME")" --directory "$DIRECTORY" \
    --controllers "$(IFS=,; echo "${CONTROLLERS[*]}")" "${arguments[@]}" &
  BENCH_PID=$!
  wait "$BENCH_PID"
  BENCH_PID=''
}

main "$@"
