# shellcheck shell=bash disable=SC2153
# Keys and certificates of a cluster, made with openssl: one authority, one server certificate for the
# API server, one for the kubelet, client certificates whose subjects are the names RBAC knows.

DAYS=3650

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1" 2>/dev/null; }

authority() {
  local pki=$DIR/pki
  [[ ! -s $pki/ca.crt || ! -s $pki/ca.key ]] || return 0
  # Certificates of another authority are worth nothing.
  rm -f "$pki"/*
  new_key "$pki/ca.key"
  openssl req -x509 -new -key "$pki/ca.key" -sha256 -days "$DAYS" -subj /CN=jobexec-local-ca -out "$pki/ca.crt"
}

# certificate FILE SUBJECT USAGE [NAMES]: issued again when missing, or asked for with other names,
# for instance after a change of the node's address.
certificate() {
  local file=$DIR/pki/$1 subject=$2 usage=$3 names=${4:-} ca=$DIR/pki/ca request="$2 $3 ${4:-}"
  if [[ -s $file.crt && -s $file.key && $(cat "$file.request" 2>/dev/null) == "$request" ]]; then return 0; fi
  new_key "$file.key"
  openssl req -new -key "$file.key" -subj "$subject" -out "$file.csr"
  {
    echo "basicConstraints=CA:FALSE"
    echo "keyUsage=digitalSignature"
    echo "extendedKeyUsage=$usage"
    [[ -z $names ]] || echo "subjectAltName=$names"
  } > "$file.ext"
  openssl x509 -req -in "$file.csr" -CA "$ca.crt" -CAkey "$ca.key" -set_serial "0x$(openssl rand -hex 8)" \
    -sha256 -days "$DAYS" -extfile "$file.ext" -out "$file.crt" 2>/dev/null
  rm -f "$file.csr" "$file.ext"
  echo "$request" > "$file.request"
}

# kubeconfig OUT CERTIFICATE: complete in itself, so it can be copied anywhere on this machine.
kubeconfig() {
  local pki=$DIR/pki
  cat > "$1.part" <<EOF
apiVersion: v1
kind: Config
clusters:
- name: jobexec-$NAME
  cluster:
    server: https://127.0.0.1:$API_PORT
    certificate-authority-data: $(base64 -w 0 < "$pki/ca.crt")
users:
- name: $2
  user:
    client-certificate-data: $(base64 -w 0 < "$pki/$2.crt")
    client-key-data: $(base64 -w 0 < "$pki/$2.key")
contexts:
- name: jobexec-$NAME
  context:
    cluster: jobexec-$NAME
    user: $2
current-context: jobexec-$NAME
EOF
  mv "$1.part" "$1"
}

credentials() {
  local pki=$DIR/pki client=clientAuth server=serverAuth names
  authority
  names=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
  names+=,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:$SERVICE_API_IP
  [[ $NODE_IP == 127.0.0.1 ]] || names+=,IP:$NODE_IP
  certificate apiserver /CN=kube-apiserver "$server" "$names"
  certificate admin /O=system:masters/CN=jobexec-admin "$client"
  certificate controller-manager /CN=system:kube-controller-manager "$client"
  certificate scheduler /CN=system:kube-scheduler "$client"
  if [[ $MODE == real ]]; then
    certificate apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client "$client"
    certificate kubelet "/O=system:nodes/CN=system:node:$NODE_NAME" "$client"
    certificate kubelet-server "/O=system:nodes/CN=system:node:$NODE_NAME" "$server" "DNS:$NODE_NAME,IP:$NODE_IP"
    certificate proxy /CN=system:kube-proxy "$client"
    kubeconfig "$DIR/conf/kubelet.kubeconfig" kubelet
    kubeconfig "$DIR/conf/proxy.kubeconfig" proxy
  fi
  if [[ ! -s $pki/service-account.key || ! -s $pki/service-account.pub ]]; then
    new_key "$pki/service-account.key"
    openssl ec -in "$pki/service-account.key" -pubout -out "$pki/service-account.pub" 2>/dev/null
  fi
  kubeconfig "$DIR/conf/controller-manager.kubeconfig" controller-manager
  kubeconfig "$DIR/conf/scheduler.kubeconfig" scheduler
  kubeconfig "$DIR/kubeconfig" admin
}
