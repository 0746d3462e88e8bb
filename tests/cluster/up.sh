#!/usr/bin/env bash
# Brings up what the cluster tests run on, and remembers whether it was there before.
# usage: up.sh INIT_PROGRAM MARK
set -euo pipefail
LOCAL=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../deploy/local" && pwd)
INIT=$1 MARK=$2
if ! "$LOCAL/cluster.sh" status > /dev/null 2>&1; then touch "$MARK"; fi
"$LOCAL/cluster.sh" up
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
"$LOCAL/image.sh" program jobexec.local/jobexec-init:test "$INIT" "$WORK/init.tar"
"$LOCAL/cluster.sh" import-image "$WORK/init.tar"
