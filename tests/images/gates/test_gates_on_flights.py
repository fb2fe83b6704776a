"""The trainer as a process on real flights: slices, gates, and versions to compare with.

first  --published-->  its model.onnx serves
alike, with another seed,          not worse than it       published
of the distance alone              worse than it           nothing published
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.artifact import Metrics
from checkrail_api.exit_codes import ExitCode
from checkrail_api.reports import TrainerFailure
from harness import trainer
from harness.gated_runs import EVALUATION, FLIGHTS, TRAIN, gated_run, keys, published_under

if TYPE_CHECKING:
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images


@pytest.fixture(scope="module")
def alike(
    serving: dict[str, Any], lake: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory
) -> trainer.Ended:
    """A run that draws its rows otherwise, compared with what serves and with it by its name."""
    gates = [
        {"metric": "roc_auc", "notWorseThan": "Serving", "margin": "0.01"},
        {"metric": "log_loss", "notWorseThan": serving["version"], "margin": "0.01"},
    ]
    run = gated_run(
        lake,
        "alike",
        train={**TRAIN, "params": {**TRAIN["params"], "subsample": 0.8}, "seed": 8},  # type: ignore[dict-item]
        evaluation={"metrics": ["roc_auc"], "gates": gates},
        baselines=[serving, {**serving, "reference": serving["version"]}],
    )
    folder = tmp_path_factory.mktemp("alike")
    return trainer.train(run, lake, folder, {**keys(lake, 0), **keys(lake, 1)})


@pytest.fixture(scope="module")
def worse(
    serving: dict[str, Any], lake: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory
) -> trainer.Ended:
    """A run that knows the distance only; what serves asks for three columns more."""
    gates = [
        {"metric": "accuracy", "min": "0.5"},
        {"metric": "roc_auc", "notWorseThan": "Serving", "margin": "0.01"},
    ]
    run = gated_run(
        lake,
        "worse",
        data={**FLIGHTS, "features": ["distance"]},
        evaluation={**EVALUATION, "gates": gates},
        baselines=[serving],
    )
    return trainer.train(run, lake, tmp_path_factory.mktemp("worse"), keys(lake))


def test_gates_that_hold_are_reported_and_the_model_is_published(first: dict[str, Any]) -> None:
    roc_auc, log_loss = (each["value"] for each in first["metrics"][:2])

    assert first["gates"] == [
        {"metric": "roc_auc", "bound": "min 0.6", "passed": True, "value": roc_auc, "interval": []},
        {
            "metric": "log_loss",
            "bound": "max 0.7",
            "passed": True,
            "value": log_loss,
            "interval": [],
        },
    ]


def test_the_published_metrics_have_every_slice_of_every_column(
    first: dict[str, Any], lake: ObjectStoreServer
) -> None:
    file = lake.get(f"{first['artifact']['uri']}/metrics.json")
    metrics = Metrics.model_validate_json(file).metrics
    overall = [each for each in metrics if each.slice is None]
    origins = [each for each in metrics if (each.slice or "").startswith("origin=")]
    carriers = {each.slice: each.rows or 0 for each in metrics if "carrier=" in (each.slice or "")}

    assert [each.name for each in overall] == ["roc_auc", "log_loss"]
    assert metrics[:2] == overall
    assert sum(each.rows or 0 for each in origins) == 2 * first["rows"]["holdout"]
    assert sum(carriers.values()) == first["rows"]["holdout"]
    assert list(carriers.values()) == sorted(carriers.values(), reverse=True)
    assert {each.note for each in metrics if (each.rows or 1000) < 100} == {
        "too few rows: under 100"
    }
    assert all(each.value for each in metrics if (each.rows or 1000) >= 100)


def test_a_candidate_that_is_not_worse_is_published(
    alike: trainer.Ended, serving: dict[str, Any], lake: ObjectStoreServer
) -> None:
    assert alike.code == 0, alike.log
    gates = alike.report["gates"]

    assert [(each["bound"], each["passed"], each["baseline"]) for each in gates] == [
        ("notWorseThan Serving, margin 0.01", True, serving["version"]),
        (f"notWorseThan {serving['version']}, margin 0.01", True, serving["version"]),
    ]
    assert len(published_under(lake, "alike")) > 5


def test_a_baseline_is_scored_as_the_run_that_made_it_was(
    alike: trainer.Ended, first: dict[str, Any]
) -> None:
    """By ONNX Runtime on raw columns; its own run measured the trained model itself."""
    found = [float(each["baselineValue"]) for each in alike.report["gates"]]

    assert found == pytest.approx([float(each["value"]) for each in first["metrics"][:2]], abs=2e-6)


def test_a_worse_candidate_publishes_nothing_and_tells_all_it_measured(
    worse: trainer.Ended, serving: dict[str, Any], lake: ObjectStoreServer
) -> None:
    report = TrainerFailure.model_validate(worse.report)
    kept, failed = report.gates

    assert worse.failure == (ExitCode.GATE_FAILED, "GateFailed")
    assert published_under(lake, "worse") == []
    assert (kept.passed, failed.passed, failed.baseline) == (True, False, serving["version"])
    assert [each.name for each in report.metrics[:2]] == ["roc_auc", "log_loss"]
    assert float(failed.value) == float(report.metrics[0].value)
    assert float(failed.interval[1]) < -0.01
    assert report.message.startswith(
        f"spec.evaluation.gates[1] (roc_auc notWorseThan Serving, margin 0.01): found "
        f"{failed.value} against {failed.baseline_value} of {serving['version']} on the same rows"
    )


def test_a_regressor_is_judged_by_its_rmse_unless_told_otherwise(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    filters = [{"column": "arr_delay", "op": "NotNull"}]
    data = {**FLIGHTS, "query": "FROM flights", "label": "arr_delay", "filters": filters}
    run = gated_run(
        lake,
        "minutes",
        data=data,
        train={"workflow": "linear-regression", "params": {}, "seed": 7},
        evaluation={"slices": ["origin"], "gates": [{"metric": "mae", "max": "1.5"}]},
    )

    ended = trainer.train(run, lake, tmp_path)

    assert ended.failure == (ExitCode.GATE_FAILED, "GateFailed")
    rmse, *slices = ended.report["metrics"]
    (gate,) = ended.report["gates"]
    assert ended.report["message"].startswith(
        f"spec.evaluation.gates[0] (mae max 1.5): found {gate['value']}."
    )
    assert (rmse["name"], {each["name"] for each in slices}) == ("rmse", {"rmse"})
    assert 10 < float(gate["value"]) < float(rmse["value"]) < 100
    assert published_under(lake, "minutes") == []


def test_a_metric_of_another_task_ends_the_run_before_data_is_read(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    sources = [{"name": "flights", "uri": "s3://lake/nothing.parquet"}]
    data = {**FLIGHTS, "sources": sources}
    run = gated_run(lake, "rmse", data=data, evaluation={"metrics": ["rmse"]})

    ended = trainer.train(run, lake, tmp_path)

    assert ended.failure == (ExitCode.BAD_SPEC_OR_DATA, "InvalidSpec")
    assert ended.report["message"].startswith("spec.evaluation.metrics[0] is rmse, which does not")
