"""The record of a run: what a ModelVersion holds beside the termination message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkrail_api.artifact import (
    METRICS_FILE,
    PROFILE_FILE,
    SIGNATURE_FILE,
    FeatureProfile,
    Metrics,
    Profile,
    SignatureFile,
)
from checkrail_api.record import MAX_CATEGORIES, MAX_CATEGORY_CHARACTERS, FeatureRecord, Record
from checkrail_api.score_bins import ScoreBins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_api.record import Origin
    from checkrail_api.reports import GateResult, LibraryVersion
    from checkrail_trainer.prepared import Prepared
    from checkrail_trainer.publish import Artifact


def record_of(
    artifact: Artifact,
    prepared: Prepared,
    versions: Sequence[LibraryVersion],
    gates: Sequence[GateResult] = (),
) -> Record:
    """Return the record: what the published files say, and from what they were made."""
    profile = Profile.model_validate_json(artifact.files[PROFILE_FILE])
    return Record(
        signature=SignatureFile.model_validate_json(artifact.files[SIGNATURE_FILE]),
        components=artifact.components,
        features=[_feature(each, prepared.origins.get(each.name)) for each in profile.features],
        scores=ScoreBins(output=profile.score_output, edges=[*map(str, profile.score_edges)]),
        metrics=Metrics.model_validate_json(artifact.files[METRICS_FILE]).metrics,
        gates=list(gates),
        data=prepared.used,
        filters=prepared.filters,
        versions=list(versions),
    )


def _feature(profile: FeatureProfile, origin: Origin | None) -> FeatureRecord:
    known = [each for each in profile.categories if len(each) <= MAX_CATEGORY_CHARACTERS]
    return FeatureRecord(
        name=profile.name,
        datatype=profile.datatype,
        origin=origin,
        null_rate=profile.null_rate,
        min=profile.min,
        max=profile.max,
        categories=known[:MAX_CATEGORIES],
        category_count=len(profile.categories) if profile.datatype == "BYTES" else None,
    )
