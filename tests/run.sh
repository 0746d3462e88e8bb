#!/usr/bin/env bash
# Installs what is needed, builds, and runs the tests.
#
# usage: tests/run.sh           everything: static checks, sanitizers, then all tests, on a real Kubernetes
#                               where they need one. What fails fast comes first
#        tests/run.sh --fast    unit and loopback tests of the dev build only
#
# For Debian 12 and 13 and Ubuntu 24.04, as root. ctest's closing line counts the tests. Each step prints the
# time since the start; about 35 minutes on two cores and a machine without caches, of which a quarter
# compiles Kubernetes.
set -euo pipefail
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
JOBS=$(nproc)

step() { printf '\n==> %s (%d:%02d)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }

# build PRESET: shows only what there is to say beside progress.
build() {
  local log
  log=$(cmake --preset "$1" 2>&1) || { echo "$log"; exit 1; }
  cmake --build --preset "$1" | grep -v '^\[' || [[ ${PIPESTATUS[0]} -eq 0 ]]
}

fast() {
  step "Packages"
  deploy/local/packages.sh build test
  step "Build: dev"
  build dev
  step "Unit and loopback tests"
  ctest --preset dev -j "$JOBS" -LE cluster
}

# Other versions of clang-format lay some lines out differently, and those of clang-tidy have other checks.
CLANG_VERSION=14

# judges PROGRAM: whether its findings count; says so if not.
judges() {
  local version
  version=$("$1" --version)
  [[ $version != *"version $CLANG_VERSION."* ]] || return 0
  echo "checked by $1 $CLANG_VERSION only; this is $version"
  return 1
}

static_checks() {
  step "Static checks: scripts and formatting"
  git ls-files '*.sh' .ci/run | xargs shellcheck -x
  if judges clang-format; then
    git ls-files '*.cc' '*.h' | xargs clang-format --dry-run --Werror
  fi
  step "Static checks: clang-tidy"
  if judges clang-tidy; then build clang-tidy; fi
}

# sanitized PRESET: unit and stream tests. The libraries of the distribution are not instrumented, our code is.
sanitized() {
  step "Sanitizers: $1"
  build "$1"
  ctest --preset "$1" -j "$JOBS"
}

# Runs each for 20 seconds from its committed corpus.
fuzz() {
  step "Fuzzers"
  tests/fuzz/run.sh
}

# The tests take down themselves what they bring up, unless they are interrupted.
take_cluster_down() {
  tests/cluster/down.sh build/release/tests/cluster/cluster-is-ours
}

everything() {
  step "Packages"
  deploy/local/packages.sh build cluster test
  static_checks
  sanitized asan-ubsan
  sanitized tsan
  fuzz
  step "Build: release"
  build release
  step "Programs of the local Kubernetes (cached by version)"
  deploy/local/build-control-plane.sh
  deploy/local/build-opentofu.sh
  step "All tests, on a real Kubernetes where they need one"
  trap take_cluster_down EXIT
  ctest --preset release -j "$JOBS"
  step "Done"
}

case ${1:-} in
  --fast) fast ;;
  '') everything ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
