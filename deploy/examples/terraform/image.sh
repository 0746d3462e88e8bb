#!/usr/bin/env bash
# Makes the image the tasks run in, a shell and OpenTofu, and gives it to the local cluster. Builds
# OpenTofu from source unless it is there: some minutes, once.
#
# usage: image.sh
set -euo pipefail
LOCAL=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../local" && pwd)
# shellcheck source-path=SCRIPTDIR source=../../local/versions.sh
source "$LOCAL/versions.sh"

PROGRAMS=$("$LOCAL/build-opentofu.sh")
# Named by what makes it, so that a change of that makes a new one.
TAR=$PROGRAMS/image-$(sha256sum "$LOCAL/image.sh" | cut -c 1-12).tar
[[ -s $TAR ]] || "$LOCAL/image.sh" busybox "jobexec.local/opentofu:$OPENTOFU_VERSION" "$TAR" \
  --add "$PROGRAMS/tofu:/bin/tofu"
"$LOCAL/cluster.sh" import-image "$TAR"
