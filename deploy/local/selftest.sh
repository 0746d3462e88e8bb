#!/usr/bin/env bash
# Tests the local cluster for real: starts it, runs Jobs, breaks it, takes it down and looks for leftovers.
#
# usage: selftest.sh [real] [kwok] [images]     all of them by default
#
# It uses clusters of its own (name "selftest"). As there can be only one real cluster on a machine,
# `real` has to wait until another one is taken down. To be run as root; takes two to three minutes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"

PASSED=0 FAILED=0
WORK=$(mktemp -d)
REAL=(--name selftest --port 9443)
KWOK=(--kwok --name selftest-kwok --port 9543)
BUSYBOX=$("$LOCAL_DIR/image.sh" name busybox)

cluster() { "$LOCAL_DIR/cluster.sh" "$@" 2>> "$WORK/log"; }

finish() {
  cluster down --name selftest --purge || true
  cluster down --name selftest-kwok --purge || true
  rm -rf "$WORK"
}

# check WHAT COMMAND...: goes on after a failure, so that one run tells all
check() {
  local what=$1 began=$SECONDS
  shift
  if "$@" > "$WORK/out" 2>&1; then
    PASSED=$((PASSED + 1))
    echo "ok      $what ($((SECONDS - began)) s)"
  else
    FAILED=$((FAILED + 1))
    echo "FAILED  $what ($((SECONDS - began)) s)"
    tail -n 30 "$WORK/log" "$WORK/out" 2>/dev/null | sed 's/^/        /'
  fi
  : > "$WORK/log"
}

kube() {
  local program
  program=$(bin_dir)/kubectl
  [[ -x $program ]] || program=kubectl
  "$program" --kubeconfig "$(cluster kubeconfig --name "$TARGET")" "$@"
}

# ---- what a machine looks like from outside -----------------------------------------------------

# Everything a cluster could leave behind, in a form that is the same before and after. Counters and the
# built-in chains are left out: just asking for them makes them appear.
machine() {
  echo '# packet filter'
  { iptables-save; ip6tables-save; } 2>/dev/null | grep -E '^(-A|:[^ ]+ -)' | sed 's/ \[.*//' | sort || true
  echo '# links'
  ip -o link | awk -F': ' '{ print $2 }' | sort
  echo '# addresses and routes'
  ip -o -4 addr | awk '{ print $2, $4 }'
  ip route
  echo '# mounts'
  awk '{ print $2, $3 }' /proc/mounts | sort
  echo '# folders'
  find /sys/fs/cgroup -maxdepth 2 -name 'jobexec-selftest*' 2>/dev/null || true
  find /run /var/run/netns /var/lib /var/log /opt /etc/cni /usr/libexec -maxdepth 1 2>/dev/null |
    grep -E 'containerd|cni|kube|jobexec|/pods|/containers' | grep -v -x -e /var/lib/containerd | sort || true
  echo '# kernel settings'
  sysctl -a 2>/dev/null |
    grep -E '^(net.ipv4.(ip_forward|conf.all.route_localnet)|vm.(overcommit_memory|panic_on_oom)|kernel.(panic|panic_on_oops)|net.bridge.*) ' || true
  echo '# processes'
  local p
  for p in /proc/[0-9]*; do
    if tr '\0' ' ' 2>/dev/null < "$p/cmdline" | grep -E 'cluster/selftest|jobexec-selftest'; then :; fi
  done
}

nothing_left() {
  machine > "$WORK/after"
  diff "$WORK/before" "$WORK/after"
}

# ---- real ---------------------------------------------------------------------------------------

# As careful a pod as jobexec's own: no root, no capabilities, nothing to write but its volume.
job() {
  local name=$1 image=$2 command=$3
  cat <<EOF
apiVersion: batch/v1
kind: Job
metadata: { name: $name }
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        fsGroup: 65532
        seccompProfile: { type: RuntimeDefault }
      volumes:
      - { name: scratch, emptyDir: {} }
      initContainers:
      - name: prepare
        image: $BUSYBOX
        imagePullPolicy: IfNotPresent
        command: [sh, -c, 'echo "written by \$(id -u)" > /scratch/file']
        securityContext: &careful
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities: { drop: [ALL] }
        volumeMounts: &mounts
        - { name: scratch, mountPath: /scratch }
      containers:
      - name: main
        image: $image
        imagePullPolicy: IfNotPresent
        command: $command
        securityContext: *careful
        volumeMounts: *mounts
EOF
}

