"""A segment of the spool as a table of Arrow: one row for each row that was scored."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from checkrail_server.decisions.frames import (
    Chunk,
    FrameError,
    read_chunk,
    read_frames,
    read_header,
)
from checkrail_server.tensors import DTYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_server.decisions.frames import Column, Header
    from checkrail_server.tensors import Array

CONSTANTS = ("model", "digest", "revision", "namespace", "pod")
"""Columns that are the same in all rows of a segment."""


def table_of(content: bytes, name: str) -> tuple[Header, pa.Table]:
    """Return what ``content``, a segment, has.

    Args:
        content: The segment; reading ends where it is cut.
        name: Unique in the pod: requests without an id are called by it and their number.

    Raises:
        FrameError: It is none.
    """
    frames = read_frames(content)
    first = next(frames, None)
    if first is None:
        raise FrameError("it does not begin with a whole frame")
    header = read_header(first)
    chunks = [read_chunk(each) for each in frames]
    rows = np.concatenate([each.rows for each in chunks] or [np.empty(0, np.int32)])
    named = list(chain.from_iterable(each.ids for each in chunks))
    ids = [f"{name}-{place}" if each is None else each for place, each in enumerate(named)]
    of_request = np.repeat(np.arange(len(rows)), rows)
    starts = np.cumsum(rows) - rows
    columns = {
        "time": _times(chunks, rows),
        "request_id": pa.DictionaryArray.from_arrays(of_request, pa.array(ids, pa.string())),
        "row": pa.array((np.arange(len(of_request)) - starts[of_request]).astype(np.int32)),
        "latency_us": pa.array(_per_request([each.latencies for each in chunks], rows)),
    }
    told = (header.model, header.sha256, header.revision, header.namespace, header.pod)
    for column, text in zip(CONSTANTS, told, strict=True):
        columns[column] = _constant(text, len(of_request))
    values = _values(header, chunks)
    sides = {"inputs": header.inputs, "outputs": header.outputs}
    for side, wanted in sides.items():
        if wanted:  # Parquet has no structure without fields
            arrays = [values.pop(0) for _ in wanted]
            names = [column.name for column in wanted]
            columns[side] = pa.StructArray.from_arrays(arrays, names)
    return header, pa.table(columns)


def by_date(table: pa.Table) -> dict[str, pa.Table]:
    """Return the rows of each day, UTC, by its date as ISO 8601 has it."""
    days = table["time"].to_numpy().astype("datetime64[D]")
    found = np.unique(days)
    if len(found) == 1:
        return {str(found[0]): table}
    return {str(day): table.filter(pa.array(days == day)) for day in found}


def texts_of(table: pa.Table) -> list[str]:
    """Return the columns of texts that repeat, as Parquet calls them.

    Only these are worth a dictionary: of the numbers of thirty inputs it makes files larger, and
    takes five times as long (measured 2026-11-29).
    """
    return [
        name
        for field in table.schema
        for name, kind in (
            [(f"{field.name}.{each.name}", each.type) for each in field.type]
            if pa.types.is_struct(field.type)
            else [(field.name, field.type)]
        )
        if name in CONSTANTS or kind == pa.string()
    ]


def _times(chunks: Sequence[Chunk], rows: Array) -> pa.Array:
    times = _per_request([each.times for each in chunks], rows)
    return pa.array(times, pa.timestamp("us", "UTC"))


def _per_request(parts: Sequence[Array], rows: Array) -> Array:
    return np.repeat(np.concatenate([*parts, np.empty(0, np.int64)]), rows)


def _constant(text: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), pa.array([text]))


def _values(header: Header, chunks: Sequence[Chunk]) -> list[pa.Array]:
    """Return the values of every column of the header."""
    plain = tuple(column for column in header.columns if column.is_plain)
    flat = [each.plain(plain) for each in chunks]
    arrays, plains, odds = [], 0, 0
    for column in header.columns:
        kind = DTYPES[column.datatype]
        if column.is_plain:
            found = np.concatenate([np.empty(0, kind), *(each[plains] for each in flat)])
            plains += 1
            widths = np.full(len(found) // max(column.width, 1), column.width)
            arrays.append(_array(column, pa.array(found), widths))
        else:
            texts = list(chain.from_iterable(each.odd[odds][0] for each in chunks))
            widths = np.concatenate(
                [np.empty(0, np.int64)]
                + [np.repeat(each.odd[odds][1], each.batches) for each in chunks]
            )
            odds += 1
            arrays.append(_array(column, _odd(texts, column), widths))
    return arrays


def _odd(values: list[Any], column: Column) -> pa.Array:
    if column.datatype == "BYTES":
        return pa.array(values, pa.string())
    # JSON has no NaN
    return pa.array(
        np.array([np.nan if each is None else each for each in values], DTYPES[column.datatype])
    )


def _array(column: Column, values: pa.Array, widths: Array) -> pa.Array:
    """Return one value a row, or one list a row."""
    if not column.is_list:
        return values
    offsets = np.concatenate([[0], np.cumsum(widths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)
