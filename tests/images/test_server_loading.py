"""What the server refuses to serve, and how it says so; what it waits for."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import httpx
import pytest

from checkrail_api import serving as env
from checkrail_api.artifact import MANIFEST_FILE, MODEL_FILE
from harness.object_store import ObjectStoreServer
from harness.scoring_server import (
    READY_SECONDS,
    ROW,
    environment,
    flight_files,
    in_store,
    listening_port,
    refusal,
    serving,
    started,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.images


def test_a_changed_model_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    files = flight_files()
    variables = written(files, tmp_path / "artifact")
    (tmp_path / "artifact" / MODEL_FILE).write_bytes(files[MODEL_FILE][:-1] + b"\0")

    assert "model.onnx has SHA-256" in refusal(variables, tmp_path)


def test_another_digest_than_the_operators_is_refused(tmp_path: Path) -> None:
    variables = written(flight_files(), tmp_path / "artifact")

    reason = refusal({**variables, env.ENV_ARTIFACT_SHA256: "0" * 64}, tmp_path)

    assert f"expected {'0' * 64}" in reason


def test_without_a_manifest_there_is_no_artifact(tmp_path: Path) -> None:
    files = flight_files()
    variables = written(files, tmp_path / "artifact")
    (tmp_path / "artifact" / MANIFEST_FILE).unlink()

    assert "manifest.json cannot be read: No such file" in refusal(variables, tmp_path)


def test_an_environment_that_says_nothing_is_told_what_to_say(tmp_path: Path) -> None:
    reason = refusal(
        {**environment("http://x", "0" * 64), env.ENV_NAMESPACE: "", env.ENV_PORT: "-1"}, tmp_path
    )

    assert reason == (
        "CHECKRAIL_NAMESPACE is not set; CHECKRAIL_ARTIFACT_URI is 'http://x'; it must be "
        "s3://bucket/prefix or file:///directory; CHECKRAIL_PORT is '-1'; it must be a whole "
        "number from 0 to 65535"
    )


@pytest.mark.parametrize(
    ("bucket", "prefix"),
    [
        pytest.param("served", "team-a", id="a plain prefix"),
        pytest.param("served-marks", "team#1/a?b=c%20d", id="characters that end a URL's path"),
    ],
)
def test_an_artifact_is_fetched_from_an_s3_store(
    object_store: ObjectStoreServer, tmp_path: Path, bucket: str, prefix: str
) -> None:
    variables = in_store(object_store, flight_files(), bucket, prefix)

    with serving(variables, tmp_path) as server:
        assert server.http.post("/predict", json=ROW).json()["predictions"][0]["label"] == 1


def test_a_store_is_trusted_by_its_own_authorities_only(tmp_path: Path) -> None:
    """A pod whose store names a ConfigMap has its ca.crt as AWS_CA_BUNDLE."""
    with ObjectStoreServer(tmp_path / "store", tls=True) as secure:
        variables = in_store(secure, flight_files(), "served")
        trust = {env.ENV_STORE_CA: str(secure.certificate)}

        with serving({**variables, **trust}, tmp_path) as server:
            predicted = server.http.post("/predict", json=ROW).json()["predictions"][0]["label"]
        child = started(variables, tmp_path / "unknown.log")
        child.wait_until(
            lambda: "CERTIFICATE_VERIFY_FAILED" in child.log.read_text(), READY_SECONDS
        )
        child.send(signal.SIGINT)
        ended = child.wait(READY_SECONDS)

    assert (predicted, ended) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"AWS_SECRET_ACCESS_KEY": "wrong"}, "check the credentials Secret", id="a wrong key"
        ),
        pytest.param(
            {env.ENV_ARTIFACT_URI: "s3://refused/other"},
            "s3://refused/other/manifest.json does not exist: the store answered NoSuchKey",
            id="a wrong prefix",
        ),
        pytest.param(
            {env.ENV_ARTIFACT_URI: "s3://nowhere/other"},
            "the store answered NoSuchBucket",
            id="a wrong bucket",
        ),
    ],
)
def test_a_store_that_refuses_ends_the_server(
    refused: dict[str, str], tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    assert message in refusal({**refused, **changes}, tmp_path)


@pytest.fixture(scope="module")
def refused(object_store: ObjectStoreServer) -> dict[str, str]:
    return in_store(object_store, flight_files(), "refused")


def test_a_store_that_is_away_is_waited_for(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    variables = in_store(object_store, flight_files(), "late")
    object_store.stop()
    try:
        child = started(variables, tmp_path / "server.log")
        address = f"http://127.0.0.1:{listening_port(child)}"
        child.wait_until(lambda: "store does not answer" in child.log.read_text(), READY_SECONDS)
        waiting = {
            path: httpx.get(address + path).status_code
            for path in (env.LIVE_PATH, env.READY_PATH, "/v2/models/flight-delays", "/metrics")
        }
        waiting["/predict"] = httpx.post(f"{address}/predict", json=ROW).status_code
    finally:
        object_store.start()

    child.wait_until(
        lambda: httpx.get(address + env.READY_PATH).status_code == httpx.codes.OK, READY_SECONDS
    )
    child.send(signal.SIGINT)
    assert child.wait(READY_SECONDS) == 0
    assert waiting == {
        env.LIVE_PATH: 200,
        env.READY_PATH: 503,
        "/v2/models/flight-delays": 503,
        "/metrics": 503,
        "/predict": 503,
    }
