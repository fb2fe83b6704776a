"""Where a model's scores are, and in which bins they are counted: its own, and a reference's."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING

from pydantic import ValidationError

from checkrail_api.score_bins import ScoreBins
from checkrail_api.serving import ENV_REFERENCE_SCORES
from checkrail_server import logs
from checkrail_server.errors import LoadError
from checkrail_server.tensors import FLOATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_api.artifact import Profile
    from checkrail_server.tensors import TensorSpec


@dataclass(frozen=True)
class Scores:
    """Where the scores are, and how their histogram is cut."""

    output: str
    """Name of the output tensor."""
    edges: tuple[float, ...]
    """Increasing upper bounds of the histogram's buckets."""


def own_scores(profile: Profile, outputs: Sequence[TensorSpec]) -> Scores:
    """Return what ``profile`` says of a model with ``outputs``.

    Raises:
        LoadError: The model has no such output of floats.
    """
    if problem := _problem(profile.score_output, outputs):
        raise LoadError(f"profile.json takes scores from {problem}")
    return Scores(profile.score_output, tuple(profile.score_edges))


def reference_scores(text: str | None, outputs: Sequence[TensorSpec]) -> Scores | None:
    """Return the bins of the version that this one is compared with.

    Only a comparison needs them: what is of no use is told in the log, and the model serves.

    Args:
        text: What the operator says, see ``ENV_REFERENCE_SCORES``; None: nothing.
        outputs: Those of the served model.
    """
    if not text:
        return None
    try:
        return _read(text, outputs)
    except ValueError as error:
        logs.warning(
            "reference scores not usable", variable=ENV_REFERENCE_SCORES, reason=str(error)
        )
        return None


def _read(text: str, outputs: Sequence[TensorSpec]) -> Scores:
    try:
        bins = ScoreBins.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "document"
        raise ValueError(f"{place}: {first['msg']}") from None
    edges = tuple(map(float, bins.edges))
    if not all(lower < upper for lower, upper in pairwise((*edges, inf))):
        raise ValueError("edges: they must be finite and strictly increasing")
    if problem := _problem(bins.output, outputs):
        raise ValueError(f"output: scores are in {problem}")
    return Scores(bins.output, edges)


def _problem(output: str, outputs: Sequence[TensorSpec]) -> str:
    floats = [spec.name for spec in outputs if spec.datatype in FLOATS]
    if output in floats:
        return ""
    return f"{output!r}; the model's outputs of floats are {', '.join(floats) or 'none'}"
