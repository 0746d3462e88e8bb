#!/usr/bin/env bash
# The three services and a sink for their answers as processes of this machine, beside a cluster that
# cluster.sh has brought up.
#
# usage: services.sh up BUILD_DIR STORE_DIR | down | status | env
#
#   up      starts what is not running: intake, scheduler, reporter from BUILD_DIR, with the
#           configuration store in STORE_DIR
#   env     prints where they listen, as shell variables
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source-path=SCRIPTDIR source=lib/process.sh
source "$LOCAL_DIR/lib/process.sh"

DIR=$CACHE/services
SERVICES=(event-sink scheduler reporter intake)
NAMESPACE=jobexec-quickstart
INTAKE_PORT=28080 SCHEDULER_PORT=28090 REPORTER_PORT=28091 SINK_PORT=28099
INTAKE_ADMIN=28081 SCHEDULER_ADMIN=28082 REPORTER_ADMIN=28083

# The node's address is how pods reach the scheduler; nothing else listens beyond loopback.
read_cluster() {
  local file
  file=$("$LOCAL_DIR/cluster.sh" env) || die "no cluster: run cluster.sh up first"
  # shellcheck source=/dev/null
  source /dev/stdin <<< "$file"
  # For launch: which addresses no web proxy has a part in.
  SERVICE_SUBNET='' POD_SUBNET=''
  export KUBECONFIG NODE_IP SERVICE_SUBNET POD_SUBNET
}

port_free() { ! (: < "/dev/tcp/$1/$2") 2>/dev/null; }

# start NAME PORT COMMAND...: PORT is one that the program takes on loopback
start() {
  local name=$1 port=$2
  shift 2
  if alive "$name"; then return; fi
  port_free 127.0.0.1 "$port" || die "port $port, which $name needs, is taken by another program"
  launch "$name" "$@"
}

ready() { curl -fsS -o /dev/null --max-time 2 --noproxy '*' "http://127.0.0.1:$1/readyz"; }
sink_ready() { ! port_free 127.0.0.1 "$SINK_PORT"; }

up() {
  local build=$1 store
  store=$(cd -- "$2" && pwd)
  mkdir -p "$DIR/run" "$DIR/logs"
  read_cluster
  "$LOCAL_DIR/cluster.sh" -- create namespace "$NAMESPACE" >/dev/null 2>&1 || true
  [[ -s $DIR/grant-key ]] || (umask 077; head -c 32 /dev/urandom | base64 > "$DIR/grant-key")

  start event-sink "$SINK_PORT" "$build/tests/support/jobexec-event-sink" "$SINK_PORT"
  start scheduler "$SCHEDULER_ADMIN" env KUBECONFIG="$KUBECONFIG" JOB_NAMESPACE="$NAMESPACE" RESOURCE_DIRECTORY="$store" \
    GRANT_KEY_FILE="$DIR/grant-key" INIT_CONTAINER_IMAGE=jobexec.local/jobexec-init:dev \
    SCHEDULER_LISTEN_ADDRESS="$NODE_IP" SCHEDULER_PORT="$SCHEDULER_PORT" \
    SCHEDULER_PUBLIC_ADDRESS="$NODE_IP:$SCHEDULER_PORT" ALWAYS_SEND_FINISHED_EVENT=true \
    ADMIN_ADDRESS=127.0.0.1 ADMIN_PORT="$SCHEDULER_ADMIN" "$build/scheduler/jobexec-scheduler"
  start reporter "$REPORTER_ADMIN" env KUBECONFIG="$KUBECONFIG" JOB_NAMESPACE="$NAMESPACE" \
    EVENT_SINK_URL="http://127.0.0.1:$SINK_PORT/" REPORTER_LISTEN_ADDRESS=127.0.0.1 \
    REPORTER_PORT="$REPORTER_PORT" ADMIN_ADDRESS=127.0.0.1 ADMIN_PORT="$REPORTER_ADMIN" \
    "$build/reporter/jobexec-reporter"
  start intake "$INTAKE_ADMIN" env SCHEDULER_ADDRESS="$NODE_IP:$SCHEDULER_PORT" INTAKE_ADDRESS=127.0.0.1 \
    RCV_PORT="$INTAKE_PORT" ADMIN_ADDRESS=127.0.0.1 ADMIN_PORT="$INTAKE_ADMIN" \
    "$build/intake/jobexec-intake"

  wait_for event-sink 20 sink_ready
  wait_for scheduler 30 ready "$SCHEDULER_ADMIN"
  wait_for reporter 30 ready "$REPORTER_ADMIN"
  wait_for intake 30 ready "$INTAKE_ADMIN"
}

down() {
  local name
  for name in intake scheduler reporter event-sink; do stop "$name" 30; done
}

status() {
  local name pid
  for name in "${SERVICES[@]}"; do
    if pid=$(pid_of "$name"); then echo "$name: running (pid $pid)"; else echo "$name: not running"; fi
  done
}

print_env() {
  echo "INTAKE_URL=http://127.0.0.1:$INTAKE_PORT/"
  echo "NAMESPACE=$NAMESPACE"
  echo "SERVICES_LOGS=$DIR/logs"
}

case ${1:-} in
  up) [[ $# -eq 3 ]] || die "usage: services.sh up BUILD_DIR STORE_DIR"; up "$2" "$3" ;;
  down) down ;;
  status) status ;;
  env) print_env ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
