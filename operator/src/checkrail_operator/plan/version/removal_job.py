"""The Job that deletes an artifact: only pods of the user's namespace open a store."""

from pathlib import PurePosixPath
from typing import Any

from checkrail_api.names import child_name, owner_labels
from checkrail_api.object_store import ObjectStore
from checkrail_api.run import CA_DIR, ENV_STORE_PREFIX
from checkrail_operator.plan.hardened_pod import HARDENED, TMP, TMP_MOUNT, hardened_pod
from checkrail_operator.plan.object_stores import authorities, authority_path, credentials
from checkrail_operator.plan.ownership import owner_reference
from checkrail_operator.plan.types import Manifest
from checkrail_operator.plan.verbatim import verbatim
from checkrail_operator.plan.version.version_seen import ModelVersionSeen

CONTAINER = "remover"
DEADLINE_SECONDS = 1800
"""Time for all tries together, a missing Secret included; then the artifact is left. Half an hour:
long enough to mend a Secret or to wait out a restart of the store, short enough for a person."""
TRIES_AGAIN = 10
"""The Job controller waits 10 s, 20 s, ..., at most 6 min between tries."""
RESOURCES = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}


def removal_job(seen: ModelVersionSeen) -> Manifest:
    """Return the Job; its name is a function of the version's UID, so that there is one only.

    It runs as the namespace's default service account: a ModelVersion does not say which identity
    its trainer had where no Secret is named.
    """
    name = child_name(seen.key.name, seen.uid)
    labels = owner_labels("ModelVersion", seen.key.name)
    volumes, mounts = authorities([seen.artifact.store])
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": seen.key.namespace,
            "labels": labels,
            "ownerReferences": [owner_reference(seen.key, seen.uid)],
        },
        "spec": {
            "backoffLimit": TRIES_AGAIN,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": DEADLINE_SECONDS,
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    **hardened_pod(),
                    "containers": [_container(seen, mounts)],
                    "volumes": [TMP, *volumes],
                },
            },
        },
    }


def removal_command(seen: ModelVersionSeen, ca_file: str | None) -> list[str]:
    """Return the command that deletes the artifact, in its own store.

    Args:
        seen: The version.
        ca_file: Where whoever runs the command has the store's certificate authorities.
    """
    store = seen.artifact.store
    options = {
        "--sha256": seen.artifact.sha256,
        "--endpoint": store.endpoint,
        "--region": store.region,
        "--addressing-style": store.addressing_style,
        "--ca-file": ca_file,
    }
    given = [word for name, value in options.items() if value for word in (name, value)]
    return ["checkrail", "delete-artifact", seen.artifact.uri, *given]


def _container(seen: ModelVersionSeen, mounts: list[dict[str, Any]]) -> dict[str, Any]:
    store = seen.artifact.store
    return {
        "name": CONTAINER,
        "image": seen.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [verbatim(word) for word in removal_command(seen, _ca_file(store))],
        "env": credentials(ENV_STORE_PREFIX, store),
        "resources": RESOURCES,
        "terminationMessagePolicy": "File",
        "securityContext": HARDENED,
        "volumeMounts": [TMP_MOUNT, *mounts],
    }


def _ca_file(store: ObjectStore) -> str | None:
    reference = store.ca_config_map_ref
    return str(PurePosixPath(CA_DIR, authority_path(reference.name))) if reference else None
