"""What the decision log keeps when the server ends, is killed, or the store is away."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checkrail_api.serving import DECISION_LOG_DROPPED, DECISION_LOG_PENDING
from harness.decision_logs import Asker, decision_log, figure, recording, settled
from harness.object_store import ObjectStoreServer
from harness.scoring_server import ROW, flight_files, serving, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.scoring_server import ScoringServer

pytestmark = pytest.mark.images
MIB = 1 << 20
LOST_SECONDS = 1.0
"""What a killed server has in memory: a quarter of a second and a write, on a machine at rest."""


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[ObjectStoreServer]:
    """A store that a test may stop."""
    with ObjectStoreServer(tmp_path / "store") as store:
        yield store


def ask(server: ScoringServer, name: str, rows: int = 1) -> None:
    """Ask a request that must be answered."""
    body = {"rows": [ROW] * rows}
    answer = server.http.post("/predict", json=body, headers={"x-request-id": name})
    assert answer.status_code == 200


def said(server: ScoringServer, message: str) -> bool:
    """Answer whether the server or its writer logged ``message``."""
    return f'"{message}"' in server.child.log.read_text()


def wait_for_load(server: ScoringServer, askers: list[Asker], answers: int) -> None:
    """Wait until each of ``askers`` has ``answers`` more."""
    wanted = [len(asker.answered) + answers for asker in askers]
    server.child.wait_until(
        lambda: all(len(a.answered) >= n for a, n in zip(askers, wanted, strict=True)), 30
    )


def test_sigterm_under_load_loses_nothing_and_fails_no_request(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    with recording(object_store, tmp_path, max_delay_seconds=3600) as (server, log):
        askers = [Asker(server, f"asker-{number}") for number in range(4)]
        wait_for_load(server, askers, 200)
        started = time.monotonic()
        server.child.send(signal.SIGTERM)
        code = server.child.wait(30)
        for asker in askers:
            asker.join()

    assert (code, [asker.failed for asker in askers]) == (0, [[]] * 4)
    assert time.monotonic() - started < 25  # 5 s of the grace period went before SIGTERM
    answered = sorted(itertools.chain.from_iterable(asker.answered for asker in askers))
    assert sorted(record["request_id"] for record in log.records()) == answered


def test_while_the_store_is_away_records_wait_on_disk(
    own_store: ObjectStoreServer, tmp_path: Path
) -> None:
    names = [f"r-{number:02d}" for number in range(30)]
    with recording(own_store, tmp_path) as (server, log):
        own_store.stop()
        for name in names:
            ask(server, name)
        server.child.wait_until(lambda: said(server, "decision log not written"), 30)
        waiting = figure(server, DECISION_LOG_PENDING)
        own_store.start()
        end = settled(server)

    assert (waiting, end) == (30, (30, 0))
    assert [record["request_id"] for record in log.records()] == names


def test_a_store_that_takes_connections_and_answers_nothing_holds_up_no_request(
    own_store: ObjectStoreServer, tmp_path: Path
) -> None:
    names = [f"r-{number:03d}" for number in range(200)]
    with recording(own_store, tmp_path) as (server, log):
        own_store.send(signal.SIGSTOP)
        for name in names[:100]:
            ask(server, name)
        server.child.wait_until(lambda: waits_for(server, own_store.port), 30)
        for name in names[100:]:
            ask(server, name)
        waiting = figure(server, DECISION_LOG_PENDING)
        own_store.send(signal.SIGCONT)
        end = settled(server)

    assert (waiting, end) == (200, (200, 0))
    assert [record["request_id"] for record in log.records()] == names


def waits_for(server: ScoringServer, port: int) -> bool:
    """Answer whether the decision writer is connected to ``port`` of this machine."""
    process = Path(f"/proc/{writer_of(server)}")
    sockets = set[str]()
    for file in (process / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            sockets.add(str(file.readlink()))
    for line in (process / "net" / "tcp").read_text().splitlines()[1:]:
        _, _, remote, state, *_, inode = line.split()[:10]
        if (remote, state) == (f"0100007F:{port:04X}", "01") and f"socket:[{inode}]" in sockets:
            return True
    return False


def test_a_full_spool_drops_the_oldest_and_counts_them(
    own_store: ObjectStoreServer, tmp_path: Path
) -> None:
    names = [f"r-{number:03d}" for number in range(100)]
    with recording(own_store, tmp_path, spool_bytes=MIB) as (server, log):
        own_store.stop()
        for name in names:
            ask(server, name, rows=1000)
        server.child.wait_until(lambda: figure(server, DECISION_LOG_DROPPED) > 0, 30)
        server.child.wait_until(lambda: spooled(tmp_path) < 1.1 * MIB, 30)
        own_store.start()
        kept, dropped = settled(server)

    found = {record["request_id"] for record in log.records()}
    lost = [place for place, name in enumerate(names) if name not in found]
    assert (len(found), len(lost), kept + dropped) == (kept, dropped, 100)
    # all up to the last of them, but for the one segment that the writer had in its hands
    held = sorted(set(range(lost[-1])) - set(lost))
    first = held[0] if held else 0
    assert held == list(range(first, first + len(held)))
    assert len(held) < 20 < lost[-1] < 99  # some 40 KB each; a segment has at most 384 KiB


def spooled(folder: Path) -> int:
    """Return how many bytes are on disk."""
    return sum(path.stat().st_size for path in (folder / "spool").iterdir())


def test_a_killed_server_loses_what_it_had_in_memory(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    log = decision_log(object_store, tmp_path, max_delay_seconds=2)
    variables = written(flight_files(), tmp_path / "artifact") | log.environment
    with serving(variables, tmp_path) as server:
        asker = Asker(server, "asker")
        server.child.wait_until(lambda: bool(log.files()), 30)
        wait_for_load(server, [asker], 300)
        killed = time.time()
        server.child.kill()
        asker.join()
    (tmp_path / "again").mkdir()
    with serving(variables, tmp_path / "again") as again:
        settled(again)

    found = [record["request_id"] for record in log.records()]
    missing = [name for name in asker.answered if name not in found]
    assert len(set(found)) == len(found)
    assert all(asker.answered[name] > killed - LOST_SECONDS for name in missing)


def test_a_killed_writer_is_started_again_and_loses_nothing(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    with recording(object_store, tmp_path) as (server, log):
        asker = Asker(server, "asker")
        server.child.wait_until(lambda: bool(log.files()), 30)
        os.kill(writer_of(server), signal.SIGKILL)
        server.child.wait_until(lambda: said(server, "decision writer ended"), 30)
        before = len(log.files())
        server.child.wait_until(lambda: len(log.files()) > before, 30)
        server.child.send(signal.SIGTERM)
        code = server.child.wait(30)
        asker.join()

    assert (code, asker.failed) == (0, [])
    found = [record["request_id"] for record in log.records()]
    assert sorted(found) == sorted(asker.answered)


def test_a_writer_that_is_killed_at_the_end_is_started_once_more(
    object_store: ObjectStoreServer, tmp_path: Path
) -> None:
    with recording(object_store, tmp_path, max_delay_seconds=3600) as (server, log):
        ask(server, "r-1")
        os.kill(writer_of(server), signal.SIGKILL)
        server.child.wait_until(lambda: said(server, "decision writer ended"), 30)
        server.child.send(signal.SIGINT)
        code = server.child.wait(30)

    assert (code, [record["request_id"] for record in log.records()]) == (0, ["r-1"])


def writer_of(server: ScoringServer) -> int:
    """Return the process of the decision writer."""
    (writer,) = (
        child
        for child in server.child.children
        if "checkrail_decision_writer" in Path(f"/proc/{child}/cmdline").read_text()
    )
    return writer
