"""What only somebody on the node can do: kill a container at once, and stop the API server."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from demo.cluster import run
from demo.team import Body

KIND_NODE = "checkrail-control-plane"
KILL = 'grep -ls "$0" /proc/[0-9]*/cgroup | cut -d/ -f3 | xargs --no-run-if-empty kill -KILL'
"""Every process whose control group is the container's."""
API_SERVER = """
read -r pid _ < /run/checkrail-cluster/pids/kube-apiserver.pid || pid=$(pidof kube-apiserver)
kill "$0" "$pid"
"""
"""The local cluster shares the machine with others' API servers; kind's node has one."""


def kill_container(pod: Body, container: str) -> None:
    """Kill the processes of a container as a crash would: no signal that they could handle."""
    statuses = pod["status"]["containerStatuses"]
    found = next(each for each in statuses if each["name"] == container)
    _on_node(KILL, found["containerID"].partition("://")[2])


@contextmanager
def api_server_stopped() -> Iterator[None]:
    """Let the API server answer nobody while the block runs: connections stay, and are silent."""
    _on_node(API_SERVER, "-STOP")
    try:
        yield
    finally:
        _on_node(API_SERVER, "-CONT")


def _on_node(script: str, argument: str) -> None:
    """Run a shell where the node's processes are: on this machine, or in kind's container."""
    kind = run("printenv", "CHECKRAIL_CLUSTER_KIND").strip() == "kind"
    there = ("docker", "exec", KIND_NODE) if kind else ()
    subprocess.run([*there, "sh", "-c", script, argument], check=True, capture_output=True)
