"""Where the histogram of a model's scores is cut: the bins in which two versions are compared."""

from typing import Annotated, ClassVar

from pydantic import Field

from checkrail_api.model import Model, Rule, SignedDecimal


class ScoreBins(Model):
    """The output that holds the scores, and the edges of its bins.

    It travels from profile.json over the trainer's record into the ModelVersion, and as JSON into
    the pods of a canary (``serving.ENV_REFERENCE_SCORES``). Edges are strings, so that every
    reader has the same float: a server tells them as ``le``, and equal bins must have equal ``le``.
    """

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.edges.map(edge, double(edge)).isSorted()",
            "edges must increase",
            field=".edges",
        ),
    )

    output: Annotated[str, Field(min_length=1, max_length=128)]
    """Name of the output tensor whose values are the scores."""
    edges: Annotated[list[SignedDecimal], Field(min_length=1, max_length=256)]
    """Increasing upper bounds of the bins; one more bin holds what is above the last."""
