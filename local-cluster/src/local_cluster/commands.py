"""The command lines of the control plane: pure, shared by the cluster and by the test harness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Where one control plane keeps its files and listens."""

    pki: Path
    """Folder of the certificates; see `pki`."""

    etc: Path
    """Folder of kubeconfig files, `<component>.kubeconfig`."""

    data: Path
    """Folder of etcd's data."""

    address: str
    """Address the API server listens on and advertises."""

    port: int
    """The API server's port."""

    etcd_port: int
    """etcd's port for clients on 127.0.0.1; the next one is for its peers, of which it has none."""

    services: str
    """Range of cluster addresses, a CIDR."""

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://{self.address}:{self.port}"

    @property
    def etcd(self) -> str:
        """URL of etcd."""
        return f"http://127.0.0.1:{self.etcd_port}"


Command = tuple[str, ...]
"""Program, by the name under which the cache holds it, and its arguments."""


def etcd(layout: Layout) -> Command:
    """Answer the command line of the store.

    Nothing is forced to disk: after a power cut this cluster is made anew, not repaired.
    """
    peer = f"http://127.0.0.1:{layout.etcd_port + 1}"
    return (
        "etcd",
        "--name=checkrail",
        f"--data-dir={layout.data}",
        f"--listen-client-urls={layout.etcd}",
        f"--advertise-client-urls={layout.etcd}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=checkrail={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


def kube_apiserver(layout: Layout, *more: str) -> Command:
    """Answer the command line of the API server: RBAC on, nobody anonymous but health checks."""
    pki = layout.pki
    return (
        "kube-apiserver",
        f"--etcd-servers={layout.etcd}",
        f"--bind-address={layout.address}",
        f"--advertise-address={layout.address}",
        f"--secure-port={layout.port}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        "--authorization-mode=Node,RBAC",
        f"--service-cluster-ip-range={layout.services}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'sa.pub'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--profiling=false",
        *more,
    )


def kube_controller_manager(layout: Layout, *more: str) -> Command:
    """Answer the command line of the controllers, each under its own service account."""
    config = layout.etc / "controller-manager.kubeconfig"
    return (
        "kube-controller-manager",
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        f"--root-ca-file={layout.pki / 'ca.crt'}",
        f"--service-account-private-key-file={layout.pki / 'sa.key'}",
        f"--cluster-signing-cert-file={layout.pki / 'ca.crt'}",
        f"--cluster-signing-key-file={layout.pki / 'ca.key'}",
        "--use-service-account-credentials=true",
        f"--flex-volume-plugin-dir={layout.etc / 'volume-plugins'}",  # it makes the folder
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--profiling=false",
        *more,
    )


def node_flags(layout: Layout) -> tuple[str, ...]:
    """Answer what the API server needs besides, to reach a kubelet and extension API servers."""
    pki = layout.pki
    return (
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--enable-aggregator-routing=true",
        f"--proxy-client-cert-file={pki / 'front-proxy.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy.key'}",
        f"--requestheader-client-ca-file={pki / 'ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
    )


def kube_scheduler(layout: Layout) -> Command:
    """Answer the command line of the scheduler."""
    config = layout.etc / "scheduler.kubeconfig"
    return (
        "kube-scheduler",
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--profiling=false",
    )


def kubelet(layout: Layout, *, node: str, address: str, root: Path) -> Command:
    """Answer the command line of the node's agent; the rest is in its configuration file."""
    return (
        "kubelet",
        f"--config={layout.etc / 'kubelet.json'}",
        f"--kubeconfig={layout.etc / 'kubelet.kubeconfig'}",
        f"--hostname-override={node}",
        f"--node-ip={address}",
        f"--root-dir={root}",
        f"--cert-dir={root / 'pki'}",
    )


def kube_proxy(layout: Layout) -> Command:
    """Answer the command line of what makes service addresses work."""
    return ("kube-proxy", f"--config={layout.etc / 'kube-proxy.json'}")
