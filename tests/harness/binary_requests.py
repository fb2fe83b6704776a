"""Requests of the binary tensor extension: JSON, and the values of tensors after it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.json_requests import INFER

if TYPE_CHECKING:
    import httpx

    from harness.scoring_server import ScoringServer

SIZE = "inference-header-content-length"
BINARY = {"binary_data_output": True}
"""The parameter that asks for bytes."""


def binary(name: str, datatype: str, shape: list[int], size: object, **more: Any) -> dict[str, Any]:
    """Return an input whose values are the next ``size`` bytes."""
    parameters = {"binary_data_size": size}
    return {"name": name, "datatype": datatype, "shape": shape, "parameters": parameters, **more}


def post(server: ScoringServer, document: object, content: bytes, **headers: str) -> httpx.Response:
    """Send ``document`` and ``content`` after it."""
    text = json.dumps(document).encode()
    fields = {SIZE: str(len(text)), **{name.replace("_", "-"): v for name, v in headers.items()}}
    return server.http.post(INFER, content=text + content, headers=fields)
