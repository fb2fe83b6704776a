"""Names that are functions of their inputs, so that a repeated pass meets its own children."""

import hashlib
import json
from typing import Any

LABEL_KIND = "checkrail.dev/owner-kind"
LABEL_OWNER = "checkrail.dev/owner"
LABEL_REVISION = "checkrail.dev/revision"
LABEL_ATTEMPT = "checkrail.dev/attempt"
LABEL_MODEL = "checkrail.dev/model"
LABEL_VERSION = "checkrail.dev/model-version"
LABEL_OWNERSHIP_OWNER = "checkrail.dev/ownership-owner"
"""Who answers for a run, by its spec; ``LABEL_OWNER`` names the object that owns a child."""
LABEL_PROJECT = "checkrail.dev/project"
FINALIZER = "checkrail.dev/artifact"
"""On a ModelVersion whose artifact goes with it: the only finalizer there is."""
ANNOTATION_REFUSED = "checkrail.dev/removal-refused-since"
"""On a ModelVersion that is being deleted: when the API server first refused the Job for it."""
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY = "checkrail"
OURS = {LABEL_MANAGED_BY: MANAGED_BY}
"""Every child of ours carries it; child watches select by it."""

MAX_NAME = 63


def hash8(*inputs: Any) -> str:
    """Return 8 hexadecimal digits of the SHA-256 of ``inputs`` as canonical JSON."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def child_name(owner: str, *inputs: Any) -> str:
    """Return ``<owner>-<hash8(inputs)>``, the owner cut so that the whole fits 63 characters."""
    digest = hash8(*inputs)
    return f"{owner[: MAX_NAME - len(digest) - 1].rstrip('-.')}-{digest}"


def model_version_name(model: str, sha256: str) -> str:
    """Return the name of the version of ``model`` whose ``model.onnx`` has this digest."""
    return f"{model}-{sha256[:8]}"


def owner_labels(kind: str, name: str) -> dict[str, str]:
    """Return the labels by which the children of an owner are listed."""
    return {**OURS, LABEL_KIND: kind, LABEL_OWNER: name}
