"""The protocol's answers in JSON, for all requests of a run at once.

orjson writes an output of the whole run as one text, which is cut at the rows: that takes a tenth
of the time of a text for each row, and gives the same one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_server.model import Model
    from checkrail_server.tensors import Array

KEPT = 256
"""Frames of answers that are kept: they differ by the number of rows alone."""

RowTexts = list[list[bytes]]
"""By output and row: the row's values, with commas between them."""


class AnswerTexts:
    """Writes the answers of one model, whose outputs are numbers or booleans."""

    def __init__(self, model: Model, version: str) -> None:
        """Name ``model`` and ``version`` in every answer."""
        self._outputs = model.outputs
        names = {"model_name": model.name, "model_version": version}
        self._start = orjson.dumps(names)
        self._frames: dict[tuple[int, tuple[tuple[int, ...], ...]], bytes] = {}

    @staticmethod
    def fits(model: Model) -> bool:
        """Whether the outputs are what this writes."""
        return not any(spec.datatype == "BYTES" for spec in model.outputs)

    def rows(self, outputs: Sequence[Array]) -> RowTexts:
        """Return the texts of all rows of ``outputs``."""
        return [_row_texts(output) for output in outputs]

    def body(
        self, texts: RowTexts, part: slice, outputs: Sequence[Array], request: str | None
    ) -> bytes:
        """Return the answer of one request.

        Args:
            texts: Of the run, see ``rows``.
            part: The rows of the request.
            outputs: Of the run.
            request: The id of the request; None: it has none.
        """
        count = part.stop - part.start
        key = (count, tuple([output.shape[1:] for output in outputs]))
        frame = self._frames.get(key)
        if frame is None:
            if len(self._frames) >= KEPT:
                self._frames.clear()
            frame = self._frames[key] = self._frame(*key)
        told = b"" if request is None else b',"id":%b' % orjson.dumps(request)
        if count == 1:
            return frame % (told, *[text[part.start] for text in texts])
        return frame % (told, *[b",".join(text[part]) for text in texts])

    def _frame(self, count: int, shapes: tuple[tuple[int, ...], ...]) -> bytes:
        """Return what is the same in all answers of ``count`` rows, for ``%``."""
        heads = [
            orjson.dumps({"name": spec.name, "datatype": spec.datatype, "shape": [count, *shape]})
            for spec, shape in zip(self._outputs, shapes, strict=True)
        ]
        start, *heads = [text[:-1].replace(b"%", b"%%") for text in (self._start, *heads)]
        tensors = b",".join(head + b',"data":[%b]}' for head in heads)
        return start + b'%b,"outputs":[' + tensors + b"]}"


def _row_texts(output: Array) -> list[bytes]:
    values = np.ascontiguousarray(output)
    if values.ndim == 1:
        return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    text = orjson.dumps(values.reshape(len(values), -1), option=orjson.OPT_SERIALIZE_NUMPY)
    return text[2:-2].split(b"],[")
