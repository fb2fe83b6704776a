"""The artifact: files under a digest, and the manifest that makes them exist."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, FiniteFloat

from checkrail_api.model import Count, Model, Report, Sha256
from checkrail_api.reports import Metric, ParityReport, Signature

MODEL_FILE = "model.onnx"
MANIFEST_FILE = "manifest.json"
DELETION_FILE = "deletion.json"
"""The manifest of an artifact that is being deleted; written before manifest.json goes, and the
last file to go, so that a deletion which was cut short knows what is left to delete."""
SIGNATURE_FILE = "signature.json"
METRICS_FILE = "metrics.json"
PROFILE_FILE = "profile.json"
PROVENANCE_FILE = "provenance.intoto.jsonl"
NATIVE_DIR = "native"

MAX_MODEL_BYTES = 512 << 20
"""Size of the largest model.onnx that is published and served."""

MEDIA_TYPES = {
    MODEL_FILE: "application/vnd.onnx.model",
    SIGNATURE_FILE: "application/vnd.checkrail.signature.v1+json",
    METRICS_FILE: "application/vnd.checkrail.metrics.v1+json",
    PROFILE_FILE: "application/vnd.checkrail.profile.v1+json",
    PROVENANCE_FILE: "application/vnd.in-toto+json",
}


class Component(Model):
    """One file of the artifact."""

    name: Annotated[str, Field(max_length=256)]
    """Path below the artifact's prefix."""
    media_type: Annotated[str, Field(max_length=128)]
    """What the file is."""
    sha256: Sha256
    """Digest of the file."""
    size_bytes: Count
    """Size of the file, bytes."""


class Manifest(Report):
    """``manifest.json``: written last, with If-None-Match; without it the artifact does not exist.

    A function of the training inputs alone: no time, no host, no attempt. Two runs with the same
    inputs write the same bytes.
    """

    schema_version: Literal[1] = 1
    model: str
    sha256: Sha256
    """Digest of model.onnx: the artifact's name."""
    opset: int
    parity: ParityReport | None = None
    """How closely the model followed the trained one."""
    components: list[Component]
    """Every file but this one, sorted by name; model.onnx is among them."""


def _increasing(edges: list[float]) -> list[float]:
    """Return ``edges``, which must be strictly increasing."""
    for lower, upper in pairwise(edges):
        if not lower < upper:
            raise ValueError(f"edges must be strictly increasing; {upper:g} follows {lower:g}")
    return edges


class FeatureProfile(Model):
    """What training saw in one feature."""

    name: Annotated[str, Field(max_length=128)]
    datatype: Annotated[str, Field(max_length=16)]
    null_rate: Annotated[str, Field(max_length=64)]
    min: Annotated[str, Field(max_length=64)] | None = None
    max: Annotated[str, Field(max_length=64)] | None = None
    categories: Annotated[list[str], Field(max_length=1000)] = []
    """Known values of a categorical feature, sorted."""


class Profile(Report):
    """``profile.json``: the training profile of features and scores.

    Bounded, because the server holds a counter for each edge and tells them all at every scrape.
    """

    features: Annotated[list[FeatureProfile], Field(max_length=512)]
    score_output: Annotated[str, Field(max_length=128)]
    """Name of the output tensor whose values are the scores."""
    score_edges: Annotated[list[FiniteFloat], Field(max_length=256), AfterValidator(_increasing)]
    """Strictly increasing edges of the score histogram, from quantiles of the hold-out scores."""


class Metrics(Report):
    """``metrics.json``."""

    metrics: list[Metric]


SignatureFile = Signature
"""``signature.json`` is a ``Signature``."""
