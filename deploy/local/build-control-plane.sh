#!/usr/bin/env bash
# Builds the programs of a one-node Kubernetes from Go modules into the cache and prints their folder.
#
# usage: build-control-plane.sh            build what is missing
#        build-control-plane.sh --path     only print the folder
#        build-control-plane.sh --check    succeed if nothing is missing, build nothing
#
# A cold build takes ten minutes and more on two cores: it compiles all of Kubernetes. It can be
# interrupted: finished programs stay, and Go's build cache keeps what was compiled of the others.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source-path=SCRIPTDIR source=lib/go.sh
source "$LOCAL_DIR/lib/go.sh"

BIN=$(bin_dir)
PROGRAMS=(etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kwok coredns)
# kubectl is only built where the machine has none: it is 60 MB and the user's own is as good.
have_kubectl() { command -v kubectl >/dev/null 2>&1; }
have_kubectl || PROGRAMS+=(kubectl)

missing() {
  local p
  for p in "${PROGRAMS[@]}"; do [[ -x $BIN/$p ]] || echo "$p"; done
}

# Kubernetes' go.mod points its staging modules (k8s.io/api, ...) at folders of its own repository;
# outside of it each has to be replaced by the published version that belongs to the release.
kubernetes_module() {
  local dir=$1 gomod staging name
  [[ ! -s $dir/complete ]] || return 0
  rm -rf "$dir"
  module "$dir" jobexec.local/kubernetes k8s.io/kubernetes "v$KUBERNETES_VERSION"
  gomod=$(go_mod_of "$dir" k8s.io/kubernetes "v$KUBERNETES_VERSION")
  staging=$(sed -n 's,^[[:space:]]*\(replace \)*\(k8s.io/[^ ]*\) => \./staging/.*,\2,p' "$gomod")
  [[ -n $staging ]] || staging=$(sed -n 's,^[[:space:]]*\(k8s.io/[^ ]*\) v0\.0\.0.*,\1,p' "$gomod")
  [[ -n $staging ]] || die "no staging modules found in the go.mod of Kubernetes $KUBERNETES_VERSION"
  for name in $staging; do
    echo "replace $name => $name v0.${KUBERNETES_VERSION#1.}"
  done >> "$dir/go.mod"
  echo yes > "$dir/complete"
}

# Without these the programs call themselves v0.0.0 and kubectl warns about version skew.
kubernetes_ldflags() {
  local p=k8s.io/component-base/version minor
  minor=${KUBERNETES_VERSION#*.}
  echo "-s -w -X $p.gitVersion=v$KUBERNETES_VERSION -X $p.gitMajor=${KUBERNETES_VERSION%%.*} -X $p.gitMinor=${minor%%.*}" \
    "-X $p.gitTreeState=clean -X $p.gitCommit=v$KUBERNETES_VERSION -X $p.buildDate=1970-01-01T00:00:00Z"
}

build() {
  local src=$BIN/src
  case $1 in
    etcd)
      [[ -e $src/etcd/go.mod ]] || module "$src/etcd" jobexec.local/etcd go.etcd.io/etcd/server/v3 "v$ETCD_VERSION"
      compile etcd "$src/etcd" go.etcd.io/etcd/server/v3 "-s -w" ;;
    kwok)
      [[ -e $src/kwok/go.mod ]] || module "$src/kwok" jobexec.local/kwok sigs.k8s.io/kwok "v$KWOK_VERSION"
      compile kwok "$src/kwok" sigs.k8s.io/kwok/cmd/kwok "-s -w -X sigs.k8s.io/kwok/pkg/consts.Version=v$KWOK_VERSION" ;;
    coredns)
      [[ -e $src/coredns/go.mod ]] || module "$src/coredns" jobexec.local/coredns github.com/coredns/coredns "v$COREDNS_VERSION"
      compile coredns "$src/coredns" github.com/coredns/coredns "-s -w" ;;
    *)
      kubernetes_module "$src/kubernetes"
      compile "$1" "$src/kubernetes" "k8s.io/kubernetes/cmd/$1" "$(kubernetes_ldflags)" ;;
  esac
}

build_missing() {
  local todo=() p n=0 start=$SECONDS
  mapfile -t todo < <(missing)
  (( ${#todo[@]} )) || return 0
  find_go
  go_environment
  say "building ${#todo[@]} of ${#PROGRAMS[@]} programs with $("$GO" env GOVERSION) into $BIN"
  [[ " ${todo[*]} " != *" kube-apiserver "* ]] ||
    say "the first time this compiles all of Kubernetes: about 10 minutes on 2 cores, later runs reuse it"
  for p in "${todo[@]}"; do
    n=$((n + 1))
    say "[$n/${#todo[@]}] $p ... ($(elapsed "$start") so far)"
    local began=$SECONDS
    build "$p"
    say "[$n/${#todo[@]}] $p built in $(elapsed "$began")"
  done
  say "all built in $(elapsed "$start")"
}

main() {
  case ${1:-} in
    --path) echo "$BIN"; return ;;
    --check) [[ -z $(missing) ]]; return ;;
    '') ;;
    *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
  if [[ -n $(missing) ]]; then
    mkdir -p "$BIN"
    one_at_a_time "$BIN"
    build_missing
    exec 9>&-
  fi
  echo "$BIN"
}

main "$@"
