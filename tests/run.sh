#!/usr/bin/env bash
# Installs what is needed, builds, and runs the tests.
#
# usage: tests/run.sh           everything: unit, integration, sanitizers, static checks, cluster
#        tests/run.sh --fast    unit and loopback tests of the dev build only
#
# For Debian 12 and 13 and Ubuntu 24.04, as root. ctest's closing line counts the tests.
set -euo pipefail
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
JOBS=$(nproc)

step() { printf '\n==> %s (%d:%02d)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  cmake --preset "$preset" > "build-$preset.log" 2>&1 || { cat "build-$preset.log"; exit 1; }
  rm -f "build-$preset.log"
  cmake --build --preset "$preset" ${1:+--target "$@"} | grep -v '^\[' || [[ ${PIPESTATUS[0]} -eq 0 ]]
}

fast() {
  step "Packages"
  deploy/local/packages.sh build test
  step "Build: dev"
  build dev
  step "Unit and loopback tests"
  ctest --preset dev -j "$JOBS" -LE cluster
}

# Other versions of clang-format lay some lines out differently.
FORMAT_VERSION=14

static_checks() {
  step "Static checks: scripts and formatting"
  git ls-files '*.sh' .ci/run | xargs shellcheck -x
  if clang-format --version | grep -q "version $FORMAT_VERSION\."; then
    git ls-files '*.cc' '*.h' | xargs clang-format --dry-run --Werror
  else
    echo "formatting is checked by clang-format $FORMAT_VERSION only; this is $(clang-format --version)"
  fi
}

# sanitized PRESET LABELS: gRPC and OpenSSL of the distribution are not instrumented, our code is. What gRPC
# orders by its own counters is invisible to the thread sanitizer, so its stream tests run under the other one.
sanitized() {
  step "Sanitizers: $1"
  build "$1" jobexec-unit-tests
  ctest --preset "$1" -j "$JOBS" -L "$2"
}

# Builds with clang, runs each for 20 seconds from its committed corpus.
fuzz() {
  step "Fuzzers"
  tests/fuzz/run.sh
}

everything() {
  step "Packages"
  deploy/local/packages.sh build cluster test
  step "Programs of the local Kubernetes (cached by version)"
  deploy/local/build-control-plane.sh
  static_checks
  sanitized asan-ubsan 'unit|stream'
  sanitized tsan unit
  fuzz
  step "Build: release"
  build release
  step "All tests, on a real Kubernetes where they need one"
  ctest --preset release -j "$JOBS"
}

case ${1:-} in
  --fast) fast ;;
  '') everything ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
