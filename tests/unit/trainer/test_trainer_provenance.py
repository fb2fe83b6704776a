"""What makes two runs the same: everything that the result depends on, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from checkrail_api.reports import DataUsed, LibraryVersion
from checkrail_api.run import Run
from checkrail_trainer.provenance import inputs_digest, statement

USED = DataUsed(source="t", uri="s3://lake/t.parquet", etag="abc", bytes=1, rows=1)
PARTS: dict[str, Any] = {
    "job": {"namespace": "team-a", "name": "run", "uid": "0-0", "generation": 1},
    "attempt": 1,
    "model": "model",
    "data": {
        "sources": [{"name": "t", "uri": "s3://lake/t.parquet"}],
        "objectStore": {"endpoint": "http://one:9000"},
        "label": "late",
        "holdout": {"strategy": "Fraction", "fraction": "0.2"},
    },
    "train": {"workflow": "xgboost-classifier", "seed": 7},
    "evaluation": {},
    "store": {"uri": "s3://models/a"},
    "threads": 1,
    "image": "trainer:1",
}
ONE = LibraryVersion(name="numpy", version="2.4.6")


def digest(etag: str = "abc", version: str = "2.4.6", **parts: Any) -> str:
    run = Run.model_validate(PARTS | parts)
    used = USED.model_copy(update={"etag": etag})
    return inputs_digest(run, [used], [ONE.model_copy(update={"version": version})])


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"attempt": 2}, id="another attempt"),
        pytest.param({"job": {**PARTS["job"], "name": "b", "uid": "1-1"}}, id="another job"),
        pytest.param({"store": {"uri": "s3://models/b"}}, id="another store"),
        pytest.param(
            {"data": {**PARTS["data"], "objectStore": {"endpoint": "http://two:9000"}}},
            id="another way to the same objects",
        ),
    ],
)
def test_runs_are_the_same(parts: dict[str, Any]) -> None:
    assert digest(**parts) == digest()


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"train": {**PARTS["train"], "seed": 8}}, id="another seed"),
        pytest.param({"data": {**PARTS["data"], "query": "FROM t"}}, id="another query"),
        pytest.param({"evaluation": {"metrics": ["f1"]}}, id="other metrics"),
        pytest.param({"threads": 2}, id="other threads"),
        pytest.param({"image": "trainer:2"}, id="another image"),
        pytest.param({"etag": "def"}, id="other bytes of a source"),
        pytest.param({"version": "2.5.0"}, id="another library"),
    ],
)
def test_runs_differ(parts: dict[str, Any]) -> None:
    assert digest(**parts) != digest()


def test_a_statement_is_one_line_whatever_the_query_holds() -> None:
    run = Run.model_validate(PARTS | {"data": {**PARTS["data"], "query": "FROM t\nLIMIT 3"}})

    assert statement(run, [USED], [ONE], {"model.onnx": b""}).count(b"\n") == 1
