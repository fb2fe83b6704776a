"""How large a ModelVersion may become: etcd takes 1.5 MiB, and every reader pays for each byte."""

import json

from checkrail_api.model_version import ModelVersionSpec
from checkrail_api.record import MAX_CATEGORIES, FeatureRecord

MAX_BYTES = 900 * 1024
"""Of a spec as it is stored; the object's metadata stays far below what is left to 1 MiB."""

CATEGORIES_KEPT = (MAX_CATEGORIES, 25, 10, 0)
"""Categories of each feature that are tried in turn until the spec fits."""

ESCAPED = "<>&\u2028\u2029"
"""The API server stores these as six bytes each: Go's JSON is fit for a web page."""


def bounded(spec: ModelVersionSpec) -> ModelVersionSpec:
    """Return ``spec`` with as much of its training profile as fits into ``MAX_BYTES``.

    Categories go first, the same number of every feature, then all features: profile.json in the
    artifact has every one. Without features the bounds of the API keep a spec below the limit.
    """
    for kept in CATEGORIES_KEPT:
        cut = spec.model_copy(update={"features": [_cut(each, kept) for each in spec.features]})
        if stored_bytes(cut) <= MAX_BYTES:
            return cut
    return spec.model_copy(update={"features": []})


def stored_bytes(spec: ModelVersionSpec) -> int:
    """Return at least how many bytes the API server needs to store ``spec`` as JSON."""
    text = json.dumps(spec.dump(), ensure_ascii=False)
    return len(text.encode()) + 5 * sum(map(text.count, ESCAPED))


def _cut(feature: FeatureRecord, kept: int) -> FeatureRecord:
    return feature.model_copy(update={"categories": feature.categories[:kept]})
