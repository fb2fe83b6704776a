"""Several requests as one run of the model, and each one's own rows of its outputs."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from checkrail_server.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checkrail_server.inference_queue import Job
    from checkrail_server.model import Feeds
    from checkrail_server.row_layout import RowLayout
    from checkrail_server.tensors import Array


def joined(jobs: Sequence[Job], layout: RowLayout | None) -> Feeds:
    """Return the rows of ``jobs``, one after the other.

    Args:
        jobs: At least one; several only of a model whose requests may share a run.
        layout: The model's, in which single rows are packed.
    """
    if layout:
        packed = [job.packed for job in jobs]
        if None not in packed:
            return layout.feeds([row for row in packed if row is not None])
    if len(jobs) == 1:
        return jobs[0].feeds
    feeds = [job.feeds for job in jobs]
    return {name: np.concatenate([each[name] for each in feeds]) for name in feeds[0]}


def check_rows(outputs: Sequence[Array], names: Sequence[str], rows: int) -> None:
    """Refuse outputs that are not of ``rows`` rows: nobody knows whose they are.

    Args:
        outputs: What a run answered.
        names: Of the outputs.
        rows: Of the inputs of the run.

    Raises:
        RequestError: 500, an output has more rows or fewer.
    """
    for place, output in enumerate(outputs):
        if len(output) != rows:
            raise RequestError(
                500,
                f"the model's output {names[place]!r} has {len(output)} rows where its inputs have "
                f"{rows}, and must have one for each: this version cannot answer what it was asked",
            )


def parts(jobs: Sequence[Job]) -> Iterator[slice]:
    """Yield the rows of each of ``jobs`` in the run that they share."""
    for end, job in zip(accumulate(job.rows for job in jobs), jobs, strict=True):
        yield slice(end - job.rows, end)


def rows_of(outputs: Sequence[Array], part: slice) -> list[Array]:
    """Return the rows ``part`` of every output."""
    return [output[part] for output in outputs]
