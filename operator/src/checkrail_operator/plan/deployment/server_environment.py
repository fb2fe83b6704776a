"""What the pods of a revision are told by environment variables."""

from typing import Any

from checkrail_api import serving as server
from checkrail_api.object_store import CREDENTIAL_KEYS
from checkrail_api.run import CA_DIR
from checkrail_api.score_bins import ScoreBins
from checkrail_operator.plan.deployment import shadow_mount
from checkrail_operator.plan.deployment.decision_log import log_environment
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.revision import Revision
from checkrail_operator.plan.object_stores import authority_path
from checkrail_operator.plan.verbatim import verbatim


def server_environment(
    seen: ModelDeploymentSeen, revision: Revision, reference: ScoreBins | None
) -> list[dict[str, Any]]:
    """Return the variables of the server's container, those of the spec last.

    Args:
        seen: The pass's snapshot.
        revision: What the pod serves, and how.
        reference: The bins of the version that it is compared with; None: with none.
    """
    store = revision.store
    ca = store.ca_config_map_ref
    told = {
        server.ENV_NAMESPACE: seen.key.namespace,
        server.ENV_MODEL_DEPLOYMENT: seen.key.name,
        server.ENV_MODEL_VERSION: revision.version,
        server.ENV_ARTIFACT_URI: revision.uri,
        server.ENV_ARTIFACT_SHA256: revision.sha256,
        server.ENV_STORE_ENDPOINT: store.endpoint,
        server.ENV_STORE_REGION: store.region,
        server.ENV_STORE_ADDRESSING_STYLE: store.addressing_style,
        server.ENV_STORE_CA: f"{CA_DIR}/{authority_path(ca.name)}" if ca else None,
        server.ENV_MAX_BATCH_SIZE: _unless(server.DEFAULT_BATCH_ROWS, revision.max_batch_size),
        server.ENV_THREADS: _unless(server.DEFAULT_THREADS, revision.threads),
        server.ENV_MAX_BODY_BYTES: _unless(server.DEFAULT_BODY_BYTES, revision.max_body_bytes),
        server.ENV_SHADOW: shadow_mount.FILE,
        server.ENV_REFERENCE_SCORES: reference.model_dump_json() if reference else None,
    }
    return [
        *({"name": name, "value": verbatim(value)} for name, value in told.items() if value),
        *(_secret_keys(store.credentials_secret_ref.name) if store.credentials_secret_ref else ()),
        *log_environment(revision),
        *({"name": v.name, "value": verbatim(v.value)} for v in revision.placement.env),
    ]


def _unless(default: int, wanted: int) -> str | None:
    """Return what the pod is told: nothing of a default, so that earlier pods stay as they are."""
    return None if wanted == default else str(wanted)


def _secret_keys(secret: str) -> list[dict[str, Any]]:
    optional = CREDENTIAL_KEYS[-1]
    return [
        {
            "name": key,
            "valueFrom": {
                "secretKeyRef": {"name": secret, "key": key, "optional": key == optional}
            },
        }
        for key in CREDENTIAL_KEYS
    ]
