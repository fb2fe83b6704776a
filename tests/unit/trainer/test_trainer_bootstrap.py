"""What the paired bootstrap calls worse: simulated data sets whose truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from checkrail_api.workflows import HIGHER_IS_BETTER
from checkrail_trainer import bootstrap
from checkrail_trainer.bootstrap import MOST_WORK, Pair, compare, linear, resample
from checkrail_trainer.evaluate import measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from checkrail_api.workflows import MetricName

BINARY: tuple[MetricName, ...] = ("roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "f1")
NUMBERS: tuple[MetricName, ...] = ("rmse", "mae", "r2")


def classifiers(
    random: np.random.Generator, rows: int, *, noise: float = 0.7, more: float = 0.0
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return labels, and the probabilities of two models that see the same, each with own noise.

    They are equally good, but for ``more`` noise in the candidate, which comes first.
    """
    labels = (random.random(rows) < 0.3).astype(np.int64)
    seen = random.normal(size=rows) + 1.2 * labels
    answers = []
    for extra in (more, 0.0):
        logits = seen + random.normal(size=rows) * (noise + extra) - 1.5
        positive = 1 / (1 + np.exp(-logits))
        answers.append(np.stack([1 - positive, positive], axis=1))
    return labels, answers[0], answers[1]


def regressors(
    random: np.random.Generator, rows: int, *, more: float = 0.0
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    labels = random.normal(1000, 30, rows)
    shared = random.normal(0, 10, rows)
    both = [labels + shared + random.normal(0, 5 + extra, rows) for extra in (more, 0.0)]
    return labels, both[0], both[1]


def pairs(
    names: tuple[MetricName, ...],
    labels: NDArray[Any],
    candidate: NDArray[Any],
    baseline: NDArray[Any],
) -> list[Pair]:
    return [
        Pair(
            measure(name, labels, candidate),
            measure(name, labels, baseline),
            higher_is_better=name in HIGHER_IS_BETTER,
        )
        for name in names
    ]


def most_of(cases: int, share: float) -> float:
    """Return how many of ``cases`` happen by chance at most, three standard deviations up."""
    return cases * share + 3 * float(np.sqrt(cases * share * (1 - share)))


def test_equally_good_models_fail_a_gate_in_at_most_5_percent_of_resampled_data_sets() -> None:
    """Few sets, because each costs 1,000 resamples; docs/evaluation.md has the figures of many."""
    names: tuple[MetricName, ...] = ("roc_auc", "log_loss")
    random, sets = np.random.default_rng(1), 40
    failed = np.zeros(len(names))
    for seed in range(sets):
        compared = pairs(names, *classifiers(random, 200))
        failed += [high < 0 for _, high in resample(compared, 200, seed)]

    assert failed.max() <= most_of(sets, 0.05)


@pytest.mark.parametrize("names", [BINARY, NUMBERS], ids=["classifiers", "regressors"])
def test_equally_good_models_fail_a_gate_in_at_most_5_percent_without_drawing(
    names: tuple[MetricName, ...],
) -> None:
    random, sets = np.random.default_rng(2), 1500
    make = classifiers if names is BINARY else regressors
    failed = np.zeros(len(names))
    for _ in range(sets):
        failed += [linear(pair, 400)[1] < 0 for pair in pairs(names, *make(random, 400))]

    assert failed.max() <= most_of(sets, 0.05)


@pytest.mark.parametrize("names", [BINARY, NUMBERS], ids=["classifiers", "regressors"])
def test_a_clearly_worse_candidate_fails_and_a_clearly_better_one_does_not(
    names: tuple[MetricName, ...],
) -> None:
    random = np.random.default_rng(3)
    rows = 3000
    labels, candidate, baseline = (
        classifiers(random, rows, more=1.5) if names is BINARY else regressors(random, rows, more=5)
    )

    worse = compare(pairs(names, labels, candidate, baseline), rows, seed=7)
    better = compare(pairs(names, labels, baseline, candidate), rows, seed=7)

    assert [each.high < 0 for each in worse] == [True] * len(names)
    assert [each.low > 0 for each in better] == [True] * len(names)
    np.testing.assert_allclose(
        [(each.difference, each.low, each.high) for each in better],
        [(-each.difference, -each.high, -each.low) for each in worse],
        rtol=1e-9,
    )


@pytest.mark.parametrize("names", [BINARY, NUMBERS], ids=["classifiers", "regressors"])
def test_without_drawing_the_interval_is_that_of_many_resamples(
    names: tuple[MetricName, ...],
) -> None:
    random, rows = np.random.default_rng(4), 4000
    make = classifiers if names is BINARY else regressors
    compared = pairs(names, *make(random, rows))

    drawn = resample(compared, rows, seed=7)

    for pair, (low, high) in zip(compared, drawn, strict=True):
        assert linear(pair, rows) == pytest.approx((low, high), abs=0.08 * (high - low))


def test_many_rows_are_compared_without_drawing() -> None:
    rows = MOST_WORK + 1
    compared = pairs(("log_loss",), *classifiers(np.random.default_rng(5), rows))

    (found,) = compare(compared, rows, seed=7)

    assert (found.low, found.high) == linear(compared[0], rows)


def test_the_seed_decides_every_draw() -> None:
    compared = pairs(("roc_auc", "log_loss"), *classifiers(np.random.default_rng(6), 200))

    assert compare(compared, 200, seed=7) == compare(compared, 200, seed=7)
    assert compare(compared, 200, seed=7) != compare(compared, 200, seed=8)


def test_a_gate_beside_another_one_changes_nothing_for_it() -> None:
    compared = pairs(("roc_auc", "log_loss"), *classifiers(np.random.default_rng(6), 200))

    assert compare(compared, 200, seed=7)[1:] == compare(compared[1:], 200, seed=7)


def test_a_model_against_itself_differs_by_nothing() -> None:
    labels, candidate, _ = classifiers(np.random.default_rng(7), 200)

    found = compare(pairs(BINARY, labels, candidate, candidate), 200, seed=7)

    assert found == [bootstrap.Interval(0.0, 0.0, 0.0)] * len(BINARY)


def test_resamples_without_a_class_are_left_out() -> None:
    """With two positive rows one resample in seven has none of them."""
    labels = np.array([1, 1] + [0] * 48)
    scores = np.linspace(0.9, 0.1, 50)
    candidate = np.stack([1 - scores, scores], axis=1)
    baseline = candidate[::-1].copy()

    (found,) = compare(pairs(("roc_auc",), labels, candidate, baseline), 50, seed=7)

    assert (found.difference, found.low, found.high) == (1.0, 1.0, 1.0)
