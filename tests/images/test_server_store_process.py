"""The S3 client is a process of its own, apart from the model's; it ends when all is fetched."""

from __future__ import annotations

import hashlib
import os
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checkrail_api import serving as env
from checkrail_api.artifact import MODEL_FILE
from checkrail_server import settings
from checkrail_server.errors import StoreUnavailableError
from checkrail_server.store import S3Store
from harness.breaking_store import Broken, breaking_store, ends, resets, stalls
from harness.scoring_server import (
    READY_SECONDS,
    environment,
    flight_files,
    in_store,
    last_words,
    listening_port,
    refusal,
    serving,
    started,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.object_store import ObjectStoreServer
    from harness.process import Child

pytestmark = pytest.mark.images


def of_store(endpoint: str, files: dict[str, bytes]) -> dict[str, str]:
    """The environment of a server whose artifact is in a store that takes any keys."""
    return {
        **environment("s3://any/model", hashlib.sha256(files[MODEL_FILE]).hexdigest()),
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        env.ENV_STORE_ENDPOINT: endpoint,
    }


def sockets(process: int) -> set[str]:
    """The sockets that a process holds."""
    links = [link.readlink().name for link in Path(f"/proc/{process}/fd").iterdir()]
    return {link for link in links if link.startswith("socket:")}


@pytest.fixture
def waiting(object_store: ObjectStoreServer, tmp_path: Path) -> Iterator[Child]:
    """A server whose store does not answer."""
    absent = {env.ENV_STORE_ENDPOINT: "http://127.0.0.1:9"}
    variables = {**environment("s3://absent/model", "0" * 64), **object_store.credentials, **absent}
    child = started(variables, tmp_path / "server.log")
    listening_port(child)
    child.wait_until(lambda: "store does not answer" in child.log.read_text(), READY_SECONDS)
    yield child
    child.kill()


def test_the_process_that_runs_an_unproven_model_cannot_talk_to_the_one_with_keys(
    waiting: Child,
) -> None:
    store, trial = waiting.children

    assert len(sockets(store)) == len(sockets(trial)) == 1
    assert not sockets(store) & sockets(trial)


def test_both_end_when_the_server_is_killed(waiting: Child) -> None:
    processes = [os.pidfd_open(pid) for pid in waiting.children]
    waiting.kill()

    for process in processes:  # readable when it has ended
        assert select.select([process], [], [], READY_SECONDS)[0]
        os.close(process)


def test_that_it_was_killed_is_told(waiting: Child) -> None:
    store, _ = waiting.children
    os.kill(store, signal.SIGKILL)

    assert last_words(waiting).endswith(
        "/manifest.json cannot be read: the process that asks the store ended by SIGKILL, "
        "probably for want of memory: raise server.resources.limits.memory"
    )


def test_what_it_cannot_make_a_client_of_is_told(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    variables = in_store(object_store, flight_files(), "fetched-nowhere")

    reason = refusal({**variables, env.ENV_STORE_ENDPOINT: "nowhere"}, tmp_path)

    assert reason.endswith("cannot be read: Invalid endpoint: nowhere")


def test_it_ends_when_the_model_is_fetched(object_store: ObjectStoreServer, tmp_path: Path) -> None:
    with serving(in_store(object_store, flight_files(), "fetched"), tmp_path) as server:
        assert server.child.children == []


@pytest.mark.parametrize("how", [resets, ends])
def test_a_connection_that_is_lost_in_the_middle_of_a_file_is_made_again(
    tmp_path: Path, how: Broken
) -> None:
    files = flight_files()
    with (
        breaking_store(files, how, times=1) as endpoint,
        serving(of_store(endpoint, files), tmp_path) as server,
    ):
        messages = [event["message"] for event in server.events()]

    assert messages.count("store does not answer") == 1


@pytest.mark.parametrize("how", [resets, ends, stalls])
def test_a_candidate_is_not_to_blame_for_a_lost_connection(
    monkeypatch: pytest.MonkeyPatch, how: Broken
) -> None:
    monkeypatch.setattr("checkrail_server.store.READ_SECONDS", 0.2)
    files = flight_files()
    with breaking_store(files, how, times=2) as endpoint:
        for name, value in (variables := of_store(endpoint, files)).items():
            monkeypatch.setenv(name, value)
        store = S3Store(settings.from_environment(variables))

        with pytest.raises(StoreUnavailableError):
            store.read(MODEL_FILE, len(files[MODEL_FILE]))
