"""A ModelDeployment as the API server told it: raw bodies to typed facts."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from pydantic import ValidationError

from checkrail_api.deployment_status import ModelDeploymentStatus
from checkrail_api.model_deployment import ModelDeploymentSpec
from checkrail_api.model_version import ModelVersionSpec
from checkrail_api.names import LABEL_REVISION
from checkrail_operator.observe.http_route import see_route
from checkrail_operator.observe.pods import is_owned_by, see_pod
from checkrail_operator.observe.query_answers import read_answer
from checkrail_operator.observe.raw import (
    AUTOSCALER,
    CONFIG_MAP,
    DISRUPTION_BUDGET,
    HTTP_ROUTE,
    NETWORK_POLICY,
    Raw,
)
from checkrail_operator.observe.server_reports import see_reports
from checkrail_operator.observe.shadow_reports import see_shadows
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen, RevisionSeen
from checkrail_operator.plan.deployment.difference import applied
from checkrail_operator.plan.deployment.revision import (
    ANNOTATION,
    TEMPLATE,
    Revision,
    Version,
    read_annotation,
    version_of,
)
from checkrail_operator.plan.errors import InvalidSpecError
from checkrail_operator.plan.instants import instant
from checkrail_operator.plan.types import Defaults, Key, Manifest, Ref

OPTIONAL = frozenset({AUTOSCALER, CONFIG_MAP, DISRUPTION_BUDGET, NETWORK_POLICY})
"""Kinds of children that may go without anything else going; without a gateway, the route too."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def see(raw: Raw, now: datetime, defaults: Defaults) -> ModelDeploymentSeen:
    """Return the ModelDeployment, its children and the versions it needs.

    Raises:
        InvalidSpecError: The spec has what the API of this release does not know.
    """
    owner, metadata = raw.owner, raw.owner["metadata"]
    status = ModelDeploymentStatus.model_validate(owner.get("status") or {}, extra="ignore")
    spec = _spec(owner)
    optional = OPTIONAL if spec.traffic.gateway else OPTIONAL | {HTTP_ROUTE}
    ours = [c for c in raw.children if c["kind"] == "Pod" or is_owned_by(c, metadata["uid"])]
    revisions = _revisions(metadata["name"], ours, raw.lacking)
    route = next((c for c in ours if c["kind"] == "HTTPRoute"), None)
    front = _front(ours, metadata["name"])
    return ModelDeploymentSeen(
        key=Key("ModelDeployment", metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        generation=metadata["generation"],
        deleting="deletionTimestamp" in metadata,
        spec=spec,
        status=status,
        versions=_versions(raw.related, status, revisions),
        revisions=revisions,
        optional=tuple(sorted(_ref(c) for c in ours if _is_one_of(c, optional))),
        route=see_route(route) if route else None,
        selected=dict(front["spec"].get("selector") or {}) if front else None,
        front_applied=applied(front) if front else "",
        read=see_reports(raw),
        answers={check: read_answer(fetched) for check, fetched in sorted(raw.answers.items())},
        shadows=see_shadows(raw),
        now=now,
        defaults=defaults,
    )


def _spec(owner: Manifest) -> ModelDeploymentSpec:
    try:
        return ModelDeploymentSpec.model_validate(owner["spec"])
    except ValidationError as error:
        found = "; ".join(
            f"spec.{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()
        )
        raise InvalidSpecError(found) from error


def _front(ours: Iterable[Manifest], name: str) -> Manifest | None:
    """Return the Service of the owner's own name."""
    services = (c for c in ours if c["kind"] == "Service" and c["metadata"]["name"] == name)
    return next(services, None)


def _is_one_of(child: Manifest, kinds: Collection[tuple[str, str]]) -> bool:
    """Answer whether a child of these kinds is there, and not on its way out."""
    kind = child.get("apiVersion", ""), child["kind"]
    return kind in kinds and "deletionTimestamp" not in child["metadata"]


def _revisions(
    owner: str, ours: Iterable[Manifest], lacking: Mapping[str, str]
) -> dict[str, RevisionSeen]:
    by_revision: dict[str, list[Manifest]] = defaultdict(list)
    for child in ours:
        if revision := _named_revision(owner, child):
            by_revision[revision].append(child)
    return {
        revision: _revision(revision, children, lacking)
        for revision, children in sorted(by_revision.items())
    }


def _named_revision(owner: str, child: Manifest) -> str:
    """Return the revision whose child this is, empty if of none.

    A Deployment and a Service say so in their names, ``<owner>-<revision>``: a label can be edited,
    and one with another revision's label would be taken for what may go.
    """
    metadata: Manifest = child["metadata"]
    if child["kind"] in {"Deployment", "Service"}:
        name = str(metadata["name"])
        return name.rpartition("-")[2] if name != owner else ""
    return str((metadata.get("labels") or {}).get(LABEL_REVISION, ""))


def _revision(revision: str, children: list[Manifest], lacking: Mapping[str, str]) -> RevisionSeen:
    deployment = next((c for c in children if c["kind"] == "Deployment"), None)
    made = [c for c in children if c["kind"] in {"Deployment", "Service"}]
    status: Manifest = (deployment or {}).get("status") or {}
    records = (
        read_annotation((c["metadata"].get("annotations") or {}).get(ANNOTATION), revision)
        for c in made
    )
    begun = deployment["metadata"].get("creationTimestamp") if deployment else None
    pods = (see_pod(c, lacking) for c in children if c["kind"] == "Pod")
    return RevisionSeen(
        record=next((r for r in records if r), None),
        template=next((t for c in made if (t := _template(c))), None),
        refs=tuple(sorted(_ref(c) for c in made if "deletionTimestamp" not in c["metadata"])),
        exists=bool(made),
        asked=deployment["spec"].get("replicas", 1) if deployment else None,
        replicas=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        pods=tuple(
            sorted(
                # Pods of an earlier Deployment of this name end; their restarts say nothing.
                (p for p in pods if not p.deleting and (p.created or EPOCH) >= _at(begun)),
                key=lambda p: p.name,
            )
        ),
        unmade=_unmade(status),
    )


def _unmade(status: Manifest) -> str:
    """Return what a Deployment says of pods that it may not make, for a quota or a policy."""
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    failure: Manifest = conditions.get("ReplicaFailure", {})
    return str(failure.get("message") or "") if failure.get("status") == "True" else ""


def _template(child: Manifest) -> Manifest | None:
    """Return the pods that a child says its revision has; a damaged record is no record."""
    try:
        found = json.loads((child["metadata"].get("annotations") or {}).get(TEMPLATE, "null"))
    except ValueError:
        return None
    return found if isinstance(found, dict) and {"metadata", "spec"} <= found.keys() else None


def _versions(
    related: Iterable[Manifest],
    status: ModelDeploymentStatus,
    revisions: dict[str, RevisionSeen],
) -> tuple[Version, ...]:
    """Return the published versions, and those that serve though nothing else records them."""
    found = {
        body["metadata"]["name"]: _version(body)
        for body in related
        if body["kind"] == "ModelVersion" and "deletionTimestamp" not in body["metadata"]
    }
    for told in (status.stable, status.canary):
        record = _record(revisions, told.revision) if told else None
        if record and record.version not in found:
            found[record.version] = version_of(record, _at(record.created))
    return tuple(found[name] for name in sorted(found))


def _record(revisions: dict[str, RevisionSeen], revision: str) -> Revision | None:
    seen = revisions.get(revision)
    return seen.record if seen else None


def _version(body: Manifest) -> Version:
    spec = ModelVersionSpec.model_validate(body["spec"], extra="ignore")
    return Version(
        name=body["metadata"]["name"],
        model=spec.model,
        sha256=spec.artifact.sha256,
        uri=spec.artifact.uri,
        store=spec.store,
        signature=spec.signature,
        scores=spec.scores,
        created=_at(body["metadata"].get("creationTimestamp")),
    )


def _at(text: str | None) -> datetime:
    return instant(text) or EPOCH


def _ref(body: Manifest) -> Ref:
    metadata = body["metadata"]
    return Ref(
        api_version=body["apiVersion"],
        kind=body["kind"],
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
    )
