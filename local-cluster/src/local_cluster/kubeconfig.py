"""Kubeconfig files, written as JSON, which every YAML reader reads."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def _inline(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


def certificate_user(folder: Path, name: str) -> dict[str, str]:
    """Answer the user that proves itself with `<name>.crt`, inlined so that the file can move."""
    return {
        "client-certificate-data": _inline(folder / f"{name}.crt"),
        "client-key-data": _inline(folder / f"{name}.key"),
    }


def kubeconfig(
    server: str, authority: Path, user: dict[str, str], *, namespace: str = "default"
) -> str:
    """Render the file for one user of the API server at ``server``.

    Args:
        server: URL of the API server.
        authority: Certificate of the authority that signed the server's.
        user: As `certificate_user` answers, or `{"token": ...}`.
        namespace: The namespace of commands that name none.
    """
    cluster = {"server": server, "certificate-authority-data": _inline(authority)}
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "checkrail", "cluster": cluster}],
        "users": [{"name": "user", "user": user}],
        "contexts": [
            {
                "name": "checkrail",
                "context": {"cluster": "checkrail", "user": "user", "namespace": namespace},
            }
        ],
        "current-context": "checkrail",
    }
    return json.dumps(document, indent=2) + "\n"
