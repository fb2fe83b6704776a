"""Every answer is in the decision log: of a pod that goes under load, and of those that go last."""

import secrets
from pathlib import Path

import duckdb
import pytest
from demo.cluster import kubectl, wait_for
from demo.split import failures
from demo.team import FIRST_QUARTER, Team, example

from e2e import served
from e2e.bucket import names_under, read_object
from e2e.served import ROWS, SERVER, Served
from harness import small_models

NAME = "audited"
URI = f"s3://models/decisions/{secrets.token_hex(4)}"
RATE = 50
TOLD_READY = 2
"""Requests of ``wait_ready``, which asks once each time."""


@pytest.fixture(scope="module")
def audited(team: Team) -> Served:
    """Serve a model from two pods that write nothing before they end."""
    store = example(FIRST_QUARTER)["spec"]["store"] | {"uri": URI}
    server = {**SERVER, "decisionLog": {"store": store, "maxDelaySeconds": 3600}}
    serving = served.apply(team, NAME, small_models.good(71), replicas=2, server=server)
    served.wait_ready(serving)
    return serving


def test_every_answer_is_written_when_its_pod_goes(audited: Served, tmp_path: Path) -> None:
    namespace = audited.team.namespace
    going, _ = (pod["metadata"]["name"] for pod in audited.pods(audited.good))
    with audited.team.load(*ROWS, rate=RATE) as load:
        kubectl("delete", "pod", going, "-n", namespace, "--wait=true")
        served.wait_ready(audited)
    served.delete(audited)
    wait_for("its pods to go", lambda: None if audited.pods(audited.good) else True, seconds=60)

    files = names_under(URI)
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(read_object(f"{URI}/{name}"))
    query = "SELECT request_id, inputs.x, outputs.score, model FROM read_parquet(?)"
    rows = duckdb.execute(query, [f"{tmp_path}/**/*.parquet"]).fetchall()

    assert failures(load.lines) == {}
    asked = len(load.lines) + TOLD_READY
    print(f"{len(rows)} records of {asked} requests in {len(files)} files")  # noqa: T201 - the figure
    assert len({request for request, *_ in rows}) == len(rows) == asked
    assert all(x == score for _, x, score, _ in rows)
    assert {round(x, 3) for _, x, *_ in rows} == {row["x"] for row in ROWS}
    assert {model for *_, model in rows} == {NAME}
