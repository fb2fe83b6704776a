"""What runs in either kind of cluster besides Kubernetes: the gateway, the S3 server, and DNS."""

from __future__ import annotations

import base64
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from local_cluster import gateway_api
from local_cluster.errors import ClusterError
from local_cluster.paths import HOME
from local_cluster.run import run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Kubectl = Callable[..., tuple[str, ...]]

GATEWAY_PORT = 30080
S3_PORT = 30090
MANIFESTS = HOME / "addons"
READY_SECONDS = 120
POLL_SECONDS = 0.3

DEPLOYMENTS = (("kube-system", "coredns"), ("default", "s3"), ("checkrail-gateway", "traefik"))
"""What must be available, as namespace and name; the same in either kind of cluster."""


def apply(kubectl: Kubectl, names: Sequence[str]) -> None:
    """Apply the gateway with the Gateway API's CRDs, and at the same time other addons.

    Args:
        kubectl: Puts a kubectl with its kubeconfig in front of arguments.
        names: Other files of `local-cluster/addons`, without `.yaml`.
    """
    _make_keys(kubectl)
    with ThreadPoolExecutor() as pool:
        others = [pool.submit(_apply, kubectl, MANIFESTS / f"{name}.yaml") for name in names]
        _apply(kubectl, gateway_api.manifests())
        kinds = ("gateways", "gatewayclasses")
        crds = (f"customresourcedefinition/{kind}.gateway.networking.k8s.io" for kind in kinds)
        run(kubectl("wait", "--for=condition=Established", "--timeout=60s", *crds))
        _apply(kubectl, MANIFESTS / "gateway.yaml")
        for other in others:
            other.result()


def _apply(kubectl: Kubectl, file: Path) -> None:
    """On the server's side: CRDs are too large for the annotation of the client's side."""
    how = ("--server-side", "--force-conflicts", "--field-manager=local-cluster")
    run(kubectl("apply", *how, "--filename", str(file)))


def _make_keys(kubectl: Kubectl) -> None:
    """Give the S3 server random keys, once per cluster: later calls keep what is there."""
    if run(kubectl("get", "secret", "s3"), check=False).returncode == 0:
        return
    keys = {
        "AWS_ACCESS_KEY_ID": secrets.token_hex(10).upper(),
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s3", "namespace": "default"},
        "type": "Opaque",
        "data": {key: base64.b64encode(text.encode()).decode() for key, text in keys.items()},
    }
    run(kubectl("create", "--filename", "-"), stdin=json.dumps(secret))


def wait(kubectl: Kubectl) -> None:
    """Wait until the node, the addons and the gateway are ready.

    Raises:
        ClusterError: Something was not ready in time; the message shows pods and events.
    """
    waits: list[tuple[str, ...]] = [("--for=condition=Ready", "node", "--all")]
    for namespace, name in DEPLOYMENTS:
        waits.append(("--for=condition=Available", f"deployment/{name}", f"-n={namespace}"))
    waits.append(("--for=condition=Programmed", "gateway/checkrail", "-n=checkrail-gateway"))
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda words: _wait_one(kubectl, words), waits))
    failed = [result.stderr.strip() for result in results if result.returncode != 0]
    if failed:
        shown = run(kubectl("get", "pods,events", "--all-namespaces"), check=False).stdout
        raise ClusterError("not ready:\n" + "\n".join([*failed, shown]))


def _wait_one(kubectl: Kubectl, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Wait for one thing, whether or not it exists yet: a node registers itself when it can."""
    command = kubectl("wait", *words, f"--timeout={READY_SECONDS}s")
    deadline = time.monotonic() + READY_SECONDS
    while True:
        done = run(command, check=False)
        absent = "NotFound" in done.stderr or "no matching resources" in done.stderr
        if not absent or time.monotonic() > deadline:
            return done
        time.sleep(POLL_SECONDS)
