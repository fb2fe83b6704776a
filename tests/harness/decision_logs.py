"""A decision log of a test: its settings, and what DuckDB reads in its bucket."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from checkrail_api.decision_log import DecisionLogSettings
from checkrail_api.serving import (
    DECISION_LOG_DROPPED,
    DECISION_LOG_PENDING,
    DECISION_LOG_PREFIX,
    DECISION_LOG_WRITTEN,
    ENV_DECISION_LOG,
    METRICS_PATH,
)
from harness.scoring_server import ROW, flight_files, serving, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.object_store import ObjectStoreServer
    from harness.scoring_server import ScoringServer

SETTLE_SECONDS = 60.0
PAUSE_SECONDS = 0.002
"""Between two requests of a client: the writer is to have some of the machine, too."""
POD = "flight-delays-5d9c-x7k2p"
REVISION = "5d9c7b6f"
QUERY = """
select * replace (time at time zone 'UTC' as time)  -- else DuckDB's client needs pytz
from read_parquet($1, hive_partitioning = true) order by time, row
"""


@dataclass(frozen=True)
class DecisionLog:
    """A bucket of its own, and a folder to spool to."""

    store: ObjectStoreServer
    folder: Path
    settings: DecisionLogSettings

    @property
    def environment(self) -> dict[str, str]:
        """What the operator would tell the server."""
        keys = {DECISION_LOG_PREFIX + key: text for key, text in self.store.credentials.items()}
        return {**keys, "HOSTNAME": POD, ENV_DECISION_LOG: self.settings.model_dump_json()}

    def files(self) -> list[str]:
        """Names of the files in the store."""
        return self.store.keys(f"{self.settings.uri}/")

    def records(self) -> list[dict[str, Any]]:
        """Return every row of every file, in the order of time."""
        with duckdb.connect() as database:
            found = database.execute(QUERY.replace("$1", f"'{self.downloaded()}/*/*/*/*'"))
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def asked(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query on ``s3://audit/decisions``, that is this log."""
        local = query.replace("s3://audit/decisions", str(self.downloaded()))
        with duckdb.connect() as database:
            return database.execute(
                local.replace("time,", "time at time zone 'UTC',", 1)
            ).fetchall()

    def downloaded(self) -> Path:
        """Copy all files, and return their folder."""
        copy = self.folder / "downloaded"
        for name in self.files():
            path = copy / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.store.get(f"{self.settings.uri}/{name}"))
        return copy


def decision_log(store: ObjectStoreServer, folder: Path, **settings: Any) -> DecisionLog:
    """Return a log to a new bucket of ``store``; ``settings`` go before the defaults."""
    bucket = f"decisions-{uuid.uuid4().hex}"
    store.make_bucket(bucket)
    told = {
        "uri": f"s3://{bucket}/audit",
        "endpoint": store.endpoint,
        "region": store.region,
        "revision": REVISION,
        "spool": str(folder / "spool"),
        "max_delay_seconds": 1,
    }
    return DecisionLog(store, folder, DecisionLogSettings.model_validate({**told, **settings}))


@contextlib.contextmanager
def recording(
    store: ObjectStoreServer, folder: Path, files: dict[str, bytes] | None = None, **settings: Any
) -> Iterator[tuple[ScoringServer, DecisionLog]]:
    """Run a server of ``files``, or of the flight model, that records to a new bucket."""
    log = decision_log(store, folder, **settings)
    variables = written(files or flight_files(), folder / "artifact") | log.environment
    with serving(variables, folder) as server:
        yield server, log


def figure(server: ScoringServer, name: str) -> int:
    """Return the metric of ``name``."""
    text = server.http.get(METRICS_PATH).text
    (line,) = (line for line in text.splitlines() if line.startswith(name + "{"))
    return int(float(line.rpartition(" ")[2]))


def settled(server: ScoringServer) -> tuple[int, int]:
    """Wait until nothing is pending; return how many requests are written and dropped."""
    server.child.wait_until(lambda: figure(server, DECISION_LOG_PENDING) == 0, SETTLE_SECONDS)
    return figure(server, DECISION_LOG_WRITTEN), figure(server, DECISION_LOG_DROPPED)


class Asker(threading.Thread):
    """A client that asks one request after the other until it is told to leave."""

    def __init__(self, server: ScoringServer, name: str) -> None:
        """Ask ``server`` requests that are called ``name-0``, ``name-1``, ..."""
        super().__init__()
        self._port = server.port
        self._name = name
        self.answered: dict[str, float] = {}
        """When each request was answered, seconds since 1970."""
        self.failed: list[str] = []
        self.start()

    def run(self) -> None:
        """Ask; an answer with ``connection: close`` is what a gateway leaves after."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        with contextlib.closing(connection):
            self._ask(connection)

    def _ask(self, connection: http.client.HTTPConnection) -> None:
        body = json.dumps(ROW)
        for number in itertools.count():
            name = f"{self._name}-{number}"
            try:
                connection.request("POST", "/predict", body, {"x-request-id": name})
                answer = connection.getresponse()
                answer.read()
            except OSError as error:
                self.failed.append(f"{name}: {error!r}")
                return
            if answer.status != http.HTTPStatus.OK:
                self.failed.append(f"{name}: {answer.status}")
            self.answered[name] = time.time()
            if answer.getheader("connection") == "close":
                return
            time.sleep(PAUSE_SECONDS)
