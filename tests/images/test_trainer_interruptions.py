"""A run is killed, or its store goes away or may not be written to: nothing is half-published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.reports import Phase
from harness import trainer
from harness.object_store import ObjectStoreServer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.images


def spec(store: ObjectStoreServer, prefix: str, trees: int = 10) -> dict[str, Any]:
    train = {"workflow": "xgboost-classifier", "params": {"n_estimators": trees}, "seed": 7}
    resolved = trainer.run_spec(store, data=trainer.CASES, train=train)
    return {**resolved, "store": {**resolved["store"], "uri": f"s3://models/{prefix}"}}


def test_a_run_killed_at_10_50_and_90_percent_shows_nothing_and_then_publishes(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    run = spec(lake, "killed", trees=500)
    for percent in (10, 50, 90):
        process = trainer.start(run, lake, tmp_path / str(percent))
        trainer.wait_for_percent(process, percent)
        process.kill()
        process.communicate()
        assert lake.keys("s3://models/killed/") == []

    ended = trainer.train({**run, "attempt": 4}, lake, tmp_path / "whole")

    assert ended.code == 0, ended.log
    assert lake.keys("s3://models/killed/") == [
        f"model/{ended.report['artifact']['sha256']}/{name}" for name in trainer.FILES
    ]
    # Asking whether the store may be written to has left nothing either.
    assert "Uploads" not in lake.client().list_multipart_uploads(Bucket="models")


def test_a_store_that_goes_away_before_publishing_is_worth_a_retry_which_publishes(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    run = spec(lake, "away")
    process = trainer.start(run, lake, tmp_path / "away")
    trainer.wait_for_phase(process, Phase.CHECKING_PARITY)
    lake.stop()
    try:
        away = trainer.finish(process, tmp_path / "away")
    finally:
        lake.start()
    before = lake.keys("s3://models/away/")

    again = trainer.train({**run, "attempt": 2}, lake, tmp_path / "again")

    assert away.failure == (20, "StoreUnavailable")
    assert f"{lake.endpoint} did not answer for bucket `models`" in away.report["message"]
    assert before == []
    assert again.code == 0, again.log
    assert lake.keys(f"{again.report['artifact']['uri']}/") == trainer.FILES


def test_a_store_that_may_not_be_written_to_ends_the_run_before_data_is_read(
    lake: ObjectStoreServer, tmp_path: Path
) -> None:
    with ObjectStoreServer(tmp_path / "server") as server:
        server.make_bucket("models")
    run = spec(lake, "denied")
    with ObjectStoreServer(tmp_path / "server", read_only=True) as server:
        run["store"]["endpoint"] = server.endpoint
        ended = trainer.train(run, lake, tmp_path / "run")

    assert ended.failure == (10, "AccessDenied")
    assert "of spec.store for bucket `models` (AccessDenied)" in ended.report["message"]
    assert "must be allowed to list, read and, in the store, write" in ended.report["message"]
    assert "source read" not in ended.log
