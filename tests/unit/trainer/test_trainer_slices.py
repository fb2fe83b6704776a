"""What is told of the rows of each value of a column."""

from __future__ import annotations

import numpy as np

from checkrail_api.reports import Metric
from checkrail_trainer.evaluate import evaluate
from checkrail_trainer.slices import by_slice


def rows_of(**counts: int) -> np.ndarray:
    """Return a column with these values, so often each."""
    return np.repeat(np.array(list(counts), dtype=object), list(counts.values()))


def answers(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels 0 and 1 in turn, and probabilities that know something of them."""
    random = np.random.default_rng(1)
    labels = np.arange(rows) % 2
    positive = np.clip(0.3 * labels + random.random(rows) * 0.7, 0, 1)
    return labels, np.stack([1 - positive, positive], axis=1)


def test_each_value_has_every_metric_of_its_rows_the_most_frequent_first() -> None:
    column = rows_of(b=100, a=100, c=200)
    labels, scores = answers(400)

    found = by_slice(["roc_auc", "log_loss"], {"carrier": column}, labels, scores)

    parts = {"c": slice(200, 400), "a": slice(100, 200), "b": slice(0, 100)}
    assert found == [
        each.model_copy(update={"slice": f"carrier={value}", "rows": part.stop - part.start})
        for value, part in parts.items()
        for each in evaluate(["roc_auc", "log_loss"], labels[part], scores[part])
    ]


def test_a_slice_with_too_few_rows_says_so_instead_of_a_figure() -> None:
    labels, scores = answers(199)

    found = by_slice(["accuracy"], {"origin": rows_of(JFK=100, LGA=99)}, labels, scores)

    assert found[1] == Metric(
        name="accuracy", value="", slice="origin=LGA", rows=99, note="too few rows: under 100"
    )
    assert found[0].value
    assert found[0].note is None


def test_a_slice_of_one_class_has_only_the_metrics_that_need_no_other() -> None:
    labels, scores = answers(100)

    found = by_slice(
        ["roc_auc", "pr_auc", "f1", "accuracy"],
        {"x": rows_of(only=100)},
        np.zeros_like(labels),
        scores,
    )

    assert [(each.name, each.note) for each in found] == [
        ("roc_auc", "one class only"),
        ("pr_auc", "one class only"),
        ("f1", "one class only"),
        ("accuracy", None),
    ]


def test_missing_values_are_a_slice_of_their_own() -> None:
    column = np.array([""] * 100 + ["x"] * 100, dtype=object)

    found = by_slice(["accuracy"], {"gust": column}, *answers(200))

    assert [each.slice for each in found] == ["gust=", "gust=x"]


def test_beyond_20_values_one_note_says_how_many_are_left() -> None:
    column = rows_of(**{f"v{number:02}": 130 - number for number in range(23)})

    found = by_slice(["accuracy", "brier"], {"tail": column}, *answers(len(column)))

    assert [each.slice for each in found[::2]] == [
        *(f"tail=v{number:02}" for number in range(20)),
        "tail",
    ]
    assert found[-1] == Metric(
        name="accuracy",
        value="",
        slice="tail",
        rows=110 + 109 + 108,
        note="3 rarer values are not judged one by one",
    )


def test_columns_come_in_the_order_of_the_spec() -> None:
    columns = {"z": rows_of(a=100), "a": rows_of(b=100)}

    found = by_slice(["accuracy"], columns, *answers(100))

    assert [each.slice for each in found] == ["z=a", "a=b"]


def test_a_long_value_is_cut_to_what_a_report_holds() -> None:
    column = np.array(["x" * 500] * 100, dtype=object)

    (found,) = by_slice(["accuracy"], {"text": column}, *answers(100))

    assert found.slice == f"text={'x' * 186}…"
    assert Metric.model_validate(found.model_dump()) == found


def test_a_regression_is_judged_by_slice_as_well() -> None:
    labels = np.concatenate([np.full(100, 3.0), np.arange(100.0)])
    column = rows_of(flat=100, steep=100)

    found = by_slice(["rmse", "r2"], {"kind": column}, labels, labels + 1)

    assert [(each.slice, each.name, each.value, each.note) for each in found] == [
        ("kind=flat", "rmse", "1.000000", None),
        ("kind=flat", "r2", "", "one value of the label only"),
        ("kind=steep", "rmse", "1.000000", None),
        ("kind=steep", "r2", "0.998800", None),
    ]
