"""Where the pods of a revision look for a candidate: a ConfigMap that is there only at times."""

from typing import Any

from checkrail_api.shadow import CANDIDATE_FILE, SHADOW_DIR

SHADOW = "shadow"
"""Name of the volume."""
FILE = f"{SHADOW_DIR}/{CANDIDATE_FILE}"
"""What the server reads."""
MOUNT = {"name": SHADOW, "mountPath": SHADOW_DIR, "readOnly": True}


def config_map_name(child: str) -> str:
    """Return the ConfigMap's name, of that of the revision's other children."""
    return f"{child}-{SHADOW}"


def volume(child: str) -> dict[str, Any]:
    """Return the volume, which is empty while there is no ConfigMap."""
    return {"name": SHADOW, "configMap": {"name": config_map_name(child), "optional": True}}
