"""What a pod needs to record its answers: settings, a volume to spool to, and keys of the store."""

from typing import Any

from checkrail_api import serving as server
from checkrail_api.decision_log import SPOOL_BYTES, DecisionLog, DecisionLogSettings
from checkrail_api.object_store import ObjectStore
from checkrail_api.run import CA_DIR
from checkrail_operator.plan.deployment.artifact_store import filled
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.object_stores import authority_path, credentials
from checkrail_operator.plan.verbatim import verbatim

VOLUME = "decisions"
SPOOL = "/var/spool/checkrail"
SIZE_LIMIT = "640Mi"
"""A pod that exceeds it is evicted: the server keeps to 512 MiB."""


def log_store(revision: Revision) -> ObjectStore | None:
    """Return the service that holds the decision log of ``revision``; None: it has no log."""
    log = revision.decision_log
    return filled(_service(log), revision.decision_log_default) if log else None


def spool(revision: Revision) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the volume and its mount: one of each, or none."""
    if revision.decision_log is None:
        return [], []
    return (
        [{"name": VOLUME, "emptyDir": {"sizeLimit": SIZE_LIMIT}}],
        [{"name": VOLUME, "mountPath": SPOOL}],
    )


def log_environment(revision: Revision) -> list[dict[str, Any]]:
    """Return the settings and the keys, or nothing."""
    log, store = revision.decision_log, log_store(revision)
    if log is None or store is None:
        return []
    ca = store.ca_config_map_ref
    settings = DecisionLogSettings(
        uri=log.store.uri,
        endpoint=store.endpoint,
        region=store.region,
        addressing_style=store.addressing_style,
        ca_file=f"{CA_DIR}/{authority_path(ca.name)}" if ca else None,
        sample_ratio=log.sample_ratio,
        max_delay_seconds=log.max_delay_seconds,
        columns=log.columns,
        revision=revision.hash,
        spool=SPOOL,
        spool_bytes=SPOOL_BYTES,
    )
    text = settings.model_dump_json(by_alias=True, exclude_none=True)
    return [
        {"name": server.ENV_DECISION_LOG, "value": verbatim(text)},
        *credentials(server.DECISION_LOG_PREFIX, store),
    ]


def _service(log: DecisionLog) -> ObjectStore:
    return ObjectStore.model_validate(log.store.dump(), extra="ignore")
