"""The run that publishes, as seen from outside: once, in sight, and never against its bounds."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.reports import Phase
from harness import trainer
from harness.training_world import TrainingWorld
from harness.training_world import spec as run_of

if TYPE_CHECKING:
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images


def test_progress_visits_every_phase_and_only_grows(published: trainer.Ended) -> None:
    phases = [each["phase"] for each in published.progress]
    percents = [each["percent"] for each in published.progress]

    assert list(dict.fromkeys(phases)) == [each.value for each in Phase]
    assert percents == sorted(percents)
    assert all(each["event"] == "progress" for each in published.progress)


def test_the_log_says_how_much_memory_the_run_took(published: trainer.Ended) -> None:
    said = {each["message"]: each for each in map(json.loads, published.log.splitlines())}
    rows = published.report["rows"]["train"]

    # Three numbers, 15 carriers and 3 origins are the columns of the matrix.
    assert said["trained"]["matrix_bytes"] == rows * 21 * 4
    assert 100 * 2**20 < said["run ended"]["peak_rss_bytes"] < 2 * 2**30


def test_no_library_reports_the_model_to_its_maker(published: trainer.Ended) -> None:
    """With its telemetry on, ONNX Runtime warns that it has no home to keep an identity in."""
    assert "telemetry" not in published.log


def test_a_repeated_run_finds_its_own_bytes_and_writes_nothing(
    spec: dict[str, Any], published: trainer.Ended, lake: ObjectStoreServer, tmp_path: Path
) -> None:
    """Another job, another attempt, the same inputs: the same digest."""
    other = {**spec, "attempt": 3, "job": {**spec["job"], "name": "again", "uid": "1-1"}}
    before = lake.modified("s3://models/")

    ended = trainer.train(other, lake, tmp_path)

    assert ended.report == published.report
    assert lake.modified("s3://models/") == before


def test_sigterm_ends_a_run_at_once(
    spec: dict[str, Any], lake: ObjectStoreServer, tmp_path: Path
) -> None:
    params = {"n_estimators": 5000, "max_depth": 10}
    endless = {**spec, "train": {"workflow": "xgboost-classifier", "params": params, "seed": 7}}
    process = trainer.start(endless, lake, tmp_path)
    trainer.wait_for_phase(process, Phase.TRAINING, percent=21)

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=5)

    assert process.returncode == 128 + signal.SIGTERM
    assert not (tmp_path / "termination-log").exists()


def test_an_export_beyond_the_bounds_publishes_nothing(
    spec: dict[str, Any], lake: ObjectStoreServer, tmp_path: Path
) -> None:
    """No two implementations agree to the last bit, so a bound of 0 must fail."""
    strict = {
        **spec,
        "evaluation": {"metrics": ["roc_auc"], "parity": {"maxAbsDiff": "0", "maxFlips": 0}},
        "store": {**spec["store"], "uri": "s3://models/strict"},
    }

    ended = trainer.train(strict, lake, tmp_path)

    found = ended.report["parity"]
    assert ended.failure == (12, "ParityFailed")
    assert f"a score {found['maxAbsDiff']}, allowed 0; 0 labels differ" in ended.report["message"]
    assert found["rows"] > found["flips"] == 0
    assert [each["name"] for each in ended.report["metrics"]] == ["roc_auc"]
    assert lake.keys("s3://models/strict/") == []


async def test_the_operator_writes_the_whole_version_from_what_the_trainer_left(
    published: trainer.Ended,
) -> None:
    world = TrainingWorld()
    world.apply(run_of(model="flight-delays"))
    await world.run_pass()
    pod = world.pod_ends(0, json.dumps(published.report))
    world.cluster.logs[pod["metadata"]["name"]] = "\n".join(published.lines)

    await world.run_pass()

    (version,) = world.cluster.of_kind("ModelVersion")
    left = published.record
    assert left is not None
    told = json.loads(left.model_dump_json(by_alias=True, exclude_none=True))
    spec, provenance = version["spec"], version["spec"]["provenance"]
    judged, made = ("signature", "components", "features", "gates", "metrics"), ("data", "filters")
    assert {part: spec[part] for part in judged} == {part: told[part] for part in judged}
    assert {part: provenance[part] for part in made} == {part: told[part] for part in made}
    assert provenance["versions"] == told["versions"]
    assert world.condition("Complete") == ("True", "Published")
    assert [event.reason for event in world.cluster.events] == ["Published"]
