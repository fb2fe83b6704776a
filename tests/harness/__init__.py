"""What the wiring, crd and e2e tests run on: a control plane of their own, or the cluster."""
