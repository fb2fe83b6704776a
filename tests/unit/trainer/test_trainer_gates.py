"""When a gate passes, and what is told of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from checkrail_api.evaluation import Gate
from checkrail_api.exit_codes import ExitCode
from checkrail_api.reasons import Reason
from checkrail_api.reports import GateResult
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.gates import Held, Rival, check_gates, gates_failed

ROWS = 600


def probabilities(noise: float, seed: int) -> np.ndarray:
    """Return what a model says that sees the labels through ``noise``."""
    random = np.random.default_rng(seed)
    positive = 1 / (1 + np.exp(-(2 * LABELS - 1 + random.normal(0, noise, ROWS))))
    return np.stack([1 - positive, positive], axis=1)


LABELS = np.arange(ROWS) % 2
HELD = Held(LABELS, probabilities(1.5, 1), seed=7)
BETTER = Rival("Serving", "model-11111111", probabilities(0.8, 2))
ALIKE = Rival("Serving", "model-22222222", probabilities(1.5, 3))
NAMED = Rival("model-33333333", "model-33333333", probabilities(0.8, 2))


def results(*gates: dict[str, Any], rivals: tuple[Rival, ...] = ()) -> list[GateResult]:
    checked = check_gates([Gate.model_validate(each) for each in gates], HELD, rivals)
    return [result for _, result in checked]


@pytest.mark.parametrize(
    ("gate", "passed"),
    [
        pytest.param({"min": "0.75"}, True, id="above min"),
        pytest.param({"min": "0.770000"}, True, id="min itself passes"),
        pytest.param({"min": "0.770001"}, False, id="below min"),
        pytest.param({"max": "0.770000"}, True, id="max itself passes"),
        pytest.param({"max": "0.769999"}, False, id="above max"),
        pytest.param({"max": "7.8e-1"}, True, id="a bound with an exponent"),
        pytest.param({"min": "-1"}, True, id="a negative bound"),
    ],
)
def test_a_bound_is_kept_or_not_by_the_figure_that_is_shown(
    gate: dict[str, str], *, passed: bool
) -> None:
    bound = " ".join(*gate.items())

    assert results({"metric": "accuracy", **gate}) == [
        GateResult(metric="accuracy", bound=bound, passed=passed, value="0.770000")
    ]


def test_a_candidate_that_is_clearly_worse_than_what_serves_fails() -> None:
    (found,) = results({"metric": "roc_auc", "notWorseThan": "Serving"}, rivals=(BETTER,))

    assert found == GateResult(
        metric="roc_auc",
        bound="notWorseThan Serving",
        passed=False,
        value="0.857111",
        baseline="model-11111111",
        baseline_value="0.958456",
        difference="-0.101344",
        interval=["-0.129427", "-0.076394"],
    )


@pytest.mark.parametrize(
    ("metric", "better"),
    [("roc_auc", "accuracy"), ("log_loss", "brier")],
    ids=["metrics that grow with quality", "metrics that shrink"],
)
def test_a_difference_below_0_is_worse_whichever_way_a_metric_counts(
    metric: str, better: str
) -> None:
    found = results(
        {"metric": metric, "notWorseThan": "Serving"},
        {"metric": better, "notWorseThan": "Serving"},
        rivals=(BETTER,),
    )

    assert [(float(each.difference or 0) < 0, each.passed) for each in found] == [
        (True, False),
        (True, False),
    ]


def test_what_the_rows_cannot_tell_apart_passes() -> None:
    (found,) = results({"metric": "roc_auc", "notWorseThan": "Serving"}, rivals=(ALIKE,))

    low, high = map(float, found.interval)
    assert found.passed
    assert low < 0 < high


@pytest.mark.parametrize(
    ("margin", "passed"),
    [
        pytest.param("0.077", True, id="worse, perhaps by no more than the margin"),
        pytest.param("0.076", False, id="surely worse by more than the margin"),
    ],
)
def test_a_margin_is_compared_with_the_upper_end(margin: str, *, passed: bool) -> None:
    gate = {"metric": "roc_auc", "notWorseThan": "Serving", "margin": margin}

    (found,) = results(gate, rivals=(BETTER,))

    assert (found.bound, found.passed) == (f"notWorseThan Serving, margin {margin}", passed)


def test_a_gate_passes_while_nothing_serves() -> None:
    assert results({"metric": "roc_auc", "notWorseThan": "Serving"}) == [
        GateResult(
            metric="roc_auc",
            bound="notWorseThan Serving",
            passed=True,
            value="0.857111",
            note="nothing of this model serves yet",
        )
    ]


def test_a_named_version_that_was_not_handed_over_fails_the_gate() -> None:
    (found,) = results({"metric": "roc_auc", "notWorseThan": "model-33333333"}, rivals=(ALIKE,))

    assert (found.passed, found.note) == (False, "the trainer was not told of this ModelVersion")


def test_each_serving_version_is_compared_and_the_named_one_by_its_gate_only() -> None:
    found = results(
        {"metric": "roc_auc", "notWorseThan": "Serving"},
        {"metric": "roc_auc", "notWorseThan": "model-33333333", "margin": "0.5"},
        rivals=(ALIKE, BETTER, NAMED),
    )

    assert [(each.bound, each.baseline, each.passed) for each in found] == [
        ("notWorseThan Serving", "model-22222222", True),
        ("notWorseThan Serving", "model-11111111", False),
        ("notWorseThan model-33333333, margin 0.5", "model-33333333", True),
    ]


def test_a_gate_on_a_metric_that_the_rows_do_not_have_fails_and_says_why() -> None:
    held = Held(np.ones(50), np.linspace(0, 1, 50), seed=7)
    gates = [
        Gate.model_validate({"metric": "r2", "min": "0.5"}),
        Gate.model_validate({"metric": "r2", "notWorseThan": "Serving"}),
        Gate.model_validate({"metric": "mae", "max": "0.5"}),
    ]

    found = check_gates(gates, held, [Rival("Serving", "model-1", np.zeros(50))])

    note = "the metric is undefined on the hold-out: one value of the label only"
    assert found == [
        (0, GateResult(metric="r2", bound="min 0.5", passed=False, value="", note=note)),
        (
            1,
            GateResult(
                metric="r2", bound="notWorseThan Serving", passed=False, value="", note=note
            ),
        ),
        (2, GateResult(metric="mae", bound="max 0.5", passed=True, value="0.5000000")),
    ]


def test_the_model_that_serves_already_is_not_worse_than_itself_for_rounding() -> None:
    """A difference that FP32 makes can have one direction in every row, as here."""
    labels = np.linspace(1e6, 2e6, 500)
    held = Held(labels, labels + 1000.0001, seed=7)
    rival = Rival("Serving", "model-1", labels + 1000.0)
    gate = Gate.model_validate({"metric": "rmse", "notWorseThan": "Serving"})

    ((_, found),) = check_gates([gate], held, [rival])

    assert (found.passed, found.difference, found.interval) == (True, "0.000", ["0.000", "0.000"])


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([1e200] * 50, id="squares overflow"),
        pytest.param([-1.7e308] * 50, id="the largest answers"),
        pytest.param([1.3e154, *([0.0] * 49)], id="a row that overflows when it is drawn twice"),
    ],
)
def test_a_baseline_whose_answers_have_no_figure_is_a_bad_one(answers: list[float]) -> None:
    held = Held(np.linspace(0, 1, 50), np.linspace(0, 1, 50), seed=7)
    gate = Gate.model_validate({"metric": "rmse", "notWorseThan": "Serving"})

    with pytest.raises(RunFailedError, match="its rmse is not finite") as caught:
        check_gates([gate], held, [Rival("Serving", "model-1", np.array(answers))])

    assert caught.value.reason is Reason.BAD_BASELINE
    assert "ModelVersion model-1" in caught.value.message


def test_the_failure_names_every_failed_gate_with_figure_and_bound() -> None:
    gates = [
        Gate.model_validate(each)
        for each in (
            {"metric": "accuracy", "min": "0.9"},
            {"metric": "accuracy", "min": "0.1"},
            {"metric": "roc_auc", "notWorseThan": "Serving", "margin": "0.005"},
        )
    ]
    checked = check_gates(gates, HELD, [BETTER])

    error = gates_failed([each for each in checked if not each[1].passed])

    assert (error.reason, error.exit_code) == (Reason.GATE_FAILED, ExitCode.GATE_FAILED)
    assert error.message == (
        "spec.evaluation.gates[0] (accuracy min 0.9): found 0.770000; spec.evaluation.gates[2] "
        "(roc_auc notWorseThan Serving, margin 0.005): found 0.857111 against 0.958456 of "
        "model-11111111 on the same rows, difference -0.101344 (negative is worse), at 95 % at "
        "most -0.076394. Nothing was published. Look in status.metrics for where the model is "
        "weak, and train a better one on more rows, other features or other parameters; or change "
        "the gate if it asks for too much"
    )
