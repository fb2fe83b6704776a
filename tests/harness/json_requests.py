"""Requests in JSON for the flight model, as tensors."""

from __future__ import annotations

from typing import Any

from harness.scoring_server import MODEL

INFER = f"/v2/models/{MODEL}/infer"


def tensor(name: str, datatype: str, *data: object) -> dict[str, Any]:
    """Return an input of one column."""
    return {"name": name, "datatype": datatype, "shape": [len(data), 1], "data": list(data)}


def flight(*changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a request for one row, with the tensors in ``changes`` instead of ours."""
    tensors = {
        "distance": tensor("distance", "FP32", 500),
        "dep_hour": tensor("dep_hour", "FP32", 7),
        "carrier": tensor("carrier", "BYTES", "UA"),
    }
    tensors.update({change["name"]: change for change in changes})
    return {"inputs": list(tensors.values()), **fields}
