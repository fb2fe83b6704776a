"""What a pod needs to reach its object stores: credentials as variables, authorities as files."""

from collections.abc import Iterable
from typing import Any

from checkrail_api.object_store import CA_KEY, CREDENTIAL_KEYS, ObjectStore
from checkrail_api.run import CA_DIR

AUTHORITIES = "authorities"
"""Name of the volume with certificate authorities."""

OPTIONAL_KEY = "AWS_SESSION_TOKEN"


def credentials(prefix: str, store: ObjectStore) -> list[dict[str, Any]]:
    """Return the AWS variables, each behind ``prefix``, from the store's Secret; none without."""
    secret = store.credentials_secret_ref
    if secret is None:
        return []
    optional = {OPTIONAL_KEY: {"optional": True}}
    return [
        {
            "name": prefix + key,
            "valueFrom": {
                "secretKeyRef": {"name": secret.name, "key": key, **optional.get(key, {})}
            },
        }
        for key in CREDENTIAL_KEYS
    ]


def authorities(stores: Iterable[ObjectStore]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the volume with the authorities of ``stores`` and its mount: one of each, or none.

    Each ConfigMap is a folder of ``CA_DIR``, however many stores name it. None is optional: a pod
    that started without one would blame the store for what a person forgot.
    """
    names = sorted({s.ca_config_map_ref.name for s in stores if s.ca_config_map_ref})
    if not names:
        return [], []
    sources = [
        {"configMap": {"name": name, "items": [{"key": CA_KEY, "path": authority_path(name)}]}}
        for name in names
    ]
    return (
        [{"name": AUTHORITIES, "projected": {"sources": sources}}],
        [{"name": AUTHORITIES, "mountPath": CA_DIR, "readOnly": True}],
    )


def lacking_words(lacking: Iterable[str]) -> str:
    """Return that ``lacking``, what pods mount of authorities, is not there, and what to do."""
    return (
        f"not found: {', '.join(lacking)}. caConfigMapRef of an object store names it; the"
        f" certificate authorities were expected there in PEM, under the key {CA_KEY}: create it,"
        " or add the key"
    )


def authority_path(name: str) -> str:
    """Return where below ``CA_DIR`` the authorities of a ConfigMap are."""
    return f"{name}/{CA_KEY}"
