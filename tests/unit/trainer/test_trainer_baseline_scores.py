"""The scores of a published version on the hold-out of a run, and why there are none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from checkrail_api.reasons import Reason
from checkrail_trainer.baseline_scores import rivals
from checkrail_trainer.baselines import MEMORY_BYTES, Baseline, Port
from checkrail_trainer.classes import Classes
from checkrail_trainer.failures import RunFailedError
from harness.baseline_models import (
    FLOAT,
    GIVEN,
    INT,
    PLACES,
    PREPARED,
    REGRESSION,
    SHARES,
    TEXT,
    baseline,
    classifier,
    prepared,
    regressor,
)

if TYPE_CHECKING:
    from pathlib import Path

    from checkrail_trainer.prepared import Prepared

PROBABILITIES = np.stack([1 - SHARES, SHARES], axis=1).astype(np.float64)


def test_a_classifier_is_scored_on_the_columns_that_have_the_names_of_its_inputs(
    tmp_path: Path,
) -> None:
    asked = {"x": (FLOAT, ["rows", 1]), "place": (TEXT, ["rows", 1])}
    held = prepared(x=SHARES, place=PLACES, other=SHARES)

    (found,) = rivals([baseline(classifier(asked), tmp_path)], held, threads=1)

    assert (found.reference, found.version) == ("Serving", "model-11111111")
    np.testing.assert_array_equal(found.scores, PROBABILITIES)


def test_inputs_that_are_no_features_come_from_the_columns_beside_them(tmp_path: Path) -> None:
    held = replace(
        PREPARED, holdout=replace(PREPARED.holdout, columns={"y": SHARES}, extra={"x": SHARES})
    )

    (found,) = rivals([baseline(classifier(), tmp_path)], held, threads=1)

    np.testing.assert_array_equal(found.scores, PROBABILITIES)


def test_a_regressor_is_scored_whether_it_answers_one_column_or_a_vector(tmp_path: Path) -> None:
    (found,) = rivals([baseline(regressor(), tmp_path)], REGRESSION, threads=1)

    np.testing.assert_array_equal(found.scores, SHARES.astype(np.float64))


@pytest.mark.parametrize(
    "shape", [["rows", 1], ["rows"], [None, 1]], ids=["a column", "a vector", "nameless rows"]
)
def test_an_input_may_be_a_column_or_a_vector(shape: list[Any], tmp_path: Path) -> None:
    model = classifier({"x": (FLOAT, shape)})

    (found,) = rivals([baseline(model, tmp_path)], PREPARED, threads=1)

    np.testing.assert_array_equal(found.scores, PROBABILITIES)


def test_whole_numbers_are_given_as_such(tmp_path: Path) -> None:
    held = prepared(x=np.array([0, 1, 1, 0], dtype=np.float32))

    (found,) = rivals([baseline(classifier({"x": (INT, ["rows", 1])}), tmp_path)], held, threads=1)

    np.testing.assert_array_equal(found.scores[:, 1], [0, 1, 1, 0])


GAPS = np.array([0, 1, np.nan, 0], dtype=np.float32)
X = Port("x", "tensor(float)", ("rows", 1))
ANSWERS = (Port("label", "tensor(int64)", ("rows",)), Port("probabilities", "tensor(float)", ()))


def refusal(version: Baseline, held: Prepared) -> str:
    """Return what is wrong with a version, and check what every message says beside it."""
    with pytest.raises(RunFailedError) as refused:
        rivals([version], held, threads=1)

    before = "ModelVersion model-11111111, which a gate compares with (notWorseThan Serving), "
    after = (
        ". Nothing was trained. If that cannot be mended, name another ModelVersion in "
        "notWorseThan, or leave the gate out"
    )
    assert refused.value.reason is Reason.BAD_BASELINE
    assert refused.value.message.startswith(before)
    assert refused.value.message.endswith(after)
    return refused.value.message.removeprefix(before).removesuffix(after)


@pytest.mark.parametrize(
    ("inputs", "outputs", "held", "what"),
    [
        pytest.param(
            (X,),
            (Port("prediction", "tensor(float)", ("rows",)),),
            PREPARED,
            "answers prediction; a classification is compared by label and probabilities",
            id="of another task",
        ),
        pytest.param(
            (X,),
            (Port("scores", "tensor(float)", ("rows", 2)),),
            REGRESSION,
            "answers scores; a regression is compared by prediction",
            id="with an output of another name",
        ),
        pytest.param(
            (X,),
            ANSWERS,
            prepared(y=SHARES),
            "asks for the input `x`, which is no column of the joined table that a model can read. "
            "Select it in spec.data.query; it need not be among spec.data.features",
            id="with an input that is no column",
        ),
        pytest.param(
            (X,),
            ANSWERS,
            prepared(x=PLACES),
            "asks for the input `x` of type tensor(float), and the column of that name holds text",
            id="with a number that is text now",
        ),
        pytest.param(
            (replace(X, type="tensor(string)"),),
            ANSWERS,
            PREPARED,
            "asks for the input `x` of type tensor(string), and the column of that name holds "
            "numbers",
            id="with a text that is a number now",
        ),
        pytest.param(
            (replace(X, shape=("rows", 3)),),
            ANSWERS,
            PREPARED,
            "asks for the input `x` of shape ['rows', 3]; expected one value per row",
            id="with an input of three columns",
        ),
        pytest.param(
            (replace(X, type="tensor(int64)"),),
            ANSWERS,
            prepared(x=GAPS),
            "asks for the input `x` of type tensor(int64), which cannot be missing, and the column "
            "of that name has missing values. Fill them in spec.data.query",
            id="with gaps where it takes whole numbers",
        ),
    ],
)
def test_a_version_that_does_not_fit_the_data_says_why_before_it_is_asked(
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    held: Prepared,
    what: str,
    tmp_path: Path,
) -> None:
    assert refusal(Baseline(GIVEN, tmp_path, MEMORY_BYTES, inputs, outputs), held) == what


@pytest.mark.parametrize(
    ("labels", "held", "what"),
    [
        pytest.param(
            ["no", "yes"],
            PREPARED,
            "has other classes: its label differs from the run's class of its largest probability "
            "in 4 of 4 rows held out",
            id="with text classes for numbers",
        ),
        pytest.param(
            [1, 0],
            PREPARED,
            "has other classes: its label differs from the run's class of its largest probability "
            "in 4 of 4 rows held out",
            id="with the same classes in another order",
        ),
        pytest.param(
            [0, 1],
            replace(PREPARED, classes_found=Classes((0, 1, 2))),
            "answers scores of shape [4, 2]; expected [4, 3], because the label has 3 classes here",
            id="with fewer classes",
        ),
        pytest.param(
            [0, 1],
            prepared(x=GAPS * 3),
            "answers what are no probabilities in 2 of 4 rows held out",
            id="with answers that are no probabilities",
        ),
    ],
)
def test_a_version_whose_answers_do_not_fit_says_why(
    labels: list[Any], held: Prepared, what: str, tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(classifier(labels=labels))

    assert refusal(Baseline(GIVEN, tmp_path, MEMORY_BYTES, (X,), ANSWERS), held) == what
