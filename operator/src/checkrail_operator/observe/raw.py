"""What one pass reads live before it decides, and which reads those are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from checkrail_api.evaluation import SERVING
from checkrail_api.kind import API_VERSION
from checkrail_api.names import FINALIZER, LABEL_ATTEMPT
from checkrail_api.record import MAX_LINES
from checkrail_operator.observe.baselines import told_baselines
from checkrail_operator.observe.pods import awaited_by, is_owned_by
from checkrail_operator.observe.rollout_reads import Fetched
from checkrail_operator.plan.training.baselines import serving
from checkrail_operator.plan.training.training_seen import CONTAINER
from checkrail_operator.plan.types import Manifest, OwnedKind

JOB = ("batch/v1", "Job")
CONFIG_MAP = ("v1", "ConfigMap")
POD = ("v1", "Pod")
SERVICE = ("v1", "Service")
DEPLOYMENT = ("apps/v1", "Deployment")
HTTP_ROUTE = ("gateway.networking.k8s.io/v1", "HTTPRoute")
DISRUPTION_BUDGET = ("policy/v1", "PodDisruptionBudget")
NETWORK_POLICY = ("networking.k8s.io/v1", "NetworkPolicy")
AUTOSCALER = ("autoscaling/v2", "HorizontalPodAutoscaler")

CHILD_KINDS: Mapping[OwnedKind, tuple[tuple[str, str], ...]] = {
    "TrainingJob": (JOB, CONFIG_MAP, POD),
    "ModelDeployment": (
        NETWORK_POLICY,
        DEPLOYMENT,
        SERVICE,
        HTTP_ROUTE,
        DISRUPTION_BUDGET,
        AUTOSCALER,
        CONFIG_MAP,
        POD,
    ),
    "ModelVersion": (JOB, POD),
}
"""Kinds listed by owner label in the owner's namespace."""

LOG_TAIL_LINES = 20
"""Of a trainer that runs: its last progress is among them."""
RECORD_TAIL_LINES = 2 * MAX_LINES + 50
"""Of a trainer that has published: its record, whose longest lines a runtime may have stored in two
parts, and what it said after that."""


@dataclass(frozen=True)
class Query:
    """One read of other objects in the owner's namespace.

    Attributes:
        api_version: Group and version of the kind.
        kind: The kind.
        name: One object; None lists.
        field_selector: Narrows a list.
        everywhere: Whether the list is of all namespaces that the operator works in.
    """

    api_version: str
    kind: str
    name: str | None = None
    field_selector: str | None = None
    everywhere: bool = False


@dataclass(frozen=True)
class Raw:
    """Everything a pass read, as the API server sent it.

    Attributes:
        owner: The object itself.
        children: Objects with the owner's labels, of ``CHILD_KINDS``, pods included.
        related: Answers to ``related_queries``; what does not exist is absent.
        lacking: What is not there of the ConfigMaps that ``awaited_authorities`` names, for people,
            by their names; only looked up by a pass, and empty in a resync.
        logs: Last lines by name of the pods that ``log_lines`` names; without those that could not
            be read now.
        metrics: What servers answered on ``/metrics``, by name of their pods.
        answers: What Prometheus answered, by name of the check.
        shadows: What servers answered of a candidate in shadow, by name of their pods.
    """

    owner: Manifest
    children: tuple[Manifest, ...] = ()
    related: tuple[Manifest, ...] = ()
    lacking: Mapping[str, str] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Fetched] = field(default_factory=dict)
    answers: Mapping[str, Fetched] = field(default_factory=dict)
    shadows: Mapping[str, Fetched] = field(default_factory=dict)


def child_kinds(owner: Manifest) -> tuple[tuple[str, str], ...]:
    """Return the kinds of children that ``owner`` may have now.

    A ModelVersion has none before it waits for the end of its artifact: every run makes a version,
    and its pass should cost little.
    """
    if owner["kind"] == "ModelVersion" and not is_going(owner):
        return ()
    return CHILD_KINDS[owner["kind"]]


def related_queries(owner: Manifest) -> tuple[Query, ...]:
    """Name the other objects that a pass for ``owner`` needs.

    A run needs the ModelDeployments when a gate compares with what serves. A ModelDeployment
    needs the version it asks for and those its status names; a ModelVersion needs
    the ModelDeployments and runs that may be waiting for it, and one whose artifact goes with it
    the versions that may name the same artifact: same files, same digest.
    """
    match owner.get("kind"):
        case "ModelDeployment":
            return _versions_of(owner)
        case "ModelVersion":
            return _concerned_by(owner)
        case "TrainingJob" if SERVING in _compared_with(owner):
            return (Query(API_VERSION, "ModelDeployment"),)
        case _:
            return ()


