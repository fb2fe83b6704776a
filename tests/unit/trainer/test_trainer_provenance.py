"""What makes two runs the same: everything that the result depends on, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from checkrail_api.record import Origin
from checkrail_api.reports import DataUsed, FilterUsed, LibraryVersion
from checkrail_api.run import Run
from checkrail_api.workflows import Task
from checkrail_trainer.columns import Column
from checkrail_trainer.prepared import Prepared
from checkrail_trainer.provenance import inputs_digest, statement
from checkrail_trainer.table import Table

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

SERVING = {
    "reference": "Serving",
    "version": "model-00000000",
    "uri": "s3://models/a/model/0",
    "sha256": "0" * 64,
    "store": {},
}


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
        pytest.param(
            {
                "data": {
                    **PARTS["data"],
                    "sources": [
                        {**PARTS["data"]["sources"][0], "objectStore": {"region": "elsewhere"}}
                    ],
                }
            },
            id="another way to one source",
        ),
        pytest.param({"baselines": [SERVING]}, id="another version that serves"),
        pytest.param({"env": {"HTTPS_PROXY": "http://a", "no_proxy": "b"}}, id="other proxies"),
        pytest.param({"env": {"OMP_NUM_THREADS": "2"}}, id="a variable that the operator sets"),
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
        pytest.param({"env": {"SMOOTHING": "1"}}, id="another variable"),
        pytest.param({"etag": "def"}, id="other bytes of a source"),
        pytest.param({"version": "2.5.0"}, id="another library"),
    ],
)
def test_runs_differ(parts: dict[str, Any]) -> None:
    assert digest(**parts) != digest()


def prepared() -> Prepared:
    column = Column("a", "FLOAT")
    train, holdout = (
        Table((column,), {"a": np.zeros(rows, np.float32)}, np.zeros(rows)) for rows in (3, 2)
    )
    return Prepared(
        train=train,
        holdout=holdout,
        task=Task.REGRESSION,
        classes_found=None,
        used=[USED],
        filters=[FilterUsed(column="month", op="LtEq", rows=5)],
        origins={"a": Origin(source="t", column="x")},
    )


def test_a_statement_is_one_line_whatever_the_query_holds() -> None:
    run = Run.model_validate(PARTS | {"data": {**PARTS["data"], "query": "FROM t\nLIMIT 3"}})

    assert statement(run, prepared(), [ONE], {"model.onnx": b""}).count(b"\n") == 1


def test_a_statement_has_the_variables_of_the_spec_but_for_ways_to_the_data() -> None:
    run = Run.model_validate(PARTS | {"env": {"B": "2", "A": "", "https_proxy": "http://a"}})

    line = statement(run, prepared(), [ONE], {"model.onnx": b""})

    definition = json.loads(line)["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["env"] == {"A": "", "B": "2"}


def test_a_statement_says_what_reading_the_data_gave() -> None:
    line = statement(Run.model_validate(PARTS), prepared(), [ONE], {"model.onnx": b""})

    details = json.loads(line)["predicate"]["runDetails"]
    assert details["checkrail_read"] == {
        "rows": {"train": 3, "holdout": 2},
        "filters": [{"column": "month", "op": "LtEq", "rows": 5}],
        "origins": {"a": {"source": "t", "column": "x"}},
    }
