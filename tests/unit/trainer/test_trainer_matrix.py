"""The matrix of number features is the table's own memory, and trains the same trees."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from checkrail_api.training_job import Train
from checkrail_trainer.columns import Column
from checkrail_trainer.encoding import fit_encoding
from checkrail_trainer.preprocessor import encode
from checkrail_trainer.table import Table
from checkrail_trainer.workflow import Frame, Numbers
from checkrail_trainer.workflows import workflow_class, xgboost_trees

RNG = np.random.default_rng(7)
BLOCK = np.asfortranarray(RNG.normal(size=(2000, 4)).astype(np.float32))
BLOCK[::9, 1] = np.nan
NAMES = ("a", "b", "c", "d")
TABLE = Table(
    features=tuple(Column(name, "DOUBLE") for name in NAMES),
    columns=dict(zip(NAMES, BLOCK.T, strict=True)),
    labels=(BLOCK[:, 0] > 0).astype(np.int64),
    numbers=BLOCK,
)
SCATTERED = replace(TABLE, numbers=None)


def test_number_features_are_encoded_without_a_copy_to_what_the_graph_answers() -> None:
    encoding = fit_encoding(TABLE, Numbers.AS_THEY_ARE)

    matrix = encode(TABLE, encoding, 1)

    assert np.shares_memory(matrix, BLOCK)
    assert not matrix.flags.writeable
    np.testing.assert_array_equal(matrix, encode(SCATTERED, encoding, 1))


def test_imputed_numbers_are_not_the_tables() -> None:
    encoding = fit_encoding(TABLE, Numbers.IMPUTED)

    matrix = encode(TABLE, encoding, 1)

    assert not np.shares_memory(matrix, BLOCK)
    assert not np.isnan(matrix).any()


@pytest.mark.parametrize("workflow", ["xgboost-classifier", "hist-gradient-boosting-classifier"])
def test_the_same_trees_grow_from_either_matrix(workflow: str) -> None:
    found = workflow_class(workflow)
    encoding = fit_encoding(TABLE, found.numbers)
    spec = Train(workflow=workflow)
    models = []
    for table in (TABLE, SCATTERED):
        frame = Frame(
            matrix=encode(table, encoding, 1),
            columns=tuple(encoding.column_names),
            labels=table.labels,
            classes=2,
            seed=7,
            threads=1,
            advance=lambda _: None,
        )
        models.append(found(spec.params).fit(frame).onnx().SerializeToString())

    assert models[0] == models[1]


def test_scores_do_not_depend_on_how_many_rows_are_scored_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    xgboost = import_module("xgboost")  # after ours, which spares it scikit-learn
    encoding = fit_encoding(TABLE, Numbers.AS_THEY_ARE)
    frame = Frame(
        matrix=encode(TABLE, encoding, 1),
        columns=NAMES,
        labels=TABLE.labels,
        classes=2,
        seed=7,
        threads=1,
        advance=lambda _: None,
    )
    fitted = workflow_class("xgboost-classifier")({"n_estimators": 5}).fit(frame)
    scored: list[int] = []
    alone = [fitted.scores(frame.matrix[each : each + 1])[0] for each in range(0, 2000, 97)]
    predict = xgboost.Booster.inplace_predict

    def counted(booster: Any, rows: Any) -> Any:
        scored.append(len(rows))
        return predict(booster, rows)

    monkeypatch.setattr(xgboost.Booster, "inplace_predict", counted)
    monkeypatch.setattr(xgboost_trees, "BATCH_ROWS", 600)

    scores = fitted.scores(frame.matrix)

    assert scored == [600, 600, 600, 200]
    np.testing.assert_array_equal(scores[::97], alone)