# run NAME IMAGE COMMAND: runs a Job to its end and prints its log
run() {
  job "$@" | kube apply -f - >/dev/null
  local i
  for ((i = 0; i < 120; i++)); do
    case $(kube get job "$1" -o 'jsonpath={.status.conditions[*].type}') in
      *Complete*) kube logs "job/$1" -c main; return ;;
      *Failed*) break ;;
    esac
    sleep 0.5
  done
  kube describe pods -l "job-name=$1"
  kube logs "job/$1" -c main
  return 1
}

real_job() {
  run "$1" "$BUSYBOX" '[sh, -c, "cat /scratch/file; ! touch /file 2>&1; grep CapEff /proc/self/status"]' > "$WORK/log1"
  cat "$WORK/log1"
  grep -q 'written by 65532' "$WORK/log1" && grep -q 'Read-only file system' "$WORK/log1" && grep -q 'CapEff:.*0000000000000000' "$WORK/log1"
}

real_dns() {
  run dns "$BUSYBOX" '[sh, -c, "nslookup kubernetes.default.svc.cluster.local && wget -qO- --no-check-certificate https://kubernetes.default/version"]' > "$WORK/log1"
  cat "$WORK/log1"
  grep -q 'Address: *10.96.0.1$' "$WORK/log1" && grep -q gitVersion "$WORK/log1"
}

real_service() {
  kube apply -f - <<EOF
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  containers:
  - name: web
    image: $BUSYBOX
    imagePullPolicy: IfNotPresent
    command: [sh, -c, 'mkdir /tmp/w && echo from-the-service > /tmp/w/index.html && exec httpd -f -p 8080 -h /tmp/w']
    readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
EOF
  kube wait --for=condition=Ready pod/web --timeout=60s
  run service "$BUSYBOX" '[sh, -c, "for i in 1 2 3 4 5 6 7 8 9 10; do timeout 3 wget -qO- http://web && exit; sleep 0.5; done; exit 1"]' | grep from-the-service
  # the pod itself by its own Service, and a program on this machine
  kube exec web -- timeout 3 wget -qO- http://web | grep from-the-service
  curl -sf --noproxy '*' --max-time 5 "http://$(kube get service web -o 'jsonpath={.spec.clusterIP}')" | grep from-the-service
}

real_host() {
  local ip pid status=0
  ip=$(cluster env --name selftest | sed -n 's/^NODE_IP=//p')
  mkdir -p "$WORK/www"
  echo from-the-machine > "$WORK/www/index.html"
  busybox httpd -f -p "$ip:18099" -h "$WORK/www" &
  pid=$!
  run host "$BUSYBOX" "[timeout, '5', wget, -qO-, 'http://$ip:18099/index.html']" | grep from-the-machine || status=1
  kill "$pid"
  return "$status"
}

# A dynamically linked program of this machine, packed.
real_program() {
  "$LOCAL_DIR/image.sh" program jobexec.local/selftest-curl:1 "$(command -v curl)" "$WORK/curl.tar"
  cluster import-image "$WORK/curl.tar" --name selftest
  cluster import-image "$WORK/curl.tar" --name selftest
  run program jobexec.local/selftest-curl:1 '[/usr/local/bin/curl, -sk, "https://kubernetes.default/version"]' | grep gitVersion
}

pid_file() { cut -d ' ' -f 1 "${JOBEXEC_CLUSTER_DIR:-$CACHE/cluster}/$1/run/$2.pid"; }
kill_component() { kill -KILL "$(pid_file "$1" "$2")"; }

COMPONENTS=(etcd kube-apiserver kube-controller-manager kube-scheduler mounts containerd kubelet kube-proxy)

# Several at once, at random, and then down from whatever is left.
real_down_after_kill() {
  local c
  for c in $(printf '%s\n' "${COMPONENTS[@]}" | shuf -n "$1"); do
    echo "killing $c"
    kill_component selftest "$c"
  done
  cluster down --name selftest
}

