"""What a pass reads beside the API server while two revisions answer: counters and queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from checkrail_api.names import LABEL_REVISION
from checkrail_api.serving import METRICS_PATH, SERVER_PORT
from checkrail_operator.plan.analysis import MOST_PODS
from checkrail_operator.plan.instants import instant
from checkrail_operator.plan.types import Manifest

SHORT_DIGEST = 8
"""Digits of a digest in the label ``model_version``."""


@dataclass(frozen=True)
class Reads:
    """What to read now.

    Attributes:
        pods: URLs of the counters, by name of the pod.
        queries: Prometheus' address and the query, by name of the check.
    """

    pods: Mapping[str, str] = field(default_factory=dict)
    queries: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Fetched:
    """What came of a read.

    Attributes:
        text: What was answered; None without an answer.
        trouble: Why there is none, for people.
    """

    text: str | None
    trouble: str = ""


def rollout_reads(owner: Manifest, children: Iterable[Manifest], now: datetime) -> Reads:
    """Return what to read for ``owner`` at ``now``: nothing but for a canary beside a stable.

    Pods are read every ``checkPeriodSeconds``; so are queries, once the canary has a share.
    """
    status: Manifest = owner.get("status") or {}
    stable, canary = status.get("stable"), status.get("canary")
    if owner.get("kind") != "ModelDeployment" or not stable or not canary:
        return Reads()
    rollout: Manifest = (owner.get("spec") or {}).get("rollout") or {}
    period = timedelta(seconds=rollout.get("checkPeriodSeconds", 5))
    last = instant((canary.get("analysis") or {}).get("time"))
    if last is not None and now - last < period:
        return Reads()
    names = (stable.get("revision"), canary.get("revision"))
    running = sorted(filter(_runs, children), key=lambda pod: str(pod["metadata"]["uid"]))
    pods = {
        pod["metadata"]["name"]: _url(pod)
        for revision in names
        for pod in [p for p in running if _revision(p) == revision][:MOST_PODS]
    }
    words = {
        "{{namespace}}": owner["metadata"]["namespace"],
        "{{name}}": owner["metadata"]["name"],
        "{{stable}}": stable["sha256"][:SHORT_DIGEST],
        "{{canary}}": canary["sha256"][:SHORT_DIGEST],
    }
    return Reads(pods, dict(_queries(rollout, words)) if canary.get("weight") else {})


def _queries(rollout: Manifest, words: Mapping[str, str]) -> Iterable[tuple[str, tuple[str, str]]]:
    for check in rollout.get("checks") or ():
        if asked := check.get("prometheus"):
            query: str = asked["query"]
            for word, value in words.items():
                query = query.replace(word, value)
            yield check["name"], (asked["address"], query)


def _runs(child: Manifest) -> bool:
    status: Mapping[str, Any] = child.get("status") or {}
    return (
        child.get("kind") == "Pod"
        and status.get("phase") == "Running"
        and bool(status.get("podIP"))
        and "deletionTimestamp" not in child["metadata"]
    )


def _revision(pod: Manifest) -> str | None:
    found: str | None = (pod["metadata"].get("labels") or {}).get(LABEL_REVISION)
    return found


def _url(pod: Manifest) -> str:
    address: str = pod["status"]["podIP"]
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{SERVER_PORT}{METRICS_PATH}"
