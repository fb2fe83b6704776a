// Nothing is built from it: only the CRDs in config/crd/standard are read.
module checkrail.dev/local-cluster/gateway-api

go 1.24.0

require sigs.k8s.io/gateway-api v1.6.3
