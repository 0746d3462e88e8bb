# shellcheck shell=bash
# Shared by the scripts of this folder; meant to be sourced.

LOCAL_DIR=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../versions.sh
source "$LOCAL_DIR/versions.sh"

# Everything that is costly to make is kept outside the source tree, so that a fresh clone, a test run
# and CI on the same machine share it.
CACHE=${JOBEXEC_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/jobexec}
ME=$(basename -- "$0")

say() { printf '%s: %s\n' "$ME" "$*" >&2; }
die() { say "error: $*"; exit 1; }

# architecture in the words of Go and of container images
arch() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) die "unsupported machine type $(uname -m)" ;;
  esac
}

# Folder of the built control plane programs. The name says what is in it, so two versions of this
# folder can be in use on one machine at the same time.
bin_dir() {
  echo "$CACHE/bin/k8s$KUBERNETES_VERSION-etcd$ETCD_VERSION-kwok$KWOK_VERSION-coredns$COREDNS_VERSION-r$BUILD_REVISION-$(arch)"
}

# version_at_least HAVE WANT: true if HAVE is WANT or newer
version_at_least() {
  [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

elapsed() { printf '%d:%02d' $(( (SECONDS - $1) / 60 )) $(( (SECONDS - $1) % 60 )); }
