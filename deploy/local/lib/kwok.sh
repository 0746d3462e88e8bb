# shellcheck shell=bash
# Nodes that exist only as objects: kwok plays their kubelets' part in the API. Pods turn Running and
# those of Jobs Succeeded without any container.

start_kwok() {
  launch kwok "$BIN/kwok" --kubeconfig="$DIR/kubeconfig" --manage-all-nodes=true --cidr=10.64.0.0/10 \
    --node-ip=127.0.0.1 --server-address="127.0.0.1:$(kwok_port)" --node-lease-duration-seconds=40 \
    --node-play-stage-parallelism=4 --pod-play-stage-parallelism=16
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
