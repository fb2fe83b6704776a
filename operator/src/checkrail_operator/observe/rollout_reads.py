"""What a pass reads beside the API server during a rollout: counters, reports, queries."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from checkrail_api.names import LABEL_REVISION
from checkrail_api.serving import METRICS_PATH, SERVER_PORT, SHADOW_PATH
from checkrail_operator.plan.deployment.analysis import MOST_PODS
from checkrail_operator.plan.deployment.shadow_mount import config_map_name
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
        shadow: Whether pods are asked for a candidate in shadow instead.
    """

    pods: Mapping[str, str] = field(default_factory=dict)
    queries: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    shadow: bool = False


@dataclass(frozen=True)
class Fetched:
    """What came of a read.

    Attributes:
        text: What was answered; None without an answer.
        trouble: Why there is none, for people.
    """

    text: str | None
    trouble: str = ""


def rollout_reads(owner: Manifest, children: Collection[Manifest], now: datetime) -> Reads:
    """Return what to read for ``owner`` at ``now``.

    That is nothing but for a canary, or a candidate that pods are told to compare in shadow, beside
    a stable revision. Pods are read every ``checkPeriodSeconds``; so are queries, once the canary
    has a share.
    """
    status: Manifest = owner.get("status") or {}
    stable, canary, shadow = (status.get(each) for each in ("stable", "canary", "shadow"))
    compares = (shadow or {}).get("state") == "Comparing"
    if owner.get("kind") != "ModelDeployment" or not stable or not (canary or compares):
        return Reads()
    rollout: Manifest = (owner.get("spec") or {}).get("rollout") or {}
    period = timedelta(seconds=rollout.get("checkPeriodSeconds", 5))
    told = (canary.get("analysis") if canary else shadow) or {}
    last = instant(told.get("time"))
    if last is not None and now - last < period:
        return Reads()
    if not canary:
        if not _are_told(children, stable):
            return Reads()
        return Reads(_pods(children, [stable], SHADOW_PATH), shadow=True)
    words = {
        "{{namespace}}": owner["metadata"]["namespace"],
        "{{name}}": owner["metadata"]["name"],
        "{{stable}}": stable["sha256"][:SHORT_DIGEST],
        "{{canary}}": canary["sha256"][:SHORT_DIGEST],
    }
    pods = _pods(children, [stable, canary], METRICS_PATH)
    return Reads(pods, dict(_queries(rollout, words)) if canary.get("weight") else {})


def _are_told(children: Iterable[Manifest], stable: Manifest) -> bool:
    """Answer whether the pods of ``stable`` are told of a candidate: not while it is kept."""
    end = config_map_name(f"-{stable.get('revision')}")
    names = (c["metadata"]["name"] for c in children if c.get("kind") == "ConfigMap")
    return any(name.endswith(end) for name in names)


def _pods(children: Iterable[Manifest], revisions: Iterable[Manifest], path: str) -> dict[str, str]:
    """Return the URLs of ``path`` of the pods that run, by their names."""
    running = sorted(filter(_runs, children), key=lambda pod: str(pod["metadata"]["uid"]))
    return {
        pod["metadata"]["name"]: _url(pod, path)
        for revision in revisions
        for pod in [p for p in running if _revision(p) == revision.get("revision")][:MOST_PODS]
    }


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


def _url(pod: Manifest, path: str) -> str:
    address: str = pod["status"]["podIP"]
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{SERVER_PORT}{path}"
