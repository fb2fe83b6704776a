"""A record goes through a log that others write to as well, and comes out whole or not at all."""

from __future__ import annotations

import hashlib
import json
import random

import pytest

from checkrail_api.artifact import Component
from checkrail_api.record import (
    MAX_LINES,
    FeatureRecord,
    Origin,
    Record,
    RecordLine,
    read_record,
    record_lines,
)
from checkrail_api.reports import (
    DataUsed,
    FilterUsed,
    LibraryVersion,
    Metric,
    Phase,
    ProgressEvent,
    Signature,
    Tensor,
)

RUNTIME_LINE_BYTES = 16 * 2**10


def record(features: int, category: str = 'Zürich \u2028 \\ "x"') -> Record:
    return Record(
        signature=Signature(inputs=[Tensor(name="f", datatype="FP32", shape=[-1, 1])], outputs=[]),
        components=[Component(name="model.onnx", media_type="x", sha256="0" * 64, size_bytes=1)],
        features=[
            FeatureRecord(
                name=f"f{number}",
                datatype="BYTES",
                origin=Origin(source="flights", column=f"c{number}"),
                null_rate="0.000000",
                categories=[category] * 50,
                category_count=50,
            )
            for number in range(features)
        ],
        metrics=[Metric(name="roc_auc", value="0.7", slice="carrier=AA", rows=3)],
        data=[DataUsed(source="t", uri="s3://lake/t.parquet", etag="e", bytes=1, rows=1)],
        filters=[FilterUsed(column="month", op="LtEq", rows=7)],
        versions=[LibraryVersion(name="numpy", version="2.4.6")],
    )


LARGE = record(40)
DIGEST, LINES = record_lines(LARGE)
PROGRESS = ProgressEvent(phase=Phase.PUBLISHING, percent=95).model_dump_json(by_alias=True)


def test_a_record_comes_back_from_a_log_of_other_lines_in_any_order() -> None:
    log = [PROGRESS, "", "not json", '{"event": "record"}', *LINES, *LINES, "[1]"]
    random.Random(1).shuffle(log)

    assert len(LINES) > 3
    assert read_record(log, DIGEST) == LARGE


@pytest.mark.parametrize(
    "category",
    [
        pytest.param('"' * 256, id="quotes"),
        pytest.param("\\" * 256, id="backslashes"),
        pytest.param("\N{SNOWMAN}" * 256, id="text outside of ASCII"),
        pytest.param("\0" * 256, id="control characters"),
    ],
)
def test_no_line_is_long_enough_for_a_runtime_to_split_it(category: str) -> None:
    large = record(3, category)

    digest, lines = record_lines(large)

    assert max(len(f"{line}\n".encode()) for line in lines) < RUNTIME_LINE_BYTES
    assert read_record(lines, digest) == large


@pytest.mark.parametrize("gone", range(len(LINES)))
def test_a_record_without_one_of_its_lines_is_none(gone: int) -> None:
    assert read_record(LINES[:gone] + LINES[gone + 1 :], DIGEST) is None


def forged(line: str, old: str, new: str) -> str:
    piece = RecordLine.model_validate_json(line)
    assert old in piece.text
    return piece.model_copy(update={"text": piece.text.replace(old, new)}).model_dump_json()


def test_a_forged_line_is_not_believed() -> None:
    lie = forged(LINES[0], '"c0"', '"cX"')

    assert read_record([lie, *LINES[1:]], DIGEST) is None
    assert read_record([*LINES, lie], DIGEST) is None


def test_a_forged_record_of_another_length_does_not_hide_the_true_one() -> None:
    _, others = record_lines(record(1))

    assert len(others) < len(LINES)
    assert read_record([*others, *LINES, *others], DIGEST) == LARGE


def test_a_digest_of_something_that_is_no_record_gives_none() -> None:
    """A newer trainer may write what this operator cannot read."""
    body = LARGE.model_dump(mode="json", by_alias=True) | {"signature": None}
    text = json.dumps(body)[:8000]
    line = RecordLine(event="record", part=0, parts=1, text=text).model_dump_json()

    assert read_record([line], hashlib.sha256(text.encode()).hexdigest()) is None


def test_without_a_digest_nothing_is_believed() -> None:
    assert read_record(LINES, None) is None


def test_a_record_that_is_too_long_is_not_written() -> None:
    digest, lines = record_lines(record(512, "x" * 256))

    assert (len(digest), lines) == (64, [])


def test_the_longest_record_that_is_written_comes_back() -> None:
    long = next(
        each
        for each in map(record, range(1000, 1, -20))
        if 0 < len(record_lines(each)[1]) <= MAX_LINES
    )
    digest, lines = record_lines(long)

    assert len(lines) > MAX_LINES * 0.9
    assert read_record(lines, digest) == long
