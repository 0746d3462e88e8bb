#!/usr/bin/env bash
# Makes container images without a registry, a container engine or a base image: a root file system,
# a config and a manifest in a tar file that `ctr images import`, `docker load` and `kind load
# image-archive` take. The same input gives the same bytes.
#
# usage: image.sh pause OUT.tar                  holds a pod's namespaces
#        image.sh busybox NAME OUT.tar [--add FILE:PATH]... [--env K=V]...
#            shell and small tools, statically linked, and what is added
#        image.sh coredns OUT.tar                cluster DNS
#        image.sh program NAME BINARY OUT.tar [--entrypoint PATH] [--add FILE:PATH]... [--env K=V]...
#            BINARY with the shared libraries it needs, CA certificates and an unprivileged user
#            (uid 65532) as which it runs
#        image.sh name pause|coredns|busybox     the name the cluster knows the image by
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

UNPRIVILEGED=65532
# Root file systems are made with plain modes whatever the caller's umask is.
umask 022
WORK=''
trap '[[ -z $WORK ]] || rm -rf "$WORK"' EXIT

image_name() {
  case $1 in
    pause) echo jobexec.local/pause:1 ;;
    busybox) echo jobexec.local/busybox:1 ;;
    coredns) echo "jobexec.local/coredns:$COREDNS_VERSION" ;;
    *) die "no image of that name: $1" ;;
  esac
}

new_root() {
  WORK=$(mktemp -d)
  ROOT=$WORK/root
  mkdir "$ROOT"
}

# What programs expect of any system: users to look up, a /tmp, hosts before DNS.
add_base() {
  mkdir -p "$ROOT"/{etc,tmp,home/nonroot}
  chmod 1777 "$ROOT/tmp"
  printf '%s\n' 'root:x:0:0:root:/:/sbin/nologin' 'nobody:x:65534:65534:nobody:/:/sbin/nologin' \
    "nonroot:x:$UNPRIVILEGED:$UNPRIVILEGED:nonroot:/home/nonroot:/sbin/nologin" > "$ROOT/etc/passwd"
  printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' "nonroot:x:$UNPRIVILEGED:" > "$ROOT/etc/group"
  echo 'hosts: files dns' > "$ROOT/etc/nsswitch.conf"
}

# The bundle where programs look for it: Debian's place, and OpenSSL's own default.
add_certificates() {
  local bundle=/etc/ssl/certs/ca-certificates.crt
  [[ -s $bundle ]] || { say "warning: no $bundle here, the image gets no CA certificates"; return 0; }
  mkdir -p "$ROOT/etc/ssl/certs" "$ROOT/usr/lib/ssl"
  cp "$bundle" "$ROOT$bundle"
  ln -s "$bundle" "$ROOT/usr/lib/ssl/cert.pem"
}

