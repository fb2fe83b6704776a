"""Processes that run unproven models have no keys of stores that they do not need."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from checkrail_api.serving import DECISION_LOG_PREFIX
from harness import small_models
from harness.scoring_server import READY_SECONDS, artifact_files, listening_port, started, written
from harness.shadowed_server import shadowed
from images.test_server_trial import endless, is_trying

pytestmark = pytest.mark.images
LOG_KEY, ARTIFACT_KEY = b"key-of-the-log", b"key-of-the-artifacts"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give them to every server."""
    monkeypatch.setenv(DECISION_LOG_PREFIX + "AWS_SECRET_ACCESS_KEY", LOG_KEY.decode())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ARTIFACT_KEY.decode())


def environment_of(process: int) -> bytes:
    """Return the variables of a process, as the kernel has them."""
    return Path(f"/proc/{process}/environ").read_bytes()


def test_the_trial_of_a_model_has_no_keys(tmp_path: Path) -> None:
    artifact = written(artifact_files(endless()), tmp_path / "artifact")
    child = started(artifact, tmp_path / "server.log")
    listening_port(child)
    child.wait_until(lambda: is_trying(child), READY_SECONDS)
    (trial,) = child.children
    found = environment_of(trial)
    child.send(signal.SIGTERM)
    child.wait(READY_SECONDS)

    assert b"CHECKRAIL_ARTIFACT_URI" in found
    assert LOG_KEY not in found
    assert ARTIFACT_KEY not in found


def test_a_candidate_in_shadow_has_the_keys_of_artifacts_alone(tmp_path: Path) -> None:
    with shadowed(small_models.good(1), tmp_path / "shadowed") as server:
        server.ask_for(small_models.good(2))
        server.once(lambda found: found.state == "Comparing")
        (candidate,) = server.processes()
        found = environment_of(candidate)

    assert ARTIFACT_KEY in found
    assert LOG_KEY not in found