real_up_after_kill() {
  local c
  for c in "${COMPONENTS[@]}"; do kill_component selftest "$c"; done
  cluster up "${REAL[@]}"
}

real() {
  local c
  TARGET=selftest
  machine > "$WORK/before"
  check 'real: up' cluster up "${REAL[@]}"
  check 'real: up again' cluster up "${REAL[@]}"
  check 'real: status' cluster status --name selftest
  check 'real: Job with init container, without rights' real_job first
  check 'real: DNS and API from a pod' real_dns
  check 'real: Service' real_service
  check 'real: program on this machine from a pod' real_host
  check 'real: packed program' real_program
  for c in "${COMPONENTS[@]}"; do
    kill_component selftest "$c"
    check "real: up after kill -9 of $c" cluster up "${REAL[@]}"
    check "real: Job after kill -9 of $c" real_job "after-$c"
  done
  check 'real: down' cluster down --name selftest
  check 'real: nothing is left' nothing_left
  check 'real: up from kept state' cluster up "${REAL[@]}"
  check 'real: state was kept' kube get job first
  check 'real: Job after up' real_job second
  check 'real: down after kill -9 of three' real_down_after_kill 3
  check 'real: nothing is left' nothing_left
  check 'real: up' cluster up "${REAL[@]}"
  check 'real: up after kill -9 of all' real_up_after_kill
  check 'real: Job after kill -9 of all' real_job third
  check 'real: down after kill -9 of all' real_down_after_kill "${#COMPONENTS[@]}"
  check 'real: nothing is left' nothing_left
  check 'real: down when down' cluster down --name selftest --purge
}

# ---- kwok ---------------------------------------------------------------------------------------

kwok_jobs() {
  local i done_ones
  for ((i = 0; i < 200; i++)); do
    printf -- '---\napiVersion: batch/v1\nkind: Job\nmetadata: { name: many-%s, labels: { test: many } }\nspec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: none }] } } }\n' "$i"
  done > "$WORK/jobs.yaml"
  kube create -f "$WORK/jobs.yaml" >/dev/null
  for ((i = 0; i < 60; i++)); do
    done_ones=$(kube get jobs -l test=many -o 'jsonpath={range .items[*]}{.status.succeeded}{"\n"}{end}' | grep -c 1 || true)
    [[ $done_ones -lt 200 ]] || return 0
    sleep 1
  done
  echo "only $done_ones of 200 completed"
  return 1
}

kwok() {
  TARGET=selftest-kwok
  machine > "$WORK/before"
  check 'kwok: up' cluster up "${KWOK[@]}"
  check 'kwok: up again' cluster up "${KWOK[@]}"
  check 'kwok: 200 Jobs complete' kwok_jobs
  kill_component selftest-kwok etcd
  kill_component selftest-kwok kwok
  check 'kwok: up after kill -9 of etcd and kwok' cluster up "${KWOK[@]}"
  check 'kwok: status' cluster status --name selftest-kwok
  kill_component selftest-kwok kube-apiserver
  check 'kwok: down after kill -9 of kube-apiserver' cluster down --name selftest-kwok
  check 'kwok: nothing is left' nothing_left
}

# ---- images -------------------------------------------------------------------------------------

same_bytes() {
  "$LOCAL_DIR/image.sh" program jobexec.local/same:1 "$(command -v curl)" "$WORK/one.tar"
  touch "$WORK/one.tar"
  (umask 077 && "$LOCAL_DIR/image.sh" program jobexec.local/same:1 "$(command -v curl)" "$WORK/two.tar")
  cmp "$WORK/one.tar" "$WORK/two.tar"
}

images() { check 'images: the same bytes each time' same_bytes; }

main() {
  (( EUID == 0 )) || die "this needs root"
  local part
  (( $# )) || set -- images kwok real
  trap finish EXIT
  for part in "$@"; do
    case $part in real | kwok | images) "$part" ;; *) die "no such part: $part" ;; esac
  done
  echo "$PASSED passed, $FAILED failed"
  (( FAILED == 0 ))
}

main "$@"
