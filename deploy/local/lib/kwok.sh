# shellcheck shell=bash disable=SC2153
# Nodes that exist only as objects: kwok plays their kubelets' part in the API. Pods turn Running and
# those of Jobs Succeeded without any container.

start_kwok() {
  # A config of our own also keeps it from reading the user's.
  cat > "$DIR/conf/kwok.yaml" <<EOF
apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
options:
  cidr: 10.64.0.1/10
  nodeIP: 127.0.0.1
  serverAddress: 127.0.0.1:$(kwok_port)
  manageAllNodes: true
  nodeLeaseDurationSeconds: 40
  nodePlayStageParallelism: 4
  podPlayStageParallelism: 16
EOF
  launch kwok "$BIN/kwok" --config "$DIR/conf/kwok.yaml" --kubeconfig "$DIR/kubeconfig" --v=WARN
}

kwok_ready() { fetch "http://127.0.0.1:$(kwok_port)/healthz"; }

# Room for tens of thousands of pods on each: what is measured shall not be the size of the nodes.
fake_nodes() {
  local i room='cpu: "100000", memory: 100Ti, ephemeral-storage: 1Pi, pods: "100000"'
  for ((i = 0; i < NODES; i++)); do
    cat <<EOF
---
apiVersion: v1
kind: Node
metadata:
  name: fake-$i
  labels: { kubernetes.io/hostname: fake-$i, kubernetes.io/os: linux, kubernetes.io/arch: $(arch), type: kwok }
  annotations: { kwok.x-k8s.io/node: fake }
status:
  allocatable: { $room }
  capacity: { $room }
EOF
  done
}
