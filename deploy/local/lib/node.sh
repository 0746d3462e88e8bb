# shellcheck shell=bash disable=SC2153
# The node: containerd, kubelet, kube-proxy. Only in real mode.
#
# containerd and kubelet live in a mount namespace of their own, held by the component "mounts". In it
# the few folders whose place in the file system cannot be configured (containerd's shim sockets, the
# network plugins' result cache, kubelet's log links) are ours, so a containerd or Kubernetes of the
# machine is not touched. And nothing they mount can stay behind: it ends with the namespace.

fixed_folders() {
  echo "/run/containerd $RUN/shims"
  echo "/var/lib/cni $DIR/cni/cache"
  echo "/var/lib/kubelet $DIR/kubelet/fixed"
  echo "/var/log/containers $DIR/logs/containers"
}

CTR_NAMESPACE=k8s.io
containerd_socket() { echo "$RUN/containerd.sock"; }
containers() { ctr --address "$(containerd_socket)" --namespace "$CTR_NAMESPACE" "$@"; }

start_mounts() {
  local at ours script='set -e; mount --make-rshared /'
  # State of containers that ended with the former namespace and addresses given to them: as after a reboot.
  rm -rf "$RUN" "$DIR/cni"
  mkdir -p "$RUN"
  while read -r at ours; do
    mkdir -p "$ours"
    # Mount points have to exist; those made here are removed on `down`.
    if [[ ! -d $at ]]; then
      mkdir -p "$at"
      echo "$at" >> "$DIR/made-folders"
    fi
    script+="; mount --bind '$ours' '$at'"
  done < <(fixed_folders)
  script+="; touch '$RUN/mounted'; exec sleep infinity"
  launch mounts unshare --mount --propagation private bash -c "$script"
  wait_for mounts 10 test -e "$RUN/mounted"
}

# launch_in_node NAME COMMAND...: in the mount namespace
launch_in_node() {
  local name=$1
  shift
  launch "$name" nsenter --mount="/proc/$(pid_of mounts)/ns/mnt" -- "$@"
}

cni_folder() {
  local d
  for d in /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
    if [[ -x $d/bridge && -x $d/host-local && -x $d/portmap && -x $d/loopback ]]; then echo "$d"; return; fi
  done
  die "no container network plugins found; install: $LOCAL_DIR/packages.sh cluster"
}

# Overlay file systems do not stack: inside of a container whose own root is one, plain copies do.
snapshotter() {
  local d=$DIR/containerd/probe answer=native
  mkdir -p "$d"/{lower,upper,work,merged}
  if unshare --mount mount -t overlay overlay -o "lowerdir=$d/lower,upperdir=$d/upper,workdir=$d/work" "$d/merged" 2>/dev/null; then
    answer=overlayfs
  fi
  rm -rf "$d"
  echo "$answer"
}

containerd_config() {
  mkdir -p "$DIR/conf/cni"
  cat > "$DIR/conf/cni/10-jobexec.conflist" <<EOF
{
  "cniVersion": "0.4.0",
  "name": "jobexec-$NAME",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "$BRIDGE",
      "isGateway": true,
      "ipMasq": true,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "dataDir": "$DIR/cni/networks",
        "ranges": [[{ "subnet": "$POD_SUBNET", "gateway": "$NODE_IP" }]],
        "routes": [{ "dst": "0.0.0.0/0" }]
      }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
EOF
  # restrict_oom_score_adj: without CAP_SYS_RESOURCE pods fail with "can't get final child's PID from pipe".
  cat > "$DIR/conf/containerd.toml" <<EOF
version = 2
root = "$DIR/containerd/root"
state = "$RUN/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "$(containerd_socket)"
[plugins."io.containerd.internal.v1.opt"]
  path = "$DIR/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$("$LOCAL_DIR/image.sh" name pause)"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  tolerate_missing_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$(cni_folder)"
    conf_dir = "$DIR/conf/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "$SNAPSHOTTER"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "$(command -v runc)"
        Root = "$RUN/runc"
        SystemdCgroup = false
EOF
}

containerd_ready() { containers version; }

start_containerd() {
  containerd_config
  launch_in_node containerd containerd --config "$DIR/conf/containerd.toml" --log-level warn
}

# Pods get their own branch of the cgroup tree, apart from a kubelet of the machine, and whatever is in
# it is ours to end.
cgroup_name() { echo "jobexec-$NAME"; }

