"""Our own cluster's programs on this machine: what is written before, what runs, in which order."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from local_cluster import cgroups, commands, configs, kernel, network, pki
from local_cluster.commands import Layout
from local_cluster.errors import ClusterError
from local_cluster.kubeconfig import certificate_user, kubeconfig
from local_cluster.modules import binary
from local_cluster.paths import RUN, STATE
from local_cluster.process import alive, command_line, spawn, tail
from local_cluster.run import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LAYOUT = Layout(
    pki=STATE / "pki",
    etc=STATE / "etc",
    data=STATE / "etcd",
    address=configs.NODE_ADDRESS,
    port=configs.API_PORT,
    etcd_port=configs.ETCD_PORT,
    services=configs.SERVICE_RANGE,
)
KUBECONFIG = LAYOUT.etc / "admin.kubeconfig"
SOCKET = RUN / "containerd.sock"
PIDS = RUN / "pids"
LOGS = STATE / "logs"
KUBELET = STATE / "kubelet"
READY_SECONDS = 120.0
POLL_SECONDS = 0.1

CLIENTS = (
    pki.admin(),
    pki.Identity("controller-manager", "/CN=system:kube-controller-manager"),
    pki.Identity("scheduler", "/CN=system:kube-scheduler"),
    pki.Identity("kube-proxy", "/CN=system:kube-proxy"),
    pki.Identity("kubelet", f"/O=system:nodes/CN=system:node:{configs.NODE}"),
)
"""Who gets a kubeconfig."""

OTHERS = (
    pki.api_server("127.0.0.1", configs.NODE_ADDRESS, configs.FIRST_SERVICE),
    pki.Identity("kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client"),
    pki.Identity("front-proxy", "/CN=front-proxy-client"),
    pki.Identity("kubelet-serving", "/CN=kubelet", (f"IP:{configs.NODE_ADDRESS}",)),
)


def prepare() -> None:
    """Write what the programs read, and make the namespace and cgroups they run in."""
    for folder in (LAYOUT.etc / "cni", LOGS, PIDS, KUBELET):
        folder.mkdir(parents=True, exist_ok=True)
    STATE.chmod(0o711)  # keys are in here; pods' volumes are reached through it
    kernel.remember()
    network.create()
    cgroups.create()
    _certificates()
    files = {
        "containerd.toml": configs.containerd(STATE, RUN),
        "cni/10-checkrail.conflist": configs.cni(RUN),
        "kubelet.json": configs.kubelet(STATE, RUN),
        "kube-proxy.json": configs.kube_proxy(STATE),
    }
    for name, text in files.items():
        (LAYOUT.etc / name).write_text(text)


def _certificates() -> None:
    done = LAYOUT.pki / "complete"
    if done.exists():
        return
    pki.make_authority(LAYOUT.pki)
    LAYOUT.pki.chmod(0o700)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda one: pki.issue(LAYOUT.pki, (one,)), CLIENTS + OTHERS))
    for client in CLIENTS:
        user = certificate_user(LAYOUT.pki, client.name)
        path = LAYOUT.etc / f"{client.name}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(kubeconfig(LAYOUT.server, LAYOUT.pki / "ca.crt", user))
    done.touch()


def start_containerd() -> None:
    """Start the container runtime and wait until its socket answers."""
    config = LAYOUT.etc / "containerd.toml"
    _spawn("containerd", ("containerd", f"--config={config}"))
    wait_for("containerd", lambda: succeeds("ctr", f"--address={SOCKET}", "version"))


def start_control_plane() -> None:
    """Start etcd and the API server, wait until it is ready, then start what follows it."""
    _spawn("etcd", commands.etcd(LAYOUT))
    more = commands.node_flags(LAYOUT)
    _spawn("kube-apiserver", commands.kube_apiserver(LAYOUT, *more))
    wait_for("kube-apiserver", lambda: succeeds(*kubectl("get", "--raw=/readyz")))
    # The cluster serves tests that wait for it: the default of 20 requests a second is slow.
    faster = ("--kube-api-qps=100", "--kube-api-burst=200")
    # An elected one ends while the API server is away, and begins anew to count the node's silence.
    # Ours stays: it would call every pod unready as soon as the API server is back.
    patient = "--node-monitor-grace-period=5m"
    _spawn("kube-controller-manager", commands.kube_controller_manager(LAYOUT, *faster, patient))
    _spawn("kube-scheduler", commands.kube_scheduler(LAYOUT))
    _spawn("kube-proxy", commands.kube_proxy(LAYOUT))


def start_kubelet() -> None:
    """Start the node's agent; the runtime's socket must answer and the API server be ready."""
    where = {"node": configs.NODE, "address": configs.NODE_ADDRESS, "root": KUBELET}
    _spawn("kubelet", commands.kubelet(LAYOUT, **where))  # type: ignore[arg-type]


def kubectl(*args: str) -> tuple[str, ...]:
    """Answer the command that runs the pinned kubectl as the administrator, inside."""
    return (*network.INSIDE, str(binary("kubectl")), f"--kubeconfig={KUBECONFIG}", *args)


def succeeds(*command: str) -> bool:
    """Answer whether a command ends with status 0."""
    return run(command, check=False).returncode == 0


def wait_for(name: str, ready: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
    """Wait until the program ``name`` is ready.

    Raises:
        ClusterError: It ended, or ``seconds`` passed; the message ends with its log's tail.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        gone = alive(_pid_file(name)) is None and time.monotonic() > deadline - seconds + 1
        if gone or time.monotonic() > deadline:
            what = "has ended" if gone else f"was not ready in {seconds:g} s"
            log = LOGS / f"{name}.log"
            raise ClusterError(f"{name} {what}; the end of {log}:\n{tail(log)}")
        time.sleep(POLL_SECONDS)


def _pid_file(name: str) -> Path:
    return PIDS / f"{name}.pid"


def _spawn(name: str, command: commands.Command) -> None:
    """Start a program inside the network namespace; a name the cache does not hold is Debian's.

    Raises:
        ClusterError: It already runs, but as another version of this program started it.
    """
    program, *args = command
    path = program if program == "containerd" else str(binary(program))
    pid = alive(_pid_file(name))
    if pid is None:
        inside = (*network.INSIDE, path, *args)
        spawn(inside, pid_file=_pid_file(name), log=LOGS / f"{name}.log")
    elif not _became(pid, [path, *args]):
        raise ClusterError(
            f"{name} (process {pid}) was started by another version of this program:\n"
            f"found    {' '.join(command_line(pid))}\nexpected {' '.join([path, *args])}\n"
            "Run `local-cluster/cluster down`, then `up` again."
        )


def _became(pid: int, words: list[str]) -> bool:
    """Answer whether a process is this program; an `up` killed just now left it half started."""
    deadline = time.monotonic() + 1
    while command_line(pid) != words:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
