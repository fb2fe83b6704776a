"""A revision: one version on one server image with one set of settings, under one hash.

::

    ModelVersion --.
    server image ---+--> Revision --> hash8 --> Deployment <name>-<hash>, Service <name>-<hash>
    server, pod  --'         |
                             '--> written on both as an annotation

The children carry the revision they were made from, so that what serves can be repaired after
the spec has moved on, after its ModelVersion was deleted, and by an operator with other defaults.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated

from pydantic import Field, ValidationError

from checkrail_api.conditions import Time
from checkrail_api.decision_log import DecisionLog
from checkrail_api.deployment_status import ImageFrom
from checkrail_api.model import Model, ModelName, Name, Sha256
from checkrail_api.model_deployment import ModelDeploymentSpec, Server
from checkrail_api.names import hash8
from checkrail_api.object_store import ObjectStore
from checkrail_api.pod import Resources, ServerPod
from checkrail_api.reports import Signature
from checkrail_api.score_bins import ScoreBins
from checkrail_api.serving import DEFAULT_BATCH_ROWS, DEFAULT_BODY_BYTES, DEFAULT_THREADS
from checkrail_operator.plan.deployment.artifact_store import default_store, filled
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.types import Defaults

ANNOTATION = "checkrail.dev/revision"
"""Annotation on a revision's children: the revision as JSON."""

TEMPLATE = "checkrail.dev/pod-template"
"""Annotation on a revision's children: its pods, as the release that made them wrote them."""

DEFAULT_RESOURCES = Resources(
    requests={"cpu": "250m", "memory": "256Mi"}, limits={"memory": "512Mi"}
)
"""Another value here makes a new revision of every ModelDeployment that names no resources."""


@dataclass(frozen=True)
class Version:
    """A ModelVersion, as far as serving it goes.

    Attributes:
        name: Its name.
        model: Its line of versions.
        sha256: Digest of its model.onnx.
        uri: Prefix that holds its files.
        store: The service that holds it, as far as the ModelVersion says; None: it does not.
        created: When it was published.
        signature: What it asks for and answers; None where its record does not say.
        published: Whether the ModelVersion still exists; else its pods are the only record.
        scores: The bins of its scores; None where its record does not say.
    """

    name: str
    model: str
    sha256: str
    uri: str
    store: ObjectStore | None
    created: datetime
    signature: Signature | None = None
    published: bool = True
    scores: ScoreBins | None = None


class Revision(Model):
    """Everything that decides the pods of one revision."""

    version: Name
    model: ModelName
    sha256: Sha256
    uri: str
    image: Annotated[str, Field(min_length=1)]
    image_from: ImageFrom = "Default"
    """Who chose the image: a choice of the spec ends with the spec's naming it, a default stays."""
    store: ObjectStore = ObjectStore()
    resources: Resources = Resources()
    max_batch_size: int = DEFAULT_BATCH_ROWS
    threads: int = DEFAULT_THREADS
    max_body_bytes: int = DEFAULT_BODY_BYTES
    placement: ServerPod = ServerPod()
    decision_log: DecisionLog | None = None
    """As the spec says it."""
    decision_log_default: ObjectStore = ObjectStore()
    """What the store of the decision log leaves out."""
    created: Time
    """When the ModelVersion was published; the order of versions needs it, the pods do not."""

    @cached_property
    def hash(self) -> str:
        """Name of the revision: 8 hexadecimal digits, the same in every later release.

        What is at its default is left out, so that a field added to the API renames nothing.
        """
        return hash8(
            self.model_dump(
                mode="json",
                by_alias=True,
                exclude_defaults=True,
                exclude={"created", "image_from"},
            )
        )

    def annotation(self) -> str:
        """Return the revision as JSON, for ``read_annotation``."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)


def read_annotation(text: str | None, revision: str) -> Revision | None:
    """Return the revision that ``text`` records, or None unless it really hashes to ``revision``.

    A record that somebody edited is no record.
    """
    try:
        found = Revision.model_validate_json(text or "")
    except ValidationError:
        return None
    return found if found.hash == revision else None


def revision_of(
    version: Version,
    spec: ModelDeploymentSpec,
    defaults: Defaults,
    *,
    like: Revision | None = None,
    image: str | None = None,
) -> Revision:
    """Return the revision of ``version`` that ``spec`` asks for.

    Args:
        version: What is served.
        spec: How.
        defaults: The operator's values, for what version and spec leave out.
        like: A revision that exists. What it has of defaults goes before ``defaults``: asking for
            it again with another default gives this same revision.
        image: The same for the server image alone.
    """
    server = spec.server or Server()
    log, named = server.decision_log, server.image
    pinned = like.image if like and like.image_from == "Default" else image
    return Revision(
        version=version.name,
        model=version.model,
        sha256=version.sha256,
        uri=version.uri,
        image=named or pinned or defaults.server_image,
        image_from="Spec" if named else "Default",
        store=filled(version.store, like.store if like else default_store(version.store, defaults)),
        resources=server.resources or DEFAULT_RESOURCES,
        max_batch_size=server.max_batch_size,
        threads=server.threads,
        max_body_bytes=server.max_body_bytes,
        placement=spec.pod or ServerPod(),
        decision_log=log,
        decision_log_default=_log_default(log, defaults, like),
        created=rfc3339(version.created),
    )


def _log_default(log: DecisionLog | None, defaults: Defaults, like: Revision | None) -> ObjectStore:
    if log is None:
        return ObjectStore()
    if like and like.decision_log:
        return like.decision_log_default
    return default_store(log.store, defaults)


def version_of(revision: Revision, created: datetime) -> Version:
    """Return the version that ``revision`` serves, for when its ModelVersion is gone."""
    return Version(
        name=revision.version,
        model=revision.model,
        sha256=revision.sha256,
        uri=revision.uri,
        store=revision.store,
        created=created,
        published=False,
    )
