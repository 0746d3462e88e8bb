#!/usr/bin/env bash
# Shows the classic use: an event asks for the infrastructure of a stage, two tasks run Terraform (here:
# OpenTofu) with the stage's own files, and the answer holds what came out. First for stage dev, then for
# hardening. For an installation that deploy/local/quickstart.sh has started; safe to run again.
#
# usage: run.sh [RELEASE]      JOBEXEC_BUILD_DIR: where jobexec was built (build/release)
set -euo pipefail
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd -- "$HERE/../../.." && pwd)
LOCAL=$ROOT/deploy/local
BUILD=${JOBEXEC_BUILD_DIR:-$ROOT/build/release}
RELEASE=${1:-1.0.0}

step() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }
die() { printf '%s: error: %s\n' "${0##*/}" "$*" >&2; exit 1; }
kubectl() { "$LOCAL/cluster.sh" -- --namespace "$NAMESPACE" "$@"; }

check() {
  "$LOCAL/cluster.sh" status > /dev/null 2>&1 || die "no cluster is up: run $LOCAL/quickstart.sh first"
  [[ -x $BUILD/scheduler/jobexec-scheduler ]] || die "jobexec is not built: run $LOCAL/quickstart.sh first"
  # shellcheck source=/dev/null
  source /dev/stdin <<< "$("$LOCAL/services.sh" env)"
}

# The services keep nothing in themselves, so they can be restarted with another store at any time.
serve_store() {
  step "Restarting the services with the configuration store in ${HERE#"$ROOT"/}/store"
  "$LOCAL/services.sh" down
  "$LOCAL/services.sh" up "$BUILD" "$HERE/store"
  (cd "$HERE/store" && find . -type f | sort | sed 's/^/    /')
}

prepare() {
  step "Service account for the state, Secret with the credentials"
  kubectl apply -f "$HERE/rights.yaml" | sed 's/^/    /'
  kubectl get secret terraform-credentials > /dev/null 2>&1 ||
    kubectl create secret generic terraform-credentials \
      --from-literal="TF_VAR_database_password=$(head -c 12 /dev/urandom | base64)" | sed 's/^/    /'
}

# answer KIND: the answer of that kind to our event, once the sink has it
answer() { grep -F "\"triggeredid\":\"$EVENT_ID\"" "$SERVICES_LOGS/event-sink.log" 2>/dev/null | grep -m 1 -F ".$1\""; }

await_answer() {
  local limit=$((SECONDS + 180))
  until answer "$1"; do
    (( SECONDS < limit )) || die "no .$1 within 3 minutes; logs are in $SERVICES_LOGS"
    sleep 0.2
  done
}

# provision STAGE: one event, and what becomes of it
provision() {
  local finished
  EVENT_ID=terraform-$1-$(cat /proc/sys/kernel/random/uuid)
  step "Stage $1: the event"
  sed -e "s/\"ID\"/\"$EVENT_ID\"/" -e "s/\"STAGE\"/\"$1\"/" -e "s/\"RELEASE\"/\"$RELEASE\"/" \
    "$HERE/infrastructure.event.json" > "$SERVICES_LOGS/../event.json"
  jq . "$SERVICES_LOGS/../event.json" | sed 's/^/    /'
  curl -fsS --noproxy '*' -H 'Content-Type: application/cloudevents+json' \
    --data-binary @"$SERVICES_LOGS/../event.json" "$INTAKE_URL" | jq . | sed 's/^/    /'
  finished=$(await_answer finished)
  step "Stage $1: .finished"
  jq 'del(.data.message)' <<< "$finished" | sed 's/^/    /'
  printf '    its message:\n'
  jq -r .data.message <<< "$finished" | sed 's/^/    | /'
  [[ $(jq -r .data.result <<< "$finished") == pass ]] || die "stage $1 did not pass"
}

finish() {
  step "State, which the next event of a stage goes on from"
  kubectl get secrets --selector tfstate=true | sed 's/^/    /'
  cat <<EOF

Both stages are provisioned. What to try next:
  The same again (nothing to change):     $0
  Another release (changed in place):     $0 2.0.0
  Change a stage:                         ${HERE}/store/shop/dev/terraform/stage.auto.tfvars
  Back to the quickstart's own store:     $LOCAL/quickstart.sh
EOF
}

[[ $# -le 1 && ${1:-} != -* ]] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
(( EUID == 0 )) || die "this needs root, as the local cluster does"
check
step "Image with OpenTofu (built from source the first time: some minutes)"
"$HERE/image.sh"
serve_store
prepare
provision dev
provision hardening
finish
