#!/usr/bin/env bash
# A one-node Kubernetes on this machine, for development and tests. See README.md.
#
# usage: cluster.sh up [--kwok] [--name NAME] [--port PORT] [--nodes N] [--fsync] [--existing]
#        cluster.sh down [--purge] [--name NAME]
#        cluster.sh status | kubeconfig | env | wait-ready [SECONDS]   [--kwok | --name NAME]
#        cluster.sh import-image FILE.tar...                           [--name NAME]
#        cluster.sh [--kwok | --name NAME] -- KUBECTL-ARGUMENTS...     e.g. cluster.sh -- get jobs -A
#
# Without --kwok pods really run (kubelet, containerd). With it nodes and pods are only objects: good
# for thousands of Jobs. Both can be up at once: the one is named "local" (port 6443), the other "kwok"
# (port 7443), other kwok clusters by --name and --port. To be run as root.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source-path=SCRIPTDIR source=lib/process.sh
source "$LOCAL_DIR/lib/process.sh"
# shellcheck source-path=SCRIPTDIR source=lib/credentials.sh
source "$LOCAL_DIR/lib/credentials.sh"
# shellcheck source-path=SCRIPTDIR source=lib/control-plane.sh
source "$LOCAL_DIR/lib/control-plane.sh"
# shellcheck source-path=SCRIPTDIR source=lib/network.sh
source "$LOCAL_DIR/lib/network.sh"
# shellcheck source-path=SCRIPTDIR source=lib/node.sh
source "$LOCAL_DIR/lib/node.sh"
# shellcheck source-path=SCRIPTDIR source=lib/kwok.sh
source "$LOCAL_DIR/lib/kwok.sh"

SERVICE_SUBNET=10.96.0.0/16
SERVICE_API_IP=10.96.0.1
SERVICE_DNS_IP=10.96.0.10
# Not one of those that Docker, Podman or the usual network add-ons take.
POD_SUBNET_DEFAULT=10.213.64.0/22

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }

# ---- arguments and settings ---------------------------------------------------------------------

parse() {
  COMMAND=${1:-}
  [[ -n $COMMAND ]] || usage
  case $COMMAND in
    --kwok | --name | --) COMMAND=kubectl ;;
    *) shift ;;
  esac
  NAME='' PORT='' MODE=real NODES=4 FSYNC=0 PURGE=0 EXISTING=${JOBEXEC_USE_KUBECONFIG:-0}
  ARGUMENTS=()
  while (( $# )); do
    case $1 in
      --kwok) MODE=kwok ;;
      --existing) EXISTING=1 ;;
      --fsync) FSYNC=1 ;;
      --purge) PURGE=1 ;;
      --name | --port | --nodes)
        [[ $# -ge 2 ]] || die "$1 wants a value"
        case $1 in --name) NAME=$2 ;; --port) PORT=$2 ;; *) NODES=$2 ;; esac
        shift ;;
      -h | --help) usage ;;
      --)
        shift
        ARGUMENTS+=("$@")
        break ;;
      -*) die "no such option: $1" ;;
      *) ARGUMENTS+=("$1") ;;
    esac
    shift
  done
  if [[ -z $NAME ]]; then
    NAME=local
    [[ $MODE == real ]] || NAME=kwok
  fi
  [[ $NAME =~ ^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$ ]] || die "a name is made of a-z, 0-9 and -, 20 at most: $NAME"
  [[ -z $PORT || ( $PORT =~ ^[0-9]{1,5}$ && $PORT -ge 1024 && $PORT -le 65500 ) ]] || die "not a usable port: $PORT"
  [[ $NODES =~ ^[1-9][0-9]{0,3}$ ]] || die "not a number of nodes: $NODES"
}

