"""A real etcd and kube-apiserver in a temporary folder, ready in seconds.

    with ControlPlane(tmp_path, controllers=("garbage-collector-controller",)) as plane:
        plane.kubectl("apply", "-f", "crds/")
        client = connect(plane.kubeconfig)

There is no node: a Pod stays Pending, and a Job gets its pods only with the Job controller. What
the API server checks, stores, watches and collects is the real thing.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import socket
import ssl
import subprocess
import urllib.parse
from typing import TYPE_CHECKING, Any, Self

from harness.process import Child
from local_cluster import commands, pki
from local_cluster.build import build
from local_cluster.commands import Layout
from local_cluster.kubeconfig import certificate_user, kubeconfig
from local_cluster.modules import binary, chosen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

READY_SECONDS = 60.0
REQUEST_SECONDS = 2.0
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = range(20_000, 30_000)[1000 * (WORKER % 10) :][:1000]
"""Below the range from which Linux takes ports for outgoing connections; none of another worker."""


class ControlPlane:
    """etcd, kube-apiserver and, where asked for, controllers; one per test module or per test."""

    def __init__(
        self, folder: Path, *, controllers: Sequence[str] = (), api_server_flags: Sequence[str] = ()
    ) -> None:
        """Describe a control plane; `start`, or `with`, starts it.

        Args:
            folder: An empty folder for its data, logs and kubeconfigs; it survives `stop`, so
                that a failure can be read.
            controllers: Names as kube-controller-manager's `--controllers` takes them, such as
                `garbage-collector-controller` and `job-controller`, or `*` for all. Without any
                nothing makes service accounts, so their admission plugin is off.
            api_server_flags: More flags for kube-apiserver, such as those of its audit log.
        """
        etcd_port, _, port = free_ports(3)
        self.folder = folder
        self.controllers = tuple(controllers)
        self.api_server_flags = tuple(api_server_flags)
        self.layout = Layout(
            pki=folder / "pki",
            etc=folder / "etc",
            data=folder / "etcd",
            address="127.0.0.1",
            port=port,
            etcd_port=etcd_port,
            services="10.96.0.0/16",
        )
        self._children: dict[str, Child] = {}
        self._trusting: ssl.SSLContext | None = None

    @property
    def server(self) -> str:
        """The API server's URL; it stays the same over restarts."""
        return self.layout.server

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the administrator: a client certificate of `system:masters`."""
        return self.layout.etc / "admin.kubeconfig"

    def start(self) -> None:
        """Start everything and return once the API server is ready.

        Raises:
            ChildDiedError: A program ended or did not become ready; its log's tail says why.
        """
        build(chosen(("etcd", "kubernetes")))
        try:
            self._prepare()
            self._spawn("etcd", commands.etcd(self.layout))
            self.start_apiserver()
            if self.controllers:
                self._start_controllers()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process; idempotent. Nothing in the folder is worth a graceful end."""
        for child in reversed(self._children.values()):
            child.kill()
        self._children.clear()
        shutil.rmtree(self.layout.data, ignore_errors=True)

    def start_apiserver(self) -> None:
        """Start the API server on its port and wait until it says it is ready."""
        more = [
            "--endpoint-reconciler-type=none",  # a loopback address is no endpoint
            "--shutdown-delay-duration=0s",
            *self.api_server_flags,
        ]
        if not self.controllers:
            more.append("--disable-admission-plugins=ServiceAccount")
        child = self._spawn("kube-apiserver", commands.kube_apiserver(self.layout, *more))
        child.wait_until(self._is_ready, READY_SECONDS)

    def stop_apiserver(self) -> None:
        """Cut the API server off as a crash would: every watch breaks, etcd keeps the data."""
        self._children.pop("kube-apiserver").kill()

    def restart_apiserver(self) -> None:
        """Crash the API server and wait until it serves again."""
        self.stop_apiserver()
        self.start_apiserver()

    def kubectl(self, *args: str, input: str | None = None, check: bool = True) -> str:  # noqa: A002 - as subprocess names it
        """Run the pinned kubectl as the administrator and answer its standard output.

        Raises:
            AssertionError: It failed, and ``check`` is set; the message is kubectl's own. Without
                ``check`` the answer is standard output followed by standard error.
        """
        return kubectl(self.kubeconfig, *args, stdin=input, check=check)

    def get(self, *args: str) -> Any:
        """Answer `kubectl get` of ``args`` as a Python value."""
        return json.loads(self.kubectl("get", *args, "--output=json"))

    def kubeconfig_for(self, namespace: str, serviceaccount: str, *, seconds: int = 3600) -> Path:
        """Write a kubeconfig that holds a token of this service account, which must exist."""
        lifetime = f"--duration={seconds}s"
        token = self.kubectl(
            "create", "token", serviceaccount, f"--namespace={namespace}", lifetime
        )
        path = self.layout.etc / f"{namespace}.{serviceaccount}.kubeconfig"
        user = {"token": token.strip()}
        path.write_text(
            kubeconfig(self.server, self.layout.pki / "ca.crt", user, namespace=namespace)
        )
        return path

    def log(self, name: str) -> str:
        """Answer the whole log of `etcd`, `kube-apiserver` or `kube-controller-manager`."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _prepare(self) -> None:
        folder = self.layout.pki
        self.layout.etc.mkdir(parents=True, exist_ok=True)
        manager = pki.Identity("controller-manager", "/CN=system:kube-controller-manager")
        pki.make_authority(folder)
        pki.issue(folder, (pki.admin(), pki.api_server("127.0.0.1"), manager))
        for name in ("admin", "controller-manager"):
            text = kubeconfig(self.server, folder / "ca.crt", certificate_user(folder, name))
            (self.layout.etc / f"{name}.kubeconfig").write_text(text)
        self._trusting = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        self._trusting.load_cert_chain(folder / "admin.crt", folder / "admin.key")

    def _spawn(self, name: str, command: commands.Command) -> Child:
        program, *args = command
        child = Child([binary(program), *args], log=self.folder / f"{name}.log")
        self._children[name] = child
        return child

    def _start_controllers(self) -> None:
        enabled = f"--controllers={','.join(self.controllers)}"
        port = free_ports(1)[0]
        command = commands.kube_controller_manager(self.layout, enabled, f"--secure-port={port}")
        child = self._spawn("kube-controller-manager", command)
        child.wait_until(lambda: _answers(port), READY_SECONDS)

    def _is_ready(self) -> bool:
        where = urllib.parse.urlsplit(self.server).netloc
        line = http.client.HTTPSConnection(where, context=self._trusting, timeout=REQUEST_SECONDS)
        try:
            line.request("GET", "/readyz")
            return line.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            line.close()


def kubectl(config: Path, *args: str, stdin: str | None = None, check: bool = True) -> str:
    """Run the pinned kubectl with the kubeconfig ``config``; see `ControlPlane.kubectl`."""
    command = [str(binary("kubectl")), f"--kubeconfig={config}", *args]
    done = subprocess.run(command, input=stdin or "", capture_output=True, text=True, check=False)
    if not check:
        return done.stdout + done.stderr
    assert done.returncode == 0, f"kubectl {' '.join(args)}: {done.stderr.strip()}"
    return done.stdout


def free_ports(count: int) -> tuple[int, ...]:
    """Answer ``count`` consecutive ports of 127.0.0.1 that nobody listens on."""
    while True:
        first = random.choice(PORTS)
        ports = tuple(range(first, first + count))
        if not any(_answers(port) for port in ports):
            return ports


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