# add_libraries BINARY: its shared libraries, all in the folder its libc is in, which the loader
# searches by itself, so libraries that came from elsewhere on this machine are found too.
add_libraries() {
  local list folder loader path
  # ldd fails for a static program: nothing to add.
  list=$(ldd "$1" 2>/dev/null) || return 0
  ! grep -q 'not found' <<<"$list" || die "$1: $(grep 'not found' <<<"$list" | head -n 3)"
  folder=$(dirname "$(awk '$1 ~ /^libc\.so/ { print $3 }' <<<"$list")")
  [[ $folder == /* ]] || return 0
  mkdir -p "$ROOT$folder"
  awk '$2 == "=>" && $3 ~ "^/" { print $3 }' <<<"$list" | while read -r path; do
    cp -L "$path" "$ROOT$folder/"
  done
  loader=$(awk '$2 != "=>" && $1 ~ "^/" { print $1 }' <<<"$list")
  mkdir -p "$ROOT$(dirname "$loader")"
  cp -L "$loader" "$ROOT$loader"
}

sum() { sha256sum "$1" | cut -d ' ' -f 1; }

# blob FILE: files it under its digest, prints "digest size"
blob() {
  local digest
  digest=$(sum "$1")
  mv "$1" "$WORK/layout/blobs/sha256/$digest"
  echo "$digest $(stat -c %s "$WORK/layout/blobs/sha256/$digest")"
}

# A tar whose bytes depend on the content only.
plain_tar() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu -C "$1" -cf "$2" .; }

json_list() {
  local item out=''
  for item in "$@"; do
    item=${item//\\/\\\\}
    out+=${out:+,}\"${item//\"/\\\"}\"
  done
  echo "[$out]"
}

# pack NAME OUT USER Entrypoint|Cmd PROGRAM: makes the image of $ROOT.
ENVIRONMENT=(PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin)
pack() {
  local name=$1 out=$2 user=$3 key=$4 program=$5 layer layer_size config config_size manifest manifest_size ref
  local type=application/vnd.oci.image
  mkdir -p "$WORK/layout/blobs/sha256" "$(dirname -- "$out")"
  [[ $name == *:* ]] || name+=:latest
  ref=${name##*:}

  plain_tar "$ROOT" "$WORK/layer"
  read -r layer layer_size < <(blob "$WORK/layer")
  printf '{"created":"1970-01-01T00:00:00Z","architecture":"%s","os":"linux","config":{"User":"%s","Env":%s,"%s":%s,"WorkingDir":"/"},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"image.sh"}]}' \
    "$(arch)" "$user" "$(json_list "${ENVIRONMENT[@]}")" "$key" "$(json_list "$program")" "$layer" > "$WORK/config"
  read -r config config_size < <(blob "$WORK/config")
  printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"%s.layer.v1.tar","digest":"sha256:%s","size":%s}]}' \
    "$type" "$type" "$config" "$config_size" "$type" "$layer" "$layer_size" > "$WORK/manifest"
  read -r manifest manifest_size < <(blob "$WORK/manifest")

  printf '{"imageLayoutVersion":"1.0.0"}' > "$WORK/layout/oci-layout"
  printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"%s"}}]}' \
    "$type" "$manifest" "$manifest_size" "$name" "$ref" > "$WORK/layout/index.json"
  # Docker's older loader reads this one.
  printf '[{"Config":"blobs/sha256/%s","RepoTags":["%s"],"Layers":["blobs/sha256/%s"]}]' \
    "$config" "$name" "$layer" > "$WORK/layout/manifest.json"

  plain_tar "$WORK/layout" "$WORK/out.tar"
  # One step into place, so that nobody imports half a file.
  mv "$WORK/out.tar" "$out.part.$$"
  mv "$out.part.$$" "$out"
  say "$name: $out ($(( $(stat -c %s "$out") / 1024 )) KiB)"
}

# As process 1 of a pod it keeps the namespaces open, and reaps orphans where pods share processes.
pause_image() {
  new_root
  cat > "$WORK/pause.c" <<'C'
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void stop(int s) { (void)s; _exit(0); }
static void reap(int s) { (void)s; while (waitpid(-1, 0, WNOHANG) > 0) {} }
int main(void) {
  struct sigaction a = {0}, c = {0};
  a.sa_handler = stop;
  c.sa_handler = reap;
  c.sa_flags = SA_NOCLDSTOP;
  sigaction(SIGINT, &a, 0);
  sigaction(SIGTERM, &a, 0);
  sigaction(SIGCHLD, &c, 0);
  for (;;) pause();
}
C
  command -v gcc >/dev/null || die "the pause program needs gcc; install: $LOCAL_DIR/packages.sh cluster"
  gcc -Os -static -s -o "$ROOT/pause" "$WORK/pause.c" -Wl,--build-id=none
  pack "$(image_name pause)" "$1" 65535:65535 Entrypoint /pause
}

# The machine's own, or where that is the dynamically linked one, the one unpacked by packages.sh.
static_busybox() {
  local c
  for c in "$(command -v busybox || true)" "$CACHE/busybox-static/bin/busybox" "$CACHE/busybox-static/usr/bin/busybox"; do
    if [[ -x $c ]] && ! ldd "$c" >/dev/null 2>&1; then echo "$c"; return; fi
  done
  die "no statically linked busybox here; install: $LOCAL_DIR/packages.sh cluster"
}

# option --add|--env VALUE: what goes into the image besides
option() {
  local item
  case $1 in
    --add)
      item=$ROOT/${2##*:}
      mkdir -p "$(dirname "$item")"
      cp -rL "${2%:*}" "$item"
      # A folder or file a careful user made private would be of no use to the image's user.
      chmod -R a+rX "$item" ;;
    --env) ENVIRONMENT+=("$2") ;;
    *) die "no such option: $1" ;;
  esac
}

busybox_image() {
  local name=$1 out=$2 program applet
  shift 2
  program=$(static_busybox)
  new_root
  add_base
  mkdir -p "$ROOT"/{bin,root,proc,sys,dev}
  cp -L "$program" "$ROOT/bin/busybox"
  while read -r applet; do
    [[ $applet == busybox ]] || ln -s busybox "$ROOT/bin/$applet"
  done < <("$program" --list)
  mkdir -p "$ROOT/usr"
  ln -s ../bin "$ROOT/usr/bin"
  sed -i 's,/sbin/nologin,/bin/sh,' "$ROOT/etc/passwd"
  while (( $# )); do
    [[ $# -ge 2 ]] || die "$1 wants a value"
    option "$1" "$2"
    shift 2
  done
  # A command, not an entrypoint: arguments alone then name the tool to run.
  pack "$name" "$out" '' Cmd /bin/sh
}

coredns_image() {
  local program
  program=$(bin_dir)/coredns
  [[ -x $program ]] || die "coredns is not built yet; run: $LOCAL_DIR/build-control-plane.sh"
  new_root
  add_base
  add_certificates
  cp "$program" "$ROOT/coredns"
  # Root, as it listens on port 53; the pod takes every other capability away.
  pack "$(image_name coredns)" "$1" '' Entrypoint /coredns
}

program_image() {
  local name=$1 binary=$2 out=$3 entrypoint
  shift 3
  entrypoint=/usr/local/bin/$(basename -- "$binary")
  new_root
  add_base
  add_certificates
  while (( $# )); do
    [[ $# -ge 2 ]] || die "$1 wants a value"
    case $1 in
      --entrypoint) entrypoint=$2 ;;
      *) option "$1" "$2" ;;
    esac
    shift 2
  done
  [[ -f $binary ]] || die "no such file: $binary"
  [[ $entrypoint == /* ]] || die "the entrypoint has to be a full path: $entrypoint"
  mkdir -p "$ROOT$(dirname "$entrypoint")"
  cp -L "$binary" "$ROOT$entrypoint"
  chmod 755 "$ROOT$entrypoint"
  add_libraries "$binary"
  pack "$name" "$out" "$UNPRIVILEGED:$UNPRIVILEGED" Entrypoint "$entrypoint"
}

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }

main() {
  local command=${1:-}
  case $command:$# in
    pause:2) pause_image "$2" ;;
    busybox:[3-9] | busybox:[1-9][0-9]) shift; busybox_image "$@" ;;
    coredns:2) coredns_image "$2" ;;
    name:2) image_name "$2" ;;
    program:[4-9] | program:[1-9][0-9]) shift; program_image "$@" ;;
    *) usage ;;
  esac
}

main "$@"
