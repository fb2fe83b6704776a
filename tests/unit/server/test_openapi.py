"""The OpenAPI document of a model: all that the server answers, and bounds that are exact."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from checkrail_server import model as models
from checkrail_server import openapi
from checkrail_server.artifact import Artifact
from checkrail_server.limits import Limits
from checkrail_server.openapi_schemas import FP32_BOUND
from checkrail_server.service import Service
from harness.scoring_server import MODEL, flight_model
from harness.typed_model import typed_model
from harness.wire import SETTINGS


def document(model: bytes) -> dict[str, Any]:
    loaded = models.load(MODEL, Artifact(model, None, None), threads=1)
    return openapi.document(SETTINGS, Limits(), loaded)


async def routed() -> frozenset[str]:
    """Return every path that a server answers."""
    await asyncio.sleep(0)  # a service needs a loop
    return Service(SETTINGS, Limits()).routes.paths


def test_it_has_every_path() -> None:
    assert document(flight_model())["paths"].keys() == asyncio.run(routed())


def test_rows_are_not_offered_where_none_are_taken() -> None:
    assert asyncio.run(routed()) - document(typed_model())["paths"].keys() == {"/predict"}


def test_a_row_has_exactly_the_features() -> None:
    number = {
        "type": ["number", "boolean", "null"],
        "exclusiveMinimum": -FP32_BOUND,
        "exclusiveMaximum": FP32_BOUND,
    }
    assert document(flight_model())["components"]["schemas"]["Row"] == {
        "type": "object",
        "properties": {
            "distance": number,
            "dep_hour": number,
            "carrier": {"type": ["string", "null"]},
        },
        "required": ["distance", "dep_hour", "carrier"],
        "additionalProperties": False,
    }


def test_the_bound_of_floats_is_the_smallest_that_is_none() -> None:
    below = np.nextafter(FP32_BOUND, 0)

    assert np.float32(below) == np.finfo(np.float32).max
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert np.isinf(np.float32(FP32_BOUND))