cgroup_folders() {
  local d
  if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
    echo "/sys/fs/cgroup/$(cgroup_name)"
  else
    for d in /sys/fs/cgroup/*/; do
      [[ -L ${d%/} || ! -e ${d}cgroup.procs ]] || echo "$d$(cgroup_name)"
    done
  fi
}

make_cgroups() {
  local d c
  while read -r d; do
    mkdir -p "$d"
    # An empty cpuset (version 1) takes no process.
    for c in cpuset.cpus cpuset.mems; do
      if [[ -e $d/$c && ! -e $d/cgroup.controllers && -z $(cat "$d/$c") ]]; then cat "${d%/*}/$c" > "$d/$c"; fi
    done
  done < <(cgroup_folders)
  [[ -e /sys/fs/cgroup/cgroup.controllers ]] || return 0
  for d in /sys/fs/cgroup "/sys/fs/cgroup/$(cgroup_name)"; do
    tr ' ' '\n' < "$d/cgroup.controllers" | while read -r c; do
      echo "+$c" > "$d/cgroup.subtree_control" 2>/dev/null || true
    done
    for c in cpu memory pids; do
      grep -qw "$c" "$d/cgroup.subtree_control" ||
        die "the cgroup controller $c cannot be enabled in $d; in a container, start that with its own cgroup namespace and an init in a sub-cgroup"
    done
  done
}

cgroup_processes() {
  local d
  while read -r d; do
    [[ ! -d $d ]] || find "$d" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done < <(cgroup_folders) | sort -un
}

no_pods_run() { [[ -z $(cgroup_processes) ]]; }

remove_cgroups() {
  local d left=0
  while read -r d; do
    [[ -d $d ]] || continue
    find "$d" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    [[ ! -d $d ]] || left=1
  done < <(cgroup_folders)
  return "$left"
}

# containerd leaves a shim behind for each pod, by design, so that containers survive its restart. Ours
# are known by our socket in their arguments.
shims() {
  local p
  for p in /proc/[0-9]*; do
    # processes come and go while we look
    if tr '\0' '\n' 2>/dev/null < "$p/cmdline" | awk -v socket="$(containerd_socket)" '
      NR == 1 && $0 !~ /containerd-shim/ { exit }
      before == "-address" && $0 == socket { found = 1 }
      { before = $0 }
      END { exit !found }'; then echo "${p#/proc/}"; fi
  done
}

no_shims_run() { [[ -z $(shims) ]]; }

# Everything that runs in pods, whoever is left to look after it.
kill_containers() {
  local pids
  until_true 20 kill_containers_once && return
  pids=$(cgroup_processes; shims)
  die "processes of pods cannot be ended: ${pids//$'\n'/ }"
}

kill_containers_once() {
  local pid
  for pid in $(shims) $(cgroup_processes); do kill -KILL "$pid" 2>/dev/null || true; done
  no_pods_run && no_shims_run
}

resolv_conf() {
  local file
  # The machine's name servers, except those on its own loopback: from a pod they are not there, and
  # cluster DNS would ask itself.
  for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
    if grep -E '^nameserver ' "$file" 2>/dev/null | grep -Ev '^nameserver (127\.|::1)'; then return; fi
  done
  return 0
}

start_kubelet() {
  make_cgroups
  resolv_conf > "$DIR/conf/resolv.conf"
  mkdir -p "$DIR"/{kubelet,logs/pods}
  cat > "$DIR/conf/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_IP
port: $(kubelet_port)
healthzPort: $(kubelet_health_port)
authentication:
  anonymous: { enabled: false }
  webhook: { enabled: true }
  x509: { clientCAFile: $DIR/pki/ca.crt }
authorization: { mode: Webhook }
tlsCertFile: $DIR/pki/kubelet-server.crt
tlsPrivateKeyFile: $DIR/pki/kubelet-server.key
containerRuntimeEndpoint: unix://$(containerd_socket)
cgroupDriver: cgroupfs
cgroupRoot: /$(cgroup_name)
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
evictionHard: { memory.available: 50Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1% }
# Images come from files, not from a registry: one that is collected could not be had again.
imageGCHighThresholdPercent: 100
clusterDomain: cluster.local
clusterDNS: [$SERVICE_DNS_IP]
resolvConf: $DIR/conf/resolv.conf
podLogsDir: $DIR/logs/pods
containerLogMaxSize: 5Mi
containerLogMaxFiles: 2
volumePluginDir: $DIR/kubelet/volume-plugins
maxPods: 250
serializeImagePulls: false
kubeAPIQPS: 100
kubeAPIBurst: 200
eventRecordQPS: 100
eventBurst: 200
EOF
  launch_in_node kubelet "$BIN/kubelet" --config="$DIR/conf/kubelet.yaml" --kubeconfig="$DIR/conf/kubelet.kubeconfig" \
    --root-dir="$DIR/kubelet" --hostname-override="$NODE_NAME" --node-ip="$NODE_IP"
}

kubelet_ready() { fetch "http://127.0.0.1:$(kubelet_health_port)/healthz"; }

start_proxy() {
  local masquerade=false
  # The long way round: with every packet to a Service coming from the node, answers find their way.
  bridge_filter || masquerade=true
  cat > "$DIR/conf/proxy.yaml" <<EOF
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: { kubeconfig: $DIR/conf/proxy.kubeconfig }
mode: iptables
hostnameOverride: $NODE_NAME
clusterCIDR: $POD_SUBNET
bindAddress: $NODE_IP
healthzBindAddress: 127.0.0.1:$(proxy_health_port)
metricsBindAddress: 127.0.0.1:$(proxy_metrics_port)
iptables: { masqueradeAll: $masquerade }
# 0: leave the machine's connection tracking as it is
conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s }
EOF
  launch kube-proxy "$BIN/kube-proxy" --config="$DIR/conf/proxy.yaml"
}

proxy_ready() { fetch "http://127.0.0.1:$(proxy_health_port)/livez"; }

# The node's own end: containers, kubelet, containerd, namespace.
node_down() {
  stop kubelet
  stop kube-proxy
  kill_containers
  stop containerd
  stop mounts
  until_true 5 remove_cgroups || say "warning: some cgroups named $(cgroup_name) remain"
}