settings() {
  DIR=${JOBEXEC_CLUSTER_DIR:-$CACHE/cluster}/$NAME
  RUN=/run/jobexec-$NAME
  API_PORT=${PORT:-6443}
  [[ -n $PORT || $MODE == real ]] || API_PORT=7443
  POD_SUBNET=${JOBEXEC_POD_SUBNET:-$POD_SUBNET_DEFAULT}
  local asked=$MODE:$API_PORT
  # What is up is dealt with by the settings it was started with.
  if [[ -s $DIR/settings ]]; then
    # shellcheck source=/dev/null
    source "$DIR/settings"
    if [[ $COMMAND == up && $MODE:$API_PORT != "$asked" ]]; then
      ! any_alive || die "cluster $NAME is up in mode $MODE on port $API_PORT; take it down first"
      MODE=${asked%%:*} API_PORT=${asked##*:}
    fi
    if [[ $COMMAND == up ]] && ! any_alive; then POD_SUBNET=${JOBEXEC_POD_SUBNET:-$POD_SUBNET_DEFAULT}; fi
  fi
  [[ $POD_SUBNET =~ ^[0-9]+\.[0-9]+\.[0-9]+\.0/[0-9]+$ ]] || die "the pod subnet has to be like 10.213.64.0/22: $POD_SUBNET"
  NODE_IP=127.0.0.1
  [[ $MODE != real ]] || NODE_IP=${POD_SUBNET%.0/*}.1
  NODE_NAME=jobexec-$NAME
  if [[ $MODE == real ]]; then
    COMPONENTS=(etcd kube-apiserver kube-controller-manager kube-scheduler mounts containerd kubelet kube-proxy)
  else
    COMPONENTS=(etcd kube-apiserver kube-controller-manager kube-scheduler kwok)
  fi
}

save_choices() {
  printf 'MODE=%s\nAPI_PORT=%s\nPOD_SUBNET=%s\n' "$MODE" "$API_PORT" "$POD_SUBNET" > "$DIR/settings"
}

any_alive() {
  local file name
  for file in "$DIR"/run/*.pid; do
    [[ -e $file ]] || continue
    name=${file##*/}
    ! alive "${name%.pid}" || return 0
  done
  return 1
}

# One at a time changes a cluster. Not inherited by what is started, see launch.
lock() {
  mkdir -p "$DIR"
  exec 9> "$DIR/.lock"
  flock -n 9 || { say "another command is at work on cluster $NAME, waiting"; flock 9; }
}

need_root() { (( EUID == 0 )) || die "this needs root"; }

# ---- talking to the cluster ---------------------------------------------------------------------

api() {
  curl --silent --fail --max-time 10 --noproxy '*' --cacert "$DIR/pki/ca.crt" --cert "$DIR/pki/admin.crt" \
    --key "$DIR/pki/admin.key" "https://127.0.0.1:$API_PORT$1"
}

kube() {
  local program=kubectl
  [[ ! -x $BIN/kubectl ]] || program=$BIN/kubectl
  "$program" --kubeconfig "$DIR/kubeconfig" "$@"
}

# What the state says is not enough: right after a start it may be from before it.
node_ready() {
  local started heartbeat
  started=$(stat -c %Y "$DIR/run/kubelet.pid")
  heartbeat=$(api "/api/v1/nodes/$NODE_NAME" |
    jq -er '.status.conditions[] | select(.type == "Ready" and .status == "True") | .lastHeartbeatTime | fromdate')
  (( heartbeat >= started ))
}

dns_ready() { timeout 3 busybox nslookup kubernetes.default.svc.cluster.local "$SERVICE_DNS_IP"; }

fake_nodes_ready() {
  local ready
  ready=$(api /api/v1/nodes | jq '[.items[] | select(any(.status.conditions[]?; .type == "Ready" and .status == "True"))] | length')
  (( ready >= NODES ))
}

# Pods are refused before the service account controller has been at work.
account_ready() { api /api/v1/namespaces/default/serviceaccounts/default; }

component_ready() {
  case $1 in
    etcd) etcd_ready ;;
    kube-apiserver) apiserver_ready ;;
    kube-controller-manager) controller_ready ;;
    kube-scheduler) scheduler_ready ;;
    mounts) alive mounts && [[ -e $RUN/mounted ]] ;;
    containerd) containerd_ready ;;
    kubelet) kubelet_ready ;;
    kube-proxy) proxy_ready ;;
    kwok) kwok_ready ;;
  esac
}

all_ready() {
  local c
  for c in "${COMPONENTS[@]}"; do
    alive "$c" || return 1
    component_ready "$c" >/dev/null 2>&1 || return 1
  done
  account_ready >/dev/null || return 1
  if [[ $MODE == real ]]; then
    node_ready >/dev/null 2>&1 && dns_ready >/dev/null 2>&1
  else
    fake_nodes_ready 2>/dev/null
  fi
}

