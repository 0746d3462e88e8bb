#!/usr/bin/env bash
# Builds OpenTofu (program tofu), which the Terraform example runs, from its Go module into the cache and
# prints its folder.
#
# usage: build-opentofu.sh            build it unless it is there
#        build-opentofu.sh --path     only print the folder
#        build-opentofu.sh --check    succeed if it is there, build nothing
#
# A cold build takes some minutes on two cores. It can be interrupted: Go's build cache keeps what was
# compiled.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source-path=SCRIPTDIR source=lib/go.sh
source "$LOCAL_DIR/lib/go.sh"

MODULE=github.com/opentofu/opentofu
BIN=$CACHE/bin/opentofu$OPENTOFU_VERSION-r$BUILD_REVISION-$(arch)

# OpenTofu is made with its own version of a library. Replacements count only in the module that is
# built, so its go.mod's are repeated in ours.
tofu_module() {
  local dir=$1 gomod
  [[ ! -s $dir/complete ]] || return 0
  rm -rf "$dir"
  module "$dir" jobexec.local/opentofu "$MODULE" "v$OPENTOFU_VERSION"
  gomod=$(go_mod_of "$dir" "$MODULE" "v$OPENTOFU_VERSION")
  grep '^replace .* => .*/' "$gomod" >> "$dir/go.mod" ||
    die "no replacement found in the go.mod of OpenTofu $OPENTOFU_VERSION"
  echo yes > "$dir/complete"
}

build() {
  local start=$SECONDS
  find_go
  go_environment
  say "building tofu $OPENTOFU_VERSION with $("$GO" env GOVERSION) into $BIN: some minutes the first time"
  tofu_module "$BIN/src"
  compile tofu "$BIN/src" "$MODULE/cmd/tofu" "-s -w -X $MODULE/version.dev=no"
  say "built in $(elapsed "$start")"
}

case ${1:-} in
  --path) echo "$BIN"; exit ;;
  --check) [[ -x $BIN/tofu ]]; exit ;;
  '') ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
if [[ ! -x $BIN/tofu ]]; then
  mkdir -p "$BIN"
  one_at_a_time "$BIN"
  [[ -x $BIN/tofu ]] || build
  exec 9>&-
fi
echo "$BIN"
