"""Rows as a person writes them: POST /predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from checkrail_server.coercion import column
from checkrail_server.errors import RequestError, malformed, unprocessable
from checkrail_server.names import SHOWN, with_nearest
from checkrail_server.open_inference import check_rows, json_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checkrail_server.model import Feeds, Model
    from checkrail_server.tensors import Array, TensorSpec


class RowsRequest:
    """Rows that have exactly the model's features."""

    __slots__ = ("feeds", "rows")

    def __init__(self, body: bytes | bytearray, model: Model, max_rows: int) -> None:
        """Read ``body``: ``{"rows": [{feature: value, ...}, ...]}``, or one row alone.

        Raises:
            RequestError: 400, it is not that; 404, the model's inputs are not one value per row;
                422, a feature is unknown, missing, or not of its type.
        """
        if not model.takes_rows:
            raise RequestError(
                404, "the inputs of this model are not single features; use /v2/models/.../infer"
            )
        rows = _rows(json_object(body), model)
        check_rows(len(rows), max_rows)
        for number, row in enumerate(rows):
            _check_names(row, number, model)
        self.feeds: Feeds = {
            spec.name: _feature(spec, [row[spec.name] for row in rows]) for spec in model.inputs
        }
        self.rows = len(rows)


def answer(model: Model, version: str, sha256: str, outputs: list[Array]) -> bytes:
    """Return one prediction per row, as JSON.

    A classifier's prediction is its label and the probability of each class; of another model, it
    is each output by name.
    """
    document = {
        "model": model.name,
        "version": version,
        "sha256": sha256,
        "predictions": _predictions(model, outputs),
    }
    return orjson.dumps(document)


def _predictions(model: Model, outputs: list[Array]) -> list[dict[str, Any]]:
    found = model.classifier
    if found is None:
        columns = [_per_row(values) for values in outputs]
        return [
            dict(zip(model.output_names, row, strict=True)) for row in zip(*columns, strict=True)
        ]
    labels = outputs[found.label].ravel().tolist()
    probabilities = outputs[found.probabilities].tolist()
    return [
        {"label": label, "probabilities": dict(zip(found.classes, row, strict=True))}
        for label, row in zip(labels, probabilities, strict=True)
    ]


def _per_row(values: Array) -> list[Any]:
    """Return a tensor's rows, single values bare."""
    if values.size == len(values):
        return values.ravel().tolist()
    rows: list[Any] = values.tolist()
    return rows


def _rows(request: dict[str, Any], model: Model) -> list[dict[str, Any]]:
    rows = request.get("rows")
    if type(rows) is not list:
        if "rows" in request and "rows" not in model.inputs_by_name:
            raise malformed("rows must be a list of objects, one value per feature")
        return [request]
    if not all(type(row) is dict for row in rows):
        raise malformed("rows must be a list of objects, one value per feature")
    if len(request) > 1:
        other = next(name for name in request if name != "rows")
        raise malformed(f"{other[:SHOWN]!r} stands beside rows, which is all that is read")
    return rows


def _check_names(row: dict[str, Any], number: int, model: Model) -> None:
    known = model.inputs_by_name
    if row.keys() == known.keys():
        return
    for name in row:
        if name not in known:
            raise unprocessable(f"row {number}: no feature {with_nearest(name, known)}")
    missing = ", ".join(_missing(row, known))
    raise unprocessable(f"row {number}: missing {missing} (null says that a value is unknown)")


def _missing(row: dict[str, Any], known: Iterable[str]) -> list[str]:
    return [name for name in known if name not in row]


def _feature(spec: TensorSpec, values: list[Any]) -> Array:
    return column(spec, values).reshape((len(values), 1)[: len(spec.shape)])
