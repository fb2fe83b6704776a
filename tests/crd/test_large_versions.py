"""The largest ModelVersion that the operator writes is one that the API server takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.kind import API_VERSION
from checkrail_api.model_version import ModelVersionSpec
from checkrail_operator.plan.training.version_size import bounded
from harness.trainer_records import record
from harness.training_world import DIGEST

if TYPE_CHECKING:
    from crd.client import Client

pytestmark = pytest.mark.crd

MIB = 2**20


def manifest(categories: tuple[str, ...]) -> dict[str, Any]:
    """Return a version of 512 text features with these categories, as the operator writes it."""
    kept = record(features=512, categories=categories)
    spec = ModelVersionSpec.model_validate(
        {
            "model": "m",
            "artifact": {"uri": f"s3://models/m/{DIGEST}", "sha256": DIGEST, "sizeBytes": 1},
            "signature": kept.signature,
            "components": kept.components,
            "features": kept.features,
            "metrics": kept.metrics,
        }
    )
    metadata = {"name": f"m-{DIGEST[:8]}", "namespace": "default"}
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": metadata,
        "spec": bounded(spec).dump(),
    }


@pytest.mark.parametrize(
    ("letters", "kept"),
    [
        pytest.param("c" * 18, 50, id="twenty letters"),
        pytest.param("c" * 40, 25, id="forty-two letters"),
        pytest.param("航" * 20, 10, id="letters of three bytes"),
        pytest.param("<" * 30, 0, id="letters that are stored as six"),
    ],
)
def test_512_features_of_50_categories_fit_into_a_mebibyte(
    client: Client, letters: str, kept: int
) -> None:
    body = manifest(tuple(f"{number:02d}{letters}" for number in range(50)))

    answer = client.create(body)

    assert answer.code == 201, answer.refusal
    assert len(body["spec"]["features"][0]["categories"]) == kept
    assert len(json.dumps(answer.body, ensure_ascii=False).encode()) < MIB
