"""The node's configuration files: pure, one function per file, everything stated that matters.

Addresses lie in 198.18.0.0/15, the range set aside for benchmarks (RFC 2544), which no network
the machine can reach uses. The rules without a source were measured on 2026-11-22.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

NODE = "checkrail"
NODE_ADDRESS = "198.18.255.1"
POD_RANGE = "198.18.0.0/24"
SERVICE_RANGE = "198.19.0.0/16"
FIRST_SERVICE = "198.19.0.1"
"""Address of the service `kubernetes`: the API server as pods see it."""

DNS_ADDRESS = "198.19.0.10"
API_PORT = 6443
ETCD_PORT = 2379
CGROUP = "checkrail"
"""The cgroup, in every hierarchy, under which all pods are: `down` knows what to remove."""

PAUSE_IMAGE = "checkrail.dev/pause:dev"


def containerd(state: Path, run: Path) -> str:
    """Render containerd's configuration: its own root, socket and networks.

    `restrict_oom_score_adj` lets sandboxes start where the machine lacks CAP_SYS_RESOURCE; without
    it every one dies with "can't get final child's PID from pipe: EOF".
    """
    return f"""version = 2
root = "{state}/containerd"
state = "{run}/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
address = "{run}/containerd.sock"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = true
tolerate_missing_hugetlb_controller = true
disable_tcp_service = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
Root = "{run}/runc"

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{state}/etc/cni"
"""


def cni(run: Path) -> str:
    """Render the pod network: one routed pair of interfaces per pod.

    Routed (`ptp`) rather than bridged, so that the answer of a pod behind a service passes the
    node, which puts the service's address back, whether or not the kernel filters bridges.
    """
    plugins: list[dict[str, Any]] = [
        {
            "type": "ptp",
            "ipMasq": False,
            "ipam": {
                "type": "host-local",
                "dataDir": f"{run}/cni",
                "ranges": [[{"subnet": POD_RANGE}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return _document({"cniVersion": "0.4.0", "name": "checkrail", "plugins": plugins})


def kubelet(state: Path, run: Path) -> str:
    """Render the kubelet's configuration.

    Images are never collected and a full disk evicts nobody: the disk belongs to the machine.
    """
    pki = state / "pki"
    return _document(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": NODE_ADDRESS,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(pki / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(pki / "kubelet-serving.crt"),
            "tlsPrivateKeyFile": str(pki / "kubelet-serving.key"),
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{CGROUP}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "clusterDNS": [DNS_ADDRESS],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": f"unix://{run}/containerd.sock",
            "evictionHard": {"memory.available": "100Mi"},
            "imageGCHighThresholdPercent": 100,
            "makeIPTablesUtilChains": False,
            "maxPods": 110,
            "podLogsDir": str(state / "pod-logs"),
            "readOnlyPort": 0,
            "registerNode": True,
            "resolvConf": "/dev/null",
            "rotateCertificates": False,
            "shutdownGracePeriod": "0s",
            "volumePluginDir": str(state / "kubelet-plugins"),
        }
    )


def kube_proxy(state: Path) -> str:
    """Render kube-proxy's configuration; it leaves the machine's connection table alone."""
    return _document(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(state / "etc" / "kube-proxy.kubeconfig")},
            "mode": "nftables",
            "hostnameOverride": NODE,
            "clusterCIDR": POD_RANGE,
            "detectLocalMode": "ClusterCIDR",
            "nodePortAddresses": [f"{NODE_ADDRESS}/32"],
            "conntrack": {"maxPerCore": 0},
            "healthzBindAddress": "127.0.0.1:10256",
            "metricsBindAddress": "127.0.0.1:10249",
        }
    )


def _document(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"
