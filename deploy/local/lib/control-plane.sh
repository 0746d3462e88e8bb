# shellcheck shell=bash disable=SC2153
# etcd and the control plane, the same in both modes.

# Ports follow from the API server's, so that two clusters need only differ in that one.
etcd_port() { echo $((API_PORT + 1)); }
etcd_peer_port() { echo $((API_PORT + 2)); }
controller_port() { echo $((API_PORT + 3)); }
scheduler_port() { echo $((API_PORT + 4)); }
kubelet_port() { echo $((API_PORT + 5)); }
kubelet_health_port() { echo $((API_PORT + 6)); }
proxy_health_port() { echo $((API_PORT + 7)); }
proxy_metrics_port() { echo $((API_PORT + 8)); }
kwok_port() { echo $((API_PORT + 9)); }

# Machines may have a web proxy configured; none of this is its business.
fetch() { curl --silent --fail --max-time 3 --noproxy '*' --output /dev/null "$@"; }

etcd_ready() { fetch "http://127.0.0.1:$(etcd_port)/health"; }
apiserver_ready() {
  fetch --cacert "$DIR/pki/ca.crt" --cert "$DIR/pki/admin.crt" --key "$DIR/pki/admin.key" "https://127.0.0.1:$API_PORT/readyz"
}
controller_ready() { fetch --insecure "https://127.0.0.1:$(controller_port)/healthz"; }
scheduler_ready() { fetch --insecure "https://127.0.0.1:$(scheduler_port)/healthz"; }

start_etcd() {
  local url peer fsync=(--unsafe-no-fsync)
  url=http://127.0.0.1:$(etcd_port)
  peer=http://127.0.0.1:$(etcd_peer_port)
  # A test cluster may lose its last second in a power cut, and is several times faster for it.
  [[ $FSYNC == 0 ]] || fsync=()
  launch etcd "$BIN/etcd" --name "$NAME" --data-dir "$DIR/etcd" --listen-client-urls "$url" --advertise-client-urls "$url" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "$NAME=$peer" \
    --quota-backend-bytes $((8 * 1024 * 1024 * 1024)) --log-level error "${fsync[@]}"
}

start_apiserver() {
  local pki=$DIR/pki mode=()
  if [[ $MODE == real ]]; then
    # All addresses: pods come by the node's, programs on the host by loopback.
    mode=(--bind-address=0.0.0.0 --advertise-address="$NODE_IP"
      --kubelet-client-certificate="$pki/apiserver-kubelet-client.crt"
      --kubelet-client-key="$pki/apiserver-kubelet-client.key"
      --kubelet-certificate-authority="$pki/ca.crt"
      --kubelet-preferred-address-types=InternalIP)
  else
    # No pods, hence nobody who would come by the kubernetes Service, whose endpoint cannot be loopback.
    mode=(--bind-address=127.0.0.1 --advertise-address=127.0.0.1 --endpoint-reconciler-type=none)
  fi
  launch kube-apiserver "$BIN/kube-apiserver" --secure-port="$API_PORT" --etcd-servers="http://127.0.0.1:$(etcd_port)" \
    --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
    --service-cluster-ip-range="$SERVICE_SUBNET" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$pki/service-account.pub" \
    --service-account-signing-key-file="$pki/service-account.key" "${mode[@]}"
}

# The limits on calls and syncs: with the defaults a cluster finishes only 3 or 4 small Jobs a second.
start_controller_manager() {
  local config=$DIR/conf/controller-manager.kubeconfig
  launch kube-controller-manager "$BIN/kube-controller-manager" --bind-address=127.0.0.1 --secure-port="$(controller_port)" \
    --kubeconfig="$config" --authentication-kubeconfig="$config" --authorization-kubeconfig="$config" \
    --use-service-account-credentials=true --root-ca-file="$DIR/pki/ca.crt" \
    --service-account-private-key-file="$DIR/pki/service-account.key" --leader-elect=false \
    --flex-volume-plugin-dir="$DIR/conf/volume-plugins" \
    --concurrent-job-syncs=50 --kube-api-qps=500 --kube-api-burst=1000
}

start_scheduler() {
  local config=$DIR/conf/scheduler.kubeconfig
  cat > "$DIR/conf/scheduler.yaml" <<EOF
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection:
  kubeconfig: $config
  qps: 500
  burst: 1000
leaderElection:
  leaderElect: false
EOF
  launch kube-scheduler "$BIN/kube-scheduler" --config="$DIR/conf/scheduler.yaml" --bind-address=127.0.0.1 \
    --secure-port="$(scheduler_port)" --authentication-kubeconfig="$config" --authorization-kubeconfig="$config"
}
