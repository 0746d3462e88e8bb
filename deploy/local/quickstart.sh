#!/usr/bin/env bash
# From a bare machine to a finished Job: installs packages, builds jobexec, starts a one-node Kubernetes
# and the three services, posts a CloudEvent and shows what happens. Asks nothing, safe to run again.
#
# usage: quickstart.sh          everything above; leaves cluster and services running
#        quickstart.sh --down   stops services and cluster
#
# For Debian 12 and 13 and Ubuntu 24.04, as root. The first run builds Kubernetes from source.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
ROOT=$(cd -- "$LOCAL_DIR/../.." && pwd)
BUILD=$ROOT/build/release
SAMPLE=$LOCAL_DIR/sample

step() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }
note() { printf '    %s\n' "$*"; }
kubectl() { "$LOCAL_DIR/cluster.sh" -- "$@"; }

install_packages() {
  step "1/6 Installing Debian packages: compiler, libraries, containerd (only what is missing)"
  "$LOCAL_DIR/packages.sh" build cluster
}

build_jobexec() {
  step "2/6 Building jobexec (release) into ${BUILD#"$ROOT"/}"
  (cd "$ROOT" && cmake --preset release > /dev/null)
  cmake --build "$BUILD" --target jobexec-intake jobexec-scheduler jobexec-reporter jobexec-init \
    jobexec-event-sink
}

start_cluster() {
  step "3/6 Starting a one-node Kubernetes (apiserver, etcd, kubelet, containerd, ...)"
  note "The first time its programs are built from source: about 10 minutes on 2 cores."
  "$LOCAL_DIR/cluster.sh" up
  local tar=$CACHE/images/jobexec-init.tar
  mkdir -p "$CACHE/images"
  "$LOCAL_DIR/image.sh" program jobexec.local/jobexec-init:dev "$BUILD/initcontainer/jobexec-init" "$tar"
  "$LOCAL_DIR/cluster.sh" import-image "$tar"
}

start_services() {
  step "4/6 Starting intake, scheduler, reporter, and a sink that prints their answers"
  "$LOCAL_DIR/services.sh" down
  "$LOCAL_DIR/services.sh" up "$BUILD" "$SAMPLE/store"
  # shellcheck source=/dev/null
  source /dev/stdin <<< "$("$LOCAL_DIR/services.sh" env)"
  "$LOCAL_DIR/services.sh" status | sed 's/^/    /'
}

# answer KIND: the answer of that kind to our event, once the sink has it
answer() { grep -F "\"triggeredid\":\"$EVENT_ID\"" "$SERVICES_LOGS/event-sink.log" 2>/dev/null | grep -m 1 -F ".$1\""; }

# await SECONDS COMMAND...: prints the command's output once it succeeds
await() {
  local limit=$((SECONDS + $1))
  shift
  until "$@" 2>/dev/null; do
    (( SECONDS < limit )) || die "this did not happen in time: $*; logs are in $SERVICES_LOGS"
    sleep 0.2
  done
}

post_event() {
  EVENT_ID=quickstart-$(cat /proc/sys/kernel/random/uuid)
  step "5/6 Posting a CloudEvent to $INTAKE_URL"
  sed "s/\"ID\"/\"$EVENT_ID\"/" "$SAMPLE/hello.event.json" > "$CACHE/services/event.json"
  sed 's/^/    /' "$CACHE/services/event.json"
  note "intake says:"
  OUTCOME=$(curl -fsS --noproxy '*' -H 'Content-Type: application/cloudevents+json' \
    --data-binary @"$CACHE/services/event.json" "$INTAKE_URL")
  echo "$OUTCOME" | jq . | sed 's/^/    /'
}

task_log() { kubectl -n "$NAMESPACE" logs "job/$JOB" --all-containers=false | grep .; }

watch_it_happen() {
  JOB=$(echo "$OUTCOME" | jq -r '.runs[0].jobs[0]' | cut -d/ -f2)
  step "6/6 What happens now"
  note "Job in Kubernetes:"
  kubectl -n "$NAMESPACE" get job "$JOB" | sed 's/^/    /'
  note ".started, as the sink received it:"
  await 60 answer started | jq . | sed 's/^/    /'
  note "Output of the task's pod:"
  await 120 task_log | sed 's/^/    /'
  note ".finished, as the sink received it:"
  FINISHED=$(await 120 answer finished)
  echo "$FINISHED" | jq . | sed 's/^/    /'
  note "result: $(echo "$FINISHED" | jq -r .data.result)"
}

next_steps() {
  cat <<EOF

It works. What to try next:
  The same event again (nothing runs twice, the answer says alreadyKnown):
    curl -H 'Content-Type: application/cloudevents+json' --data-binary @$CACHE/services/event.json $INTAKE_URL
  Two tasks in order:
    curl -H 'ce-specversion: 1.0' -H 'ce-id: chain-1' -H 'ce-source: me' -H 'Content-Type: application/json' \\
      -H 'ce-type: sh.keptn.event.chain.triggered' -d '{"project":"shop","stage":"dev","service":"cart"}' $INTAKE_URL
    $LOCAL_DIR/cluster.sh -- -n $NAMESPACE get jobs --watch
  Change what runs:      $SAMPLE/store/shop/dev/cart/job/config.yaml
  See the answers:       tail -f $SERVICES_LOGS/event-sink.log
  See the services:      tail -f $SERVICES_LOGS/*.log
  Stop everything:       $0 --down
EOF
}

main() {
  if [[ ${1:-} == --down ]]; then
    "$LOCAL_DIR/services.sh" down
    "$LOCAL_DIR/cluster.sh" down
    return
  fi
  [[ $# -eq 0 ]] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
  (( EUID == 0 )) || die "this needs root: it installs packages and runs a kubelet"
  install_packages
  build_jobexec
  start_cluster
  start_services
  post_event
  watch_it_happen
  next_steps
}

main "$@"
