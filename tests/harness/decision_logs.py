"""A decision log of a test: its settings, and what DuckDB reads in its bucket."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from checkrail_api.decision_log import DecisionLogSettings
from checkrail_api.serving import DECISION_LOG_PREFIX, ENV_DECISION_LOG

if TYPE_CHECKING:
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

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
        copy = self.folder / "downloaded"
        for name in self.files():
            path = copy / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.store.get(f"{self.settings.uri}/{name}"))
        with duckdb.connect() as database:
            found = database.execute(QUERY, [f"{copy}/**/*.parquet"])
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


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
