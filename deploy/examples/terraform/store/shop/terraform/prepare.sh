#!/bin/sh
# Connects to the state, which lies beside the Job: in a Secret of its namespace, one per service and
# stage. Each task runs in a pod of its own, so each one begins with this.
set -eu
namespace=$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace)
exec tofu init -input=false -no-color -backend-config="namespace=$namespace" \
  -backend-config="secret_suffix=${TF_VAR_service:?}-${TF_VAR_stage:?}"
