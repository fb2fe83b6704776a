"""What the process of a candidate is told at its start, or why it is not tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from pydantic import ValidationError

from checkrail_api.shadow import MOST_BINS, Candidate
from checkrail_server.memory_left import memory_left
from checkrail_server.shadow_tally import TENTHS
from checkrail_server.tensors import FLOATS

if TYPE_CHECKING:
    from checkrail_server.model import Model

TIME_SHARE = 0.01
"""Of the time, for comparing: so much of it the candidate's process wants a core."""
LEAST_BYTES = 192 << 20
"""Memory without which no candidate is tried: Python and ONNX Runtime take most of it."""

NAMED = {"version": 253, "sha256": 64, "attempt": 64}
"""Fields that tell a candidate from others, and the most characters that a report has of each."""


class ShadowError(Exception):
    """The candidate is not tried, for ``reason``."""

    def __init__(self, reason: str, message: str) -> None:
        """Say why, in one word and in a sentence."""
        super().__init__(message)
        self.reason = reason


def named(asked: bytes) -> dict[str, str]:
    """Return what of ``NAMED`` the operator's file says, be the rest of it of another release."""
    try:
        found = orjson.loads(asked)
    except orjson.JSONDecodeError:
        return {}
    said = found if isinstance(found, dict) else {}
    return {
        key: said[key]
        for key, most in NAMED.items()
        if isinstance(said.get(key), str) and len(said[key]) <= most
    }


def read(asked: bytes) -> Candidate:
    """Return the candidate that the operator's file names.

    Raises:
        ShadowError: It does not.
    """
    try:
        return Candidate.model_validate_json(asked)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "document"
        raise ShadowError("NotUnderstood", f"candidate: {place}: {first['msg']}") from error


def start_of(candidate: Candidate, model: Model, reserve: int) -> dict[str, object]:
    """Return what the process is told: the candidate, what it must be like, what it may take.

    Args:
        candidate: What is to be compared.
        model: With what.
        reserve: Bytes of the memory that is free which it must leave.

    Raises:
        ShadowError: There are no scores to compare, or too little memory is left.
    """
    output, edges = _scores(candidate, model)
    return {
        "candidate": candidate.model_dump(mode="json", by_alias=True),
        "inputs": [spec.described() for spec in model.inputs],
        "outputs": [spec.described() for spec in model.outputs],
        "output": output,
        "edges": edges,
        "memory": memory_for(memory_left(), reserve),
        "share": TIME_SHARE,
    }


def _scores(candidate: Candidate, model: Model) -> tuple[str, tuple[float, ...]]:
    """Return the output with the scores, and the edges of their bins."""
    floats = [spec.name for spec in model.outputs if spec.datatype in FLOATS]
    if candidate.scores:
        output, edges = candidate.scores.output, tuple(map(float, candidate.scores.edges))
    else:
        found = model.classifier
        first = [model.output_names[found.probabilities]] if found else floats
        output, edges = (first or [""])[0], TENTHS
    if output not in floats or len(edges) >= MOST_BINS:
        raise ShadowError(
            "NoScores",
            f"scores are in {len(edges) + 1} bins of output {output!r}; expected at most"
            f" {MOST_BINS} of one of {floats}",
        )
    return output, edges


def memory_for(left: int, reserve: int) -> int:
    """Return how many of the ``left`` bytes a candidate may take that leaves ``reserve``.

    Raises:
        ShadowError: Too few for any candidate.
    """
    most = left - reserve
    if most < LEAST_BYTES:
        raise ShadowError(
            "OutOfMemory",
            f"{max(0, most) >> 20} MiB are left beside the served model and {reserve >> 20} MiB"
            f" that are kept for its requests, a candidate needs {LEAST_BYTES >> 20} MiB at least:"
            " raise server.resources.limits.memory",
        )
    return most
