"""What can be wrong with a run: each has a reason, an exit code, and a message that helps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness import trainer
from harness.refused_runs import data_refusal, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images


def query(text: str) -> dict[str, Any]:
    return {"query": text}


@pytest.mark.parametrize(
    ("parts", "reason", "said"),
    [
        pytest.param(
            query("SELECT a.* FROM cases a JOIN cases b ON a.id = -b.id - 1"),
            "EmptyData",
            "does the condition of the join in spec.data.query ever hold?",
            id="a join without rows",
        ),
        pytest.param(
            query("SELECT a.*, b.* FROM cases a JOIN cases b USING (id)"),
            "DuplicateColumn",
            "more than one column named `f0`, `f1`",
            id="columns of one name",
        ),
        pytest.param(
            query("SELECT *,\n  CAST(kind AS INTEGER) AS number\nFROM cases"),
            "QueryFailed",
            "Conversion Error: when casting from source column kind\n"
            "LINE 2:   CAST(kind AS INTEGER) AS number\n          ^\n",
            id="a cast of a value",
        ),
        pytest.param(
            query("SELECT *, NULL::DOUBLE AS nothing FROM cases"),
            "NullFeature",
            "no value of `nothing` in any of the",
            id="a feature of nulls",
        ),
        pytest.param(
            {"holdout": {"strategy": "Column", "column": "held"}},
            "ColumnNotFound",
            "spec.data.holdout.column names `held`",
            id="the column of the hold-out",
        ),
        pytest.param(
            query("SELECT *, false AS held FROM cases")
            | {"holdout": {"strategy": "Column", "column": "held"}},
            "EmptySplit",
            "the holdout side has no row",
            id="a column that holds out nobody",
        ),
        pytest.param(
            {"holdout": {"strategy": "Hash", "fraction": "0.000001"}},
            "EmptySplit",
            "the holdout side has no row",
            id="a share by hash that is nobody",
        ),
        pytest.param(
            query("SELEC * FROM cases"),
            "QueryFailed",
            'syntax error at or near "SELEC"',
            id="syntax",
        ),
        pytest.param(
            query("SELECT * FROM case_table"), "QueryFailed", "case_table", id="an unknown table"
        ),
        pytest.param(
            query("DROP VIEW cases"),
            "NotASelect",
            "holds DROP; expected one SELECT",
            id="no SELECT",
        ),
        pytest.param(
            query("SELECT 1; SELECT 2"), "NotASelect", "holds SELECT, SELECT", id="two statements"
        ),
        pytest.param(
            query("SELECT * FROM cases, read_text('/etc/hostname')"),
            "QueryFailed",
            "Permission Error",
            id="a file of the container",
        ),
        pytest.param(
            query("SELECT * FROM cases, read_parquet('s3://lake/wine.parquet')"),
            "QueryFailed",
            "Permission Error",
            id="an object that is no source",
        ),
        pytest.param({"features": ["f0", "f99"]}, "ColumnNotFound", "`f9`", id="a feature"),
        pytest.param({"key": "ids"}, "ColumnNotFound", "did you mean `id`", id="the key"),
        pytest.param({"label": "Kind"}, "LabelNotFound", "did you mean `kind`?", id="the label"),
        pytest.param(
            query("SELECT * REPLACE (nullif(kind, 'benign') AS kind) FROM cases"),
            "BadLabel",
            "add the filter {column: kind, op: NotNull}",
            id="a label that is null",
        ),
        pytest.param(
            {"label": "f0"},
            "BadLabel",
            "is no whole number of 64 bits in",
            id="a label that is a measurement",
        ),
        pytest.param(
            query("SELECT *, TIME '12:00:00' AS at FROM cases"),
            "BadFeature",
            "`at` has type TIME",
            id="a feature's type",
        ),
        pytest.param(
            query("SELECT *, f0 / 0 AS ratio FROM cases"),
            "BadFeature",
            "`ratio` is infinite or beyond FP32 in 569 rows",
            id="an infinite feature",
        ),
        pytest.param(
            {"filters": [{"column": "f0", "op": "Gt", "value": "big"}]},
            "BadFilter",
            "filter Gt on `f0` compares with 'big'",
            id="a filter's value",
        ),
        pytest.param(
            {"filters": [{"column": "f0", "op": "Lt", "value": -1}]},
            "EmptySplit",
            "the joined table has 569 rows, 0 of them pass the filters",
            id="filters that leave nothing",
        ),
        pytest.param(
            {"filters": [{"column": "kind", "op": "Eq", "value": "benign"}]},
            "SingleClass",
            "every row of the train side has the same label `kind`; expected at least two",
            id="one class",
        ),
        pytest.param(
            {"timeColumn": "f1", "holdout": {"strategy": "DateRange", "from": "2026-01-01"}},
            "InvalidSpec",
            "but `f1` has type DOUBLE; expected DATE or TIMESTAMP",
            id="a time that is none",
        ),
    ],
)
def test_wrong_data_is_refused(
    lake: ObjectStoreServer, tmp_path: Path, parts: dict[str, Any], reason: str, said: str
) -> None:
    refused = data_refusal(parts, lake, tmp_path)

    assert refused.reason.value == reason
    assert said in refused.message


@pytest.mark.parametrize(
    ("label", "said"),
    [
        pytest.param("kind", "has type VARCHAR; a regressor needs numbers", id="text"),
        pytest.param("f0 / (id - 3)", "is infinite in 1 rows", id="infinity"),
        pytest.param("nullif(f0, 17.99)", "is null or NaN in 2 rows", id="null"),
    ],
)
def test_a_label_that_a_regressor_cannot_learn_is_refused(
    lake: ObjectStoreServer, tmp_path: Path, label: str, said: str
) -> None:
    spec = trainer.run_spec(
        lake,
        data={**trainer.CASES, **query(f"SELECT id, f1, {label} AS y FROM cases"), "label": "y"},  # noqa: S608 - a table's column
        train={"workflow": "linear-regression"},
        evaluation={"metrics": ["rmse"]},
    )

    refused = refusal(spec, lake, tmp_path)

    assert (refused.reason.value, refused.exit_code) == ("BadLabel", 10)
    assert said in refused.message


def test_a_refusal_ends_the_process_with_code_and_message(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    spec = trainer.run_spec(lake, data={**trainer.CASES, "label": "Kind"})

    ended = trainer.train(spec, lake, tmp_path)

    assert ended.failure == (10, "LabelNotFound")
    assert ended.report["message"] == (
        "spec.data.label names `Kind`, which is not a column of the joined table: "
        "did you mean `kind`?"
    )
    assert '"reason": "LabelNotFound"' in ended.log
    assert "Traceback" not in ended.log
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_spec_of_another_release_is_refused(lake: ObjectStoreServer, tmp_path: Path) -> None:
    spec = trainer.run_spec(lake, data=trainer.CASES)
    del spec["threads"]

    ended = trainer.train(spec, lake, tmp_path)

    assert ended.failure == (10, "InvalidSpec")
    assert "threads" in ended.report["message"]
