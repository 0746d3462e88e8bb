#!/usr/bin/env bash
# Takes the cluster down if up.sh has brought it up.
# usage: down.sh MARK
set -euo pipefail
LOCAL=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../deploy/local" && pwd)
if [[ -e $1 ]]; then
  "$LOCAL/cluster.sh" down
  rm -f "$1"
fi
