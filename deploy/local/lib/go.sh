# shellcheck shell=bash
# Programs from Go modules, built into the cache; meant to be sourced after common.sh.

go_version() { GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null | sed 's/^go//; s/[^0-9.].*//'; }

# find_go: sets GO to a Go that is new enough. Debian's is not, but any Go can download a newer
# toolchain, which is published as a module like any other.
find_go() {
  local c v zip dir
  for c in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go/bin/go; do
    [[ -n $c && -x $c ]] || continue
    v=$(go_version "$c")
    if version_at_least "$v" "$GO_MINIMUM"; then GO=$c; return; fi
    GO=${GO:-$c}
  done
  [[ -n ${GO:-} ]] || die "no Go found; install one with: $LOCAL_DIR/packages.sh cluster"
  dir=$CACHE/go/$GO_TOOLCHAIN_VERSION-$(arch)
  if [[ ! -x $dir/bin/go ]]; then
    say "Go $(go_version "$GO") is older than $GO_MINIMUM, fetching the $GO_TOOLCHAIN_VERSION toolchain"
    zip=$(cd / && GOTOOLCHAIN=local GOFLAGS=-mod=mod "$GO" mod download -json \
      "golang.org/toolchain@v0.0.1-go$GO_TOOLCHAIN_VERSION.linux-$(arch)" |
      sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
    [[ -d $zip ]] || die "could not fetch the Go toolchain module"
    # A copy, as the module cache is read-only and module files carry no execute bits.
    rm -rf "$dir.part" && mkdir -p "$(dirname "$dir")" && cp -r "$zip" "$dir.part"
    chmod -R u+w "$dir.part"
    chmod +x "$dir.part"/bin/* "$dir.part"/pkg/tool/*/*
    mv "$dir.part" "$dir"
  fi
  # one that is set belongs to the other Go
  unset GOROOT
  GO=$dir/bin/go
}

# go_environment: what every build runs under. local: never fetch a toolchain behind our back.
# -mod=mod: the modules below are written by us and their checksums are added on the way. CGO off: the
# programs then run on any libc, also in an image.
go_environment() {
  export GOTOOLCHAIN=local GOFLAGS='-mod=mod -buildvcs=false' GOWORK=off CGO_ENABLED=0
  unset GOOS GOARCH
}

# module DIR NAME MODULE VERSION: an empty module that requires just one other. `go install M@V`
# would be simpler but refuses modules whose own go.mod has replacements.
module() {
  mkdir -p "$1"
  cat > "$1/go.mod" <<EOF
module $2

go 1.24.0

require $3 $4
EOF
}

# go_mod_of DIR MODULE VERSION: downloads it, prints the path of its own go.mod
go_mod_of() {
  (cd "$1" && "$GO" mod download -json "$2@$3") | sed -n 's/^[[:space:]]*"GoMod": "\(.*\)",*$/\1/p'
}

# compile PROGRAM DIR PACKAGE LDFLAGS: builds beside the final place in $BIN, then moves it in one
# step, so that an interrupted build never leaves half a program.
compile() {
  local part=$BIN/.$1.part
  (cd "$2" && "$GO" build -trimpath -ldflags "$4" -o "$part" "$3") || die "building $1 failed"
  mv "$part" "$BIN/$1"
}

# one_at_a_time DIR: a second caller waits and then finds everything there. Until descriptor 9 is closed.
one_at_a_time() {
  exec 9>"$1/.lock"
  flock -n 9 || { say "another build is running, waiting for it"; flock 9; }
}