def log_lines(owner: Manifest, children: Iterable[Manifest]) -> dict[str, int]:
    """Return how many last lines to read of which training pods.

    A trainer that runs tells its progress, one that ended well has left its record. Of a run that
    is over nothing is read any more.
    """
    if owner.get("kind") != "TrainingJob" or is_over(owner):
        return {}
    pods = (child for child in children if child.get("kind") == "Pod")
    wanted = {pod["metadata"]["name"]: _lines(pod.get("status") or {}) for pod in pods}
    return {name: lines for name, lines in sorted(wanted.items()) if lines}


def awaited_authorities(children: Iterable[Manifest]) -> tuple[str, ...]:
    """Name the ConfigMaps whose certificate authorities pending pods mount."""
    pods = (child for child in children if child.get("kind") == "Pod")
    return tuple(sorted({name for pod in pods for name in awaited_by(pod)}))


def is_over(owner: Manifest) -> bool:
    """Answer whether a TrainingJob's status says Complete or Failed."""
    return any(
        condition.get("type") in {"Complete", "Failed"} and condition.get("status") == "True"
        for condition in (owner.get("status") or {}).get("conditions") or ()
    )


def _lines(pod: Manifest) -> int:
    states = {c["name"]: c.get("state") or {} for c in pod.get("containerStatuses") or ()}
    if (states.get(CONTAINER, {}).get("terminated") or {}).get("exitCode") == 0:
        return RECORD_TAIL_LINES
    return LOG_TAIL_LINES if pod.get("phase") == "Running" else 0


def following_queries(raw: Raw) -> tuple[Query, ...]:
    """Name what a pass needs to read once it knows ``raw``: the versions that gates compare with.

    An attempt that has its run file has been told them already.
    """
    if raw.owner.get("kind") != "TrainingJob":
        return ()
    names = set(_compared_with(raw.owner))
    if not names or _is_told(raw):
        return ()
    if SERVING in names:
        deployments = (body for body in raw.related if body["kind"] == "ModelDeployment")
        names = (names - {SERVING}) | serving(raw.owner["spec"]["model"], deployments).keys()
    return tuple(Query(API_VERSION, "ModelVersion", name=name) for name in sorted(names))


def _compared_with(owner: Manifest) -> frozenset[str]:
    """Return what the gates of a run compare with; nothing once it is over."""
    if is_over(owner):
        return frozenset()
    gates = ((owner.get("spec") or {}).get("evaluation") or {}).get("gates") or ()
    return frozenset(gate["notWorseThan"] for gate in gates if "notWorseThan" in gate)


def _is_told(raw: Raw) -> bool:
    """Answer whether the attempt under way has a run file that says what it compares with."""
    attempts = (raw.owner.get("status") or {}).get("attempts") or ()
    if not attempts or attempts[-1].get("outcome") != "Running":
        return False
    number = str(attempts[-1].get("number"))
    return any(
        child["kind"] == "ConfigMap"
        and (child["metadata"].get("labels") or {}).get(LABEL_ATTEMPT) == number
        and is_owned_by(child, raw.owner["metadata"]["uid"])
        and told_baselines(child) is not None
        for child in raw.children
    )


def is_going(owner: Manifest) -> bool:
    """Answer whether an object is being deleted and waits for us."""
    metadata = owner["metadata"]
    return "deletionTimestamp" in metadata and FINALIZER in (metadata.get("finalizers") or ())


def _concerned_by(version: Manifest) -> tuple[Query, ...]:
    name = version["metadata"]["name"]
    waking = (
        Query(API_VERSION, "ModelDeployment"),
        Query(API_VERSION, "TrainingJob", field_selector=f"status.waitingFor={name}"),
    )
    if not is_going(version):
        return waking
    same = f"spec.artifact.sha256={version['spec']['artifact']['sha256']}"
    return (*waking, Query(API_VERSION, "ModelVersion", field_selector=same, everywhere=True))


def _versions_of(owner: Manifest) -> tuple[Query, ...]:
    model: Mapping[str, Any] = owner.get("spec", {}).get("model", {})
    status: Mapping[str, Any] = owner.get("status", {})
    names = {
        model.get("versionRef", {}).get("name"),
        status.get("stable", {}).get("version"),
        status.get("canary", {}).get("version"),
    } - {None}
    queries = [Query(API_VERSION, "ModelVersion", name=name) for name in sorted(names)]
    if line := model.get("follow", {}).get("model"):
        queries.append(Query(API_VERSION, "ModelVersion", field_selector=f"spec.model={line}"))
    return tuple(queries)
