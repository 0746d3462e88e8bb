# shellcheck shell=bash disable=SC2153
# The machine's side of the pod network: one bridge, a few packet filter rules, some kernel settings;
# and how all of it is taken away again.

BRIDGE=jobexec0

# The bridge carries its owner in its alias. It is the first thing made and the last one removed, so
# as long as it is there, what Kubernetes left in the packet filter is ours.
bridge_owner() { cat "/sys/class/net/$BRIDGE/ifalias" 2>/dev/null || true; }
bridge_exists() { [[ -e /sys/class/net/$BRIDGE ]]; }
bridge_is_ours() { [[ $(bridge_owner) == "jobexec $NAME $DIR" ]]; }

# Two kube-proxies on one machine would undo each other's rules.
check_no_other_cluster() {
  if bridge_exists; then
    bridge_is_ours || die "another real cluster is up here (${BRIDGE}: $(bridge_owner)); take it down first"
  elif iptables-save -t nat 2>/dev/null | grep -q '^:KUBE-SERVICES '; then
    die "a Kubernetes node runs on this machine already (chain KUBE-SERVICES); use it: $ME up --existing"
  fi
  local route
  route=$(ip -4 route show root "$POD_SUBNET" | grep -v " dev $BRIDGE " | head -n 1 || true)
  [[ -z $route ]] || die "the pod subnet $POD_SUBNET is in use ($route); set JOBEXEC_POD_SUBNET to a free one"
}

# Made by us before kubelet starts, as its address is the node's: that may not be loopback, the
# addresses of the other interfaces come and go, and not every kernel has dummy devices.
bridge_up() {
  if ! bridge_exists; then
    ip link add "$BRIDGE" type bridge
    ip link set "$BRIDGE" alias "jobexec $NAME $DIR"
    # Of its own, or it would change with every pod that comes and goes.
    ip link set "$BRIDGE" address 0a:58:0a:d5:40:01
  fi
  ip -4 addr show dev "$BRIDGE" | grep -q " $NODE_IP/" || ip addr add "$NODE_IP/${POD_SUBNET#*/}" dev "$BRIDGE"
  ip link set "$BRIDGE" up
}

# Where another program (Docker, a firewall) has set the policy of FORWARD or INPUT to DROP, pods would
# reach neither each other nor the host.
accept_rule() { iptables -w 10 "$1" "$2" "$3" "$BRIDGE" -m comment --comment "jobexec $NAME" -j ACCEPT; }
accept_pods() {
  local chain direction
  for chain in FORWARD:-i FORWARD:-o INPUT:-i; do
    direction=${chain#*:}
    accept_rule -C "${chain%:*}" "$direction" 2>/dev/null || accept_rule -I "${chain%:*}" "$direction"
  done
}

# What kubelet, kube-proxy and the bridge plugin set.
SETTINGS=(net.ipv4.ip_forward net.ipv4.conf.all.route_localnet net.bridge.bridge-nf-call-iptables
  vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops
  kernel.keys.root_maxkeys kernel.keys.root_maxbytes)

save_settings() {
  local file=$DIR/kernel-settings name path
  [[ $(head -n 1 "$file" 2>/dev/null) != "$(boot_id)" ]] || return 0
  {
    boot_id
    for name in "${SETTINGS[@]}"; do
      path=/proc/sys/$(tr . / <<<"$name")
      [[ ! -r $path ]] || echo "$path $(cat "$path")"
    done
  } > "$file"
}

restore_settings() {
  local file=$DIR/kernel-settings path value
  [[ $(head -n 1 "$file" 2>/dev/null) == "$(boot_id)" ]] || return 0
  while read -r path value; do
    # Somebody else's containers may have come to rely on forwarding meanwhile.
    if [[ $path == */ip_forward && -n $(ip -o link show type bridge) ]]; then continue; fi
    [[ $(cat "$path") == "$value" ]] || echo "$value" > "$path" 2>/dev/null || true
  done < <(tail -n +2 "$file")
  rm -f "$file"
}

# Without this packets between two pods on the bridge pass by the packet filter, and answers from behind
# a Service come from the wrong address. Built in on some kernels, a module on others.
bridge_filter() {
  [[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] || modprobe br_netfilter 2>/dev/null || true
  [[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] || return 1
  echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
}

# Reads `iptables-save` and writes what `iptables-restore --noflush` needs to delete our part only:
# Kubernetes' chains, the chains the network plugins made for our network, jumps to any of them, and the
# rules that carry our comment. Other programs' rules may change meanwhile: nothing of them is rewritten.
filter_removal() {
  awk -v network="name: \\\\\"jobexec-$NAME\\\\\"" -v comment="--comment \"jobexec $NAME\"" '
    function target(rule) { return match(rule, / -[jg] [^ ]+/) ? substr(rule, RSTART + 4, RLENGTH - 4) : "" }
    /^\*/ { table = $0; n = 0; delete rules; delete chains; delete ours; next }
    /^:/ { name = substr($1, 2); chains[name]; if (name ~ /^KUBE-/) ours[name]; next }
    /^-A/ { rules[n++] = $0; next }
    /^COMMIT/ {
      hostports = 0
      for (i = 0; i < n; i++) if (index(rules[i], network)) {
        split(rules[i], word, " ")
        if (word[2] ~ /^CNI-/ && word[2] !~ /^CNI-HOSTPORT-/) ours[word[2]]
        if (target(rules[i]) ~ /^CNI-/ && target(rules[i]) !~ /^CNI-HOSTPORT-/) ours[target(rules[i])]
      }
      # shared by all users of the port mapping plugin: removed with its last one
      for (i = 0; i < n; i++) if (rules[i] ~ /^-A CNI-HOSTPORT-DNAT / && !(target(rules[i]) in ours)) hostports++
      if (!hostports) for (name in chains) if (name ~ /^CNI-HOSTPORT-/) ours[name]
      out = ""
      for (i = 0; i < n; i++) {
        split(rules[i], word, " ")
        if (!(word[2] in ours) && ((target(rules[i]) in ours) || index(rules[i], comment))) out = out "-D" substr(rules[i], 3) "\n"
      }
      for (name in chains) if (name in ours) out = out "-F " name "\n"
      for (name in chains) if (name in ours) out = out "-X " name "\n"
      if (out != "") printf "%s\n%sCOMMIT\n", table, out
    }'
}

clean_packet_filter() {
  local family removal
  for family in iptables ip6tables; do
    removal=$("$family-save" 2>/dev/null | filter_removal)
    [[ -z $removal ]] || "$family-restore" --noflush --wait 10 <<<"$removal" ||
      say "warning: some $family rules could not be removed"
  done
}

network_down() {
  local link
  bridge_is_ours || return 0
  clean_packet_filter
  while read -r link; do
    ip link delete "${link%@*}" 2>/dev/null || true
  done < <(ip -o link show master "$BRIDGE" | awk -F': ' '{ print $2 }')
  ip link delete "$BRIDGE"
  restore_settings
}
