"""The decision log of a real server, read back with DuckDB from a real object store."""

from __future__ import annotations

import datetime as dt
import signal
from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api import serving as env
from harness.decision_logs import POD, REVISION, decision_log
from harness.scoring_server import MODEL, NAMESPACE, flight_files, serving, written

if TYPE_CHECKING:
    from pathlib import Path

    from harness.object_store import ObjectStoreServer
    from harness.scoring_server import ScoringServer

pytestmark = pytest.mark.images
ROWS = [
    {"distance": 500, "dep_hour": 7, "carrier": "UA"},
    {"distance": 2_475, "dep_hour": 18.5, "carrier": "ünknown"},
]


def ended(server: ScoringServer) -> dict[str, Any]:
    """Have the server end without its drain, and return its last word on the log."""
    server.child.send(signal.SIGINT)
    assert server.child.wait(30) == 0
    return next(e for e in server.events() if e["message"] == "decision log ended")


def test_every_answer_is_in_the_store_with_all_that_led_to_it(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    variables = written(flight_files(), tmp_path / "artifact")
    log = decision_log(object_store, tmp_path)
    before = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    with serving(variables | log.environment, tmp_path) as server:
        answer = server.http.post("/predict", json={"rows": ROWS}, headers={"x-request-id": "a"})
        refused = server.http.post("/predict", json={"rows": []})
        told = ended(server)

    assert (answer.status_code, refused.status_code) == (200, 422)
    assert {key: told[key] for key in ("written", "dropped", "not_written")} == {
        "written": 1,
        "dropped": 0,
        "not_written": 0,
    }
    digest = variables[env.ENV_ARTIFACT_SHA256]
    records = log.records()
    assert records == [
        {
            "time": records[0]["time"],
            "request_id": "a",
            "row": row,
            "latency_us": records[0]["latency_us"],
            "model": MODEL,
            "digest": digest,
            "revision": REVISION,
            "namespace": NAMESPACE,
            "pod": POD,
            "inputs": ROWS[row],
            "outputs": {
                "label": prediction["label"],
                "probabilities": pytest.approx(list(prediction["probabilities"].values())),
            },
            "date": records[0]["time"].date(),
            "version": digest[:8],
        }
        for row, prediction in enumerate(answer.json()["predictions"])
    ]
    assert before < records[0]["time"] < dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert 0 < records[0]["latency_us"] < 10e6
