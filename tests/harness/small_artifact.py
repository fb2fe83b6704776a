"""An artifact of a few bytes, and the store that a test publishes it to or deletes it from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkrail_api.object_store import ObjectStore
from checkrail_api.reports import ParityReport
from checkrail_trainer.publish import Artifact
from checkrail_trainer.s3 import Bucketeer

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer

ARTIFACT = Artifact(
    model="model",
    opset=21,
    files={"model.onnx": b"model", "native/model.ubj": b"native", "metrics.json": b"{}"},
    parity=ParityReport(rows=1, max_abs_diff="0", flips=0),
)


class CutError(Exception):
    """The process is gone."""


def open_store(lake: ObjectStoreServer) -> Bucketeer:
    """Return a client of ``lake``, as a trainer has it."""
    store = ObjectStore(endpoint=lake.endpoint, region=lake.region, addressing_style="Path")
    return Bucketeer(store, lake.credentials, "")
