# shellcheck shell=bash disable=SC2034
# Versions of everything that is built from source for the local cluster. This is the only place that
# names them; the folders of built programs are keyed by these values, so a change here builds anew.

KUBERNETES_VERSION=1.34.4
ETCD_VERSION=3.6.4
KWOK_VERSION=0.7.0
COREDNS_VERSION=1.11.4

# What the Terraform example runs.
OPENTOFU_VERSION=1.9.1

# Oldest Go that can build all of them, and the toolchain that is fetched when there is none such.
GO_MINIMUM=1.24
GO_TOOLCHAIN_VERSION=1.24.6

# Raise this when the way of building changes (flags, patches), so that old programs are not reused.
BUILD_REVISION=1
