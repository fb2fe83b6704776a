"""The version that a gate compares with: gone, replaced, out of reach, or of other columns."""

from __future__ import annotations

import hashlib
import socket
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.exit_codes import ExitCode
from harness import trainer
from harness.gated_runs import FLIGHTS, gated_run, keys

if TYPE_CHECKING:
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images


def against_serving() -> dict[str, Any]:
    return {"gates": [{"metric": "roc_auc", "notWorseThan": "Serving"}]}


def changed(serving: dict[str, Any], lake: ObjectStoreServer) -> dict[str, Any]:
    """Put another model under the digest of the one that serves."""
    uri = "s3://models/gates/changed"
    model = lake.get(f"{serving['uri']}/model.onnx")
    lake.put(f"{uri}/model.onnx", model[:-1] + bytes([model[-1] ^ 1]))
    return {**serving, "uri": uri}


def test_a_baseline_that_was_replaced_is_refused_before_it_is_opened(
    serving: dict[str, Any], lake: ObjectStoreServer, tmp_path: Path
) -> None:
    other = changed(serving, lake)
    digest = hashlib.sha256(lake.get(f"{other['uri']}/model.onnx")).hexdigest()
    run = gated_run(lake, "replaced", baselines=[other], evaluation=against_serving())

    ended = trainer.train(run, lake, tmp_path, keys(lake))

    assert ended.failure == (ExitCode.BAD_SPEC_OR_DATA, "BadBaseline")
    assert f"expected SHA-256 {serving['sha256']}, found {digest}" in ended.report["message"]
    assert ended.progress[-1]["phase"] == "Fetching"


def test_a_baseline_that_is_gone_says_where_it_was(
    serving: dict[str, Any], lake: ObjectStoreServer, tmp_path: Path
) -> None:
    gone = {**serving, "uri": "s3://models/gates/gone"}
    run = gated_run(lake, "gone", baselines=[gone], evaluation=against_serving())

    ended = trainer.train(run, lake, tmp_path, keys(lake))

    assert ended.failure == (ExitCode.BAD_SPEC_OR_DATA, "BadBaseline")
    assert "has no object s3://models/gates/gone/model.onnx" in ended.report["message"]


def test_a_baseline_that_asks_for_a_column_the_query_does_not_give_ends_before_training(
    serving: dict[str, Any], lake: ObjectStoreServer, tmp_path: Path
) -> None:
    query = "SELECT flight_id, time_hour, distance, arr_delay > 15 AS late FROM flights"
    run = gated_run(
        lake,
        "narrow",
        data={**FLIGHTS, "query": query, "features": ["distance"]},
        baselines=[serving],
        evaluation=against_serving(),
    )

    ended = trainer.train(run, lake, tmp_path, keys(lake))

    assert ended.failure == (ExitCode.BAD_SPEC_OR_DATA, "BadBaseline")
    assert "asks for the input `hour`, which is no column" in ended.report["message"]
    assert "spec.data.query" in ended.report["message"]
    assert ended.progress[-1]["phase"] == "Fetching"


def test_a_run_waits_for_a_baseline_whose_store_is_away(
    serving: dict[str, Any], lake: ObjectStoreServer, tmp_path: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = {**serving["store"], "endpoint": f"http://127.0.0.1:{closed.getsockname()[1]}"}
        run = gated_run(
            lake, "away", baselines=[{**serving, "store": away}], evaluation=against_serving()
        )
        ended = trainer.train(run, lake, tmp_path, keys(lake))

    assert ended.failure == (ExitCode.STORAGE_UNAVAILABLE, "StoreUnavailable")


def test_a_baseline_that_no_gate_names_is_not_fetched(
    serving: dict[str, Any], lake: ObjectStoreServer, tmp_path: Path
) -> None:
    gone = {**serving, "uri": "s3://models/gates/gone"}
    run = gated_run(lake, "unnamed", baselines=[gone], data={**FLIGHTS, "label": "nothing"})

    ended = trainer.train(run, lake, tmp_path)

    assert ended.failure == (ExitCode.BAD_SPEC_OR_DATA, "LabelNotFound")