# ---- up -----------------------------------------------------------------------------------------

check_machine() {
  local missing=() c wanted=(curl jq openssl setsid flock base64)
  [[ $MODE != real ]] || wanted+=(containerd runc ctr iptables iptables-save iptables-restore ip conntrack nsenter unshare busybox)
  for c in "${wanted[@]}"; do command -v "$c" >/dev/null || missing+=("$c"); done
  (( ${#missing[@]} == 0 )) || die "missing: ${missing[*]}; install: $LOCAL_DIR/packages.sh cluster"
  [[ $MODE == real ]] || return 0
  unshare --mount true 2>/dev/null || die "this machine does not let root make mount namespaces (CAP_SYS_ADMIN); only --kwok works here"
  # Sockets are made in the state folder, and the kernel limits their paths to 107 bytes.
  (( ${#DIR} <= 68 )) || die "the path of the state folder is too long for sockets: $DIR; set JOBEXEC_CLUSTER_DIR"
}

port_free() { ! (: < "/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# ensure COMPONENT START [SECONDS]: starts it if it is not alive
ensure() {
  alive "$1" || "$2"
}
ready() { wait_for "$1" "${2:-60}" component_ready "$1"; }

build_image() {
  local tar=$1 what=$2
  [[ ! -s $tar ]] || return 0
  case $what in
    busybox) "$LOCAL_DIR/image.sh" busybox "$("$LOCAL_DIR/image.sh" name busybox)" "$tar" ;;
    *) "$LOCAL_DIR/image.sh" "$what" "$tar" ;;
  esac
}

# Kept apart by what they are made of, so that a change of the script or a version makes new ones.
own_images() {
  local folder what
  folder=$CACHE/images/$(cat "$LOCAL_DIR/image.sh" "$LOCAL_DIR/versions.sh" | sha256sum | cut -c 1-12)-$(arch)
  for what in pause busybox coredns; do
    build_image "$folder/$what.tar" "$what"
    import_image "$folder/$what.tar"
  done
}

# import_image FILE: unless the node has that very content under that name
import_image() {
  local index present=1 name digest have
  index=$(tar -xOf "$1" ./index.json 2>/dev/null || tar -xOf "$1" index.json 2>/dev/null || true)
  have=$(containers images ls | awk 'NR > 1 { print $1, $3 }')
  while read -r name digest; do
    grep -qxF "$name $digest" <<<"$have" || present=0
  done < <(jq -r '.manifests[] | "\(.annotations["io.containerd.image.name"]) \(.digest)"' 2>/dev/null <<<"${index:-null}" || echo "- -")
  [[ -n $index && $present == 1 ]] && return 0
  containers images import --snapshotter "$SNAPSHOTTER" "$1" >&2
}

manifests() {
  local forward=''
  [[ ! -s $DIR/conf/resolv.conf ]] || forward='forward . /etc/resolv.conf'
  sed "s,^ *FORWARD\$,        $forward,; s,IMAGE\$,$("$LOCAL_DIR/image.sh" name coredns),; s,DNS_IP\$,$SERVICE_DNS_IP," \
    "$LOCAL_DIR/manifests/coredns.yaml"
}

apply() {
  local manifest=$1
  until_true 20 kube apply -f "$manifest" || kube apply -f "$manifest" >/dev/null || die "could not apply $manifest"
}

write_env() {
  {
    echo "KUBECONFIG=$1"
    echo "NODE_IP=$2"
    echo "API_PORT=$3"
    echo "MODE=$4"
  } > "$DIR/cluster.env.part"
  mv "$DIR/cluster.env.part" "$DIR/cluster.env"
}

up_existing() {
  local kubectl=kubectl server node
  command -v kubectl >/dev/null || kubectl=$(bin_dir)/kubectl
  "$kubectl" get --raw /readyz --request-timeout 10s >/dev/null || die "the cluster of KUBECONFIG=${KUBECONFIG:-$HOME/.kube/config} does not answer"
  server=$("$kubectl" config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
  node=$("$kubectl" get nodes -o 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}')
  # The address by which that cluster's pods most likely reach this machine: the one we use towards it.
  node=$(ip route get "${node%% *}" 2>/dev/null | sed -n 's/.* src \([^ ]*\).*/\1/p' | head -n 1)
  write_env "${KUBECONFIG:-$HOME/.kube/config}" "${node:-127.0.0.1}" "${server##*:}" existing
  say "using the cluster at $server"
}

up_real() {
  check_no_other_cluster
  # A kubelet or containerd without its mount namespace is of no use, nor are containers of theirs.
  alive mounts || node_down
  # Once per boot, before anything is changed.
  save_settings
  bridge_up
  accept_pods
  credentials
  ensure etcd start_etcd
  ready etcd 30
  ensure kube-apiserver start_apiserver
  ensure mounts start_mounts
  SNAPSHOTTER=$(snapshotter)
  ensure containerd start_containerd
  ready containerd 60
  own_images
  ready kube-apiserver 120
  ensure kube-controller-manager start_controller_manager
  ensure kube-scheduler start_scheduler
  ensure kubelet start_kubelet
  ensure kube-proxy start_proxy
  manifests > "$DIR/conf/coredns.yaml"
  apply "$DIR/conf/coredns.yaml"
}

up_kwok() {
  credentials
  ensure etcd start_etcd
  ready etcd 30
  ensure kube-apiserver start_apiserver
  ready kube-apiserver 120
  ensure kube-controller-manager start_controller_manager
  ensure kube-scheduler start_scheduler
  ensure kwok start_kwok
  fake_nodes > "$DIR/conf/nodes.yaml"
  apply "$DIR/conf/nodes.yaml"
}

wait_ready() {
  local limit=$((SECONDS + $1)) c
  for c in "${COMPONENTS[@]}"; do
    alive "$c" || { show_log "$c"; die "$c is not running; start it: $ME up --name $NAME"; }
    ready "$c" $((limit > SECONDS ? limit - SECONDS : 1))
  done
  if ! until_true $((limit > SECONDS ? limit - SECONDS : 1)) all_ready; then
    status >&2 || true
    die "cluster $NAME is not ready after $1 s; logs are in $DIR/logs"
  fi
}

up() {
  need_root
  if [[ $EXISTING == 1 ]]; then
    mkdir -p "$DIR"
    up_existing
    return
  fi
  check_machine
  "$LOCAL_DIR/build-control-plane.sh" >/dev/null
  BIN=$(bin_dir)
  lock
  local start=$SECONDS c port
  if all_ready 2>/dev/null; then
    say "cluster $NAME is up"
  else
    mkdir -p "$DIR"/{run,logs,conf,pki}
    chmod 700 "$DIR/pki" "$DIR/conf"
    if ! any_alive; then
      for port in "$API_PORT" "$(etcd_port)" "$(etcd_peer_port)" "$(controller_port)" "$(scheduler_port)"; do
        port_free "$port" || die "port $port is in use; choose another with --port"
      done
      save_choices
    fi
    "up_$MODE"
    wait_ready 120
    say "cluster $NAME is up after $((SECONDS - start)) s"
  fi
  write_env "$DIR/kubeconfig" "$NODE_IP" "$API_PORT" "$MODE"
  say "KUBECONFIG=$DIR/kubeconfig"
  [[ $MODE != real ]] || say "pods reach programs on this machine at $NODE_IP"
}

# ---- down ---------------------------------------------------------------------------------------

# Pods first, while everything that takes part in ending one is still there; with the controllers
# stopped before, so that none is replaced. What does not end in time is ended with the node.
end_pods() {
  stop kube-scheduler
  stop kube-controller-manager
  alive kubelet && alive containerd && apiserver_ready 2>/dev/null || return 0
  kube delete pods --all --all-namespaces --grace-period=1 --wait=false --request-timeout=10s >/dev/null 2>&1 || true
  until_true 15 no_pods_run || say "some pods do not end by themselves, they are ended"
}

remove_made_folders() {
  local folder
  [[ -e $DIR/made-folders ]] || return 0
  # Only if empty: somebody else may use them by now.
  while read -r folder; do
    rmdir "$folder" 2>/dev/null || true
  done < <(sort -ru "$DIR/made-folders")
  rm -f "$DIR/made-folders"
}

down() {
  need_root
  [[ -d $DIR ]] || { say "cluster $NAME is not there"; return 0; }
  if is_existing; then
    rm -f "$DIR/cluster.env"
    # gone, unless a cluster of ours has its state there
    rmdir "$DIR" 2>/dev/null || true
    say "the cluster in use is not ours and stays as it is"
    return
  fi
  BIN=$(bin_dir)
  lock
  local c
  if [[ $MODE == real ]]; then
    end_pods
    node_down
  fi
  for c in kwok kube-scheduler kube-controller-manager kube-apiserver etcd; do stop "$c"; done
  if [[ $MODE == real ]]; then
    network_down
    remove_made_folders
    # Volumes of pods that are gone, and addresses given out to them.
    rm -rf "$RUN" "$DIR/kubelet" "$DIR/cni" "$DIR/logs/containers" "$DIR/logs/pods"
  fi
  rm -f "$DIR/cluster.env"
  if (( PURGE )); then rm -rf "$DIR"; fi
  say "cluster $NAME is down"
}

# ---- the rest -----------------------------------------------------------------------------------

status() {
  if is_existing; then
    cat "$DIR/cluster.env"
    KUBECONFIG=$(env_value KUBECONFIG) kubectl get --raw /readyz
    return
  fi
  local c pid state bad=0
  BIN=${BIN:-$(bin_dir)}
  printf 'cluster %s, mode %s, port %s, state in %s\n' "$NAME" "$MODE" "$API_PORT" "$DIR"
  for c in "${COMPONENTS[@]}"; do
    state='not running' pid=-
    if pid=$(pid_of "$c"); then
      state='not ready'
      ! component_ready "$c" >/dev/null 2>&1 || state=ready
    fi
    [[ $state == ready ]] || bad=1
    printf '  %-24s %-8s %s\n' "$c" "${pid:--}" "$state"
  done
  if (( ! bad )); then
    if [[ $MODE == real ]]; then
      state=no; ! node_ready >/dev/null 2>&1 || state=yes
      printf '  node %s ready: %s\n' "$NODE_NAME" "$state"
      [[ $state == yes ]] || bad=1
      state=no; ! dns_ready >/dev/null 2>&1 || state=yes
      printf '  cluster DNS answers: %s\n' "$state"
    else
      state=no; ! fake_nodes_ready 2>/dev/null || state=yes
      printf '  fake nodes ready: %s\n' "$state"
    fi
    [[ $state == yes ]] || bad=1
    printf '  kubeconfig: %s\n' "$DIR/kubeconfig"
    [[ $MODE != real ]] || printf '  this machine, from a pod: %s\n' "$NODE_IP"
  fi
  return "$bad"
}

import_images() {
  local file
  need_root
  (( $# )) || usage
  ! is_existing || die "the cluster in use is not ours; load images by its own means, e.g. kind load image-archive"
  [[ $MODE == real ]] || die "a kwok cluster runs no containers and needs no images"
  containerd_ready >/dev/null 2>&1 || die "cluster $NAME is not up"
  lock
  SNAPSHOTTER=$(snapshotter)
  for file in "$@"; do
    [[ -f $file ]] || die "no such file: $file"
    import_image "$file"
  done
}

env_value() { sed -n "s/^$1=//p" "$DIR/cluster.env" 2>/dev/null; }
# A cluster of the user's that `up --existing` was told of.
is_existing() { [[ $(env_value MODE) == existing ]]; }

show_kubeconfig() {
  if is_existing; then env_value KUBECONFIG; else show_file kubeconfig echo; fi
}

show_file() {
  [[ -s $DIR/$1 ]] || die "cluster $NAME has no $1; start it: $ME up"
  "${@:2}" "$DIR/$1"
}

run_kubectl() {
  local program=kubectl
  command -v kubectl >/dev/null || program=$(bin_dir)/kubectl
  KUBECONFIG=$(show_kubeconfig) exec "$program" "$@"
}

main() {
  parse "$@"
  settings
  case $COMMAND in
    up) up ;;
    down) down ;;
    status) status ;;
    kubeconfig) show_kubeconfig ;;
    env) show_file cluster.env cat ;;
    wait-ready) BIN=$(bin_dir); wait_ready "${ARGUMENTS[0]:-120}" ;;
    import-image) import_images "${ARGUMENTS[@]}" ;;
    kubectl) run_kubectl "${ARGUMENTS[@]}" ;;
    *) usage ;;
  esac
}

main "$@"
