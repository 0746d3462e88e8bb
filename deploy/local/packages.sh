#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that jobexec needs, by group; only what is missing.
#
# usage: packages.sh [--print] GROUP...
#
#   build    compiler, CMake and the libraries the services are built with
#   cluster  what the local one-node Kubernetes needs beside the programs built from source
#   test     what the tests and checks need
#
# --print only lists what would be installed. Nothing is ever removed, and no service is started.
# For Debian 12 and 13 and Ubuntu 24.04; to be run as root.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

# A name that ends in "?" is installed where the system has it and passed over where it has not.
BUILD=(g++ cmake ninja-build ccache pkg-config git ca-certificates
  libgrpc++-dev libgrpc-dev protobuf-compiler-grpc libprotobuf-dev protobuf-compiler libabsl-dev
  nlohmann-json3-dev libyaml-cpp-dev libcurl4-openssl-dev libssl-dev libre2-dev libboost-dev
  libnats-dev libspdlog-dev libcli11-dev prometheus-cpp-dev 'libcivetweb-dev?'
  libgtest-dev libgmock-dev libbenchmark-dev)
CLUSTER=(conntrack iptables iproute2 openssl kmod util-linux mount procps
  containernetworking-plugins ca-certificates curl jq tar gcc libc6-dev)
TEST=(nats-server curl jq python3 python3-jsonschema openssl procps
  clang libclang-rt-dev clang-tidy clang-format shellcheck binutils bash zsh fish)

POLICY=/usr/sbin/policy-rc.d

# Version of a program, the first thing in its output that looks like one.
version_of() { "$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1 || true; }

# The container programs of the machine are used where they are new enough: Docker brings its own
# containerd, and Debian's package of that name would push it out.
container_packages() {
  local v=''
  if command -v containerd >/dev/null; then v=$(version_of containerd); fi
  version_at_least "${v:-0}" 1.6 || echo containerd
  command -v runc >/dev/null || echo runc
}

# The package of the statically linked busybox pushes out the other one, which many systems boot with.
# There it is only unpacked, see unpack_busybox.
has_other_busybox() { dpkg-query -W -f '${db:Status-Status}' busybox 2>/dev/null | grep -qx installed; }
busybox_package() { has_other_busybox || echo busybox-static; }

unpack_busybox() {
  local folder=$CACHE/busybox-static work
  [[ ! -d $folder ]] || return 0
  work=$(mktemp -d)
  chmod 755 "$work"
  (cd "$work" && apt-get -q download busybox-static >&2 && dpkg-deb -x ./*.deb "$work/files")
  mkdir -p "$CACHE"
  mv "$work/files" "$folder"
  rm -rf "$work"
}

# Any Go from 1.19 on will do: an old one only downloads the newer toolchain. None is needed at all
# once the programs are built.
go_package() {
  local c v
  for c in "$(command -v go || true)" /usr/local/go/bin/go; do
    [[ -n $c && -x $c ]] || continue
    v=$(GOTOOLCHAIN=local "$c" version | grep -oE 'go[0-9]+\.[0-9]+' | head -n 1)
    ! version_at_least "${v#go}" 1.19 || return 0
  done
  { "$LOCAL_DIR/build-control-plane.sh" --check && "$LOCAL_DIR/build-opentofu.sh" --check; } || echo golang-go
}

wanted() {
  local group
  for group in "$@"; do
    case $group in
      build) printf '%s\n' "${BUILD[@]}" ;;
      cluster) printf '%s\n' "${CLUSTER[@]}"; container_packages; busybox_package; go_package ;;
      test) printf '%s\n' "${TEST[@]}" ;;
      *) die "no such group: $group (build, cluster, test)" ;;
    esac
  done | sort -u
}

# Of the names on standard input those that are not installed.
not_installed() {
  awk 'NR == FNR { have[$0]; next } { name = $0; sub(/[?]$/, "", name) } !(name in have)' \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p') -
}

# A policy that answers 101 keeps maintainer scripts from starting services. The one that was there
# is put back whatever happens.
forbid_starts() {
  SAVED=$(mktemp -d)
  trap restore_starts EXIT
  trap 'exit 130' INT TERM
  [[ ! -e $POLICY && ! -L $POLICY ]] || cp -a "$POLICY" "$SAVED/policy"
  rm -f "$POLICY"
  printf '#!/bin/sh\nexit 101\n' > "$POLICY"
  chmod 755 "$POLICY"
}

restore_starts() {
  rm -f "$POLICY"
  [[ ! -e $SAVED/policy && ! -L $SAVED/policy ]] || cp -a "$SAVED/policy" "$POLICY"
  rm -rf "$SAVED"
}

# Drops optional packages this system does not have, and the marks of the others.
available() {
  local name
  while read -r name; do
    [[ $name != *'?' ]] || apt-cache show --no-all-versions "${name%'?'}" >/dev/null 2>&1 || continue
    echo "${name%'?'}"
  done
}

needs_busybox() { [[ " $* " == *" cluster "* ]] && has_other_busybox; }

main() {
  local print=0 names=() missing
  if [[ ${1:-} == --print ]]; then print=1; shift; fi
  (( $# )) || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
  command -v apt-get >/dev/null || die "this is not a Debian or Ubuntu system (no apt-get)"
  missing=$(wanted "$@")
  missing=$(not_installed <<<"$missing")
  if (( print )); then printf '%s' "${missing:+$missing$'\n'}"; return; fi
  # Only optional ones are left on a system that does not have them: nothing to do either, but only
  # the package lists can tell, so the answer comes from the lists that are there.
  if [[ -z $missing ]]; then
    ! needs_busybox "$@" || unpack_busybox
    say "$*: all packages are there"
    return
  fi
  if ! grep -qv '?$' <<<"$missing" && [[ -z $(available <<<"$missing") ]]; then
    say "$*: all packages are there"; return
  fi
  (( EUID == 0 )) || die "installing packages needs root; missing: ${missing//$'\n'/ }"

  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  "${apt[@]}" update >&2
  ! needs_busybox "$@" || unpack_busybox
  mapfile -t names < <(available <<<"$missing")
  (( ${#names[@]} )) || return 0
  say "installing: ${names[*]}"
  forbid_starts
  "${apt[@]}" install -y --no-install-recommends --no-remove "${names[@]}" >&2
}

main "$@"
