"""What a command run against the cluster is given, and what `status` makes of a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local_cluster.session import DIRECT, Session, without_proxy
from local_cluster.status import pods_not_ready

LOCAL = Session(
    kind="local",
    kubeconfig=Path("/k c"),
    address="198.18.255.1",
    prefix=("nsenter", "--"),
    path=(Path("/kube"), Path("/helm")),
)


def test_the_pinned_programs_come_first_and_once() -> None:
    once = LOCAL.variables({"PATH": "/usr/bin"})
    again = LOCAL.variables(once)

    assert once["PATH"] == "/kube:/helm:/usr/bin"
    assert again == once


def test_env_prints_lines_that_a_shell_reads() -> None:
    assert LOCAL.exports({"PATH": "/bin"}) == (
        "export KUBECONFIG='/k c'\n"
        "export CHECKRAIL_CLUSTER_KIND=local\n"
        "export CHECKRAIL_GATEWAY_URL=http://198.18.255.1:30080\n"
        "export CHECKRAIL_S3_ENDPOINT=http://198.18.255.1:30090\n"
        "export PATH=/kube:/helm:/bin\n"
        f"export NO_PROXY={','.join(DIRECT)}\n"
        f"export no_proxy={','.join(DIRECT)}\n"
    )


@pytest.mark.parametrize(
    ("environment", "first"),
    [
        pytest.param({}, "", id="no proxy, no exceptions"),
        pytest.param({"NO_PROXY": "a.example"}, "a.example,", id="the machine's own stay"),
        pytest.param({"no_proxy": "b,localhost"}, "b,", id="nothing stands twice"),
    ],
)
def test_a_proxy_never_stands_between_us_and_the_cluster(
    environment: dict[str, str], first: str
) -> None:
    both = without_proxy(environment)

    assert both == dict.fromkeys(("NO_PROXY", "no_proxy"), first + ",".join(DIRECT))
    assert without_proxy(both) == both


def pod(phase: str, *, ready: str = "False", waiting: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": waiting}} if waiting else {}
    return {
        "metadata": {"namespace": "n", "name": "p"},
        "status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": ready}],
            "containerStatuses": [{"state": state}],
        },
    }


@pytest.mark.parametrize(
    ("seen", "lines"),
    [
        pytest.param(pod("Running", ready="True"), [], id="a ready pod is no news"),
        pytest.param(pod("Succeeded"), [], id="nor is a finished one"),
        pytest.param(pod("Running"), ["n/p: Running"], id="running, not ready"),
        pytest.param(
            pod("Pending", waiting="ErrImagePull"), ["n/p: Pending, ErrImagePull"], id="and why"
        ),
    ],
)
def test_pods_not_ready(seen: dict[str, Any], lines: list[str]) -> None:
    assert pods_not_ready([seen]) == lines
