"""Every format, compression, partition and service of a source, joined by one trainer process."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from harness import trainer
from harness.object_store import ObjectStoreServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.images

ROWS = 600
NUMBERED = f"FROM range({ROWS}) AS r(i)"
CASES = f"SELECT i AS id, i % 12 AS month, i % 7 AS x, i % 2 = 0 AS late {NUMBERED}"
QUERY = """
SELECT parts.id, parts.month, parts.x, parts.late, csv.a, gz.b, zst.c, lines.d, packed.e, other.f,
  secure.g, local.h
FROM parts JOIN csv USING (id) JOIN gz USING (id) JOIN zst USING (id) JOIN lines USING (id)
JOIN packed USING (id) JOIN other USING (id) JOIN secure USING (id) JOIN local USING (id)
"""


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStoreServer]:
    """A second service, with other keys and a certificate that nobody else trusts."""
    server = ObjectStoreServer(tmp_path_factory.mktemp("secure"), tls=True)
    server.access_key, server.secret_key = "other-service", "other-secret"
    with server:
        server.make_bucket("lake")
        yield server


def written(folder: Path, name: str, query: str, *options: str) -> bytes:
    path = folder / name
    settings = f" ({', '.join(options)})" if options else ""
    duckdb.execute(f"COPY ({query}) TO '{path}'{settings}")
    return path.read_bytes()


@pytest.fixture(scope="module")
def ended(
    lake: ObjectStoreServer, secure: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory
) -> trainer.Ended:
    """One run over sources of all kinds."""
    folder = tmp_path_factory.mktemp("kinds")
    column = f"SELECT i AS id, i * 0.5 AS {{}} {NUMBERED}"
    for month in range(12):
        part = f"SELECT id, x, late FROM ({CASES}) WHERE month = {month}"  # noqa: S608 - numbers
        body = written(folder, f"{month}.parquet", part)
        lake.put(f"s3://lake/kinds/month={month}/part.parquet", body)
    csv = written(folder, "a.csv", column.format("a"))
    lake.put("s3://lake/kinds/a.csv", csv)
    lake.put(
        "s3://lake/kinds/b.csv.gz", gzip.compress(written(folder, "b.csv", column.format("b")))
    )
    packed = written(folder, "c.csv.zst", column.format("c"), "COMPRESSION zstd")
    lake.put("s3://lake/kinds/c.csv.zst", packed)
    lines = [json.dumps({"id": each, "d": each / 3}) for each in range(ROWS)]
    lake.put("s3://lake/kinds/d-0.jsonl", "\n".join(lines[:300]).encode())
    lake.put("s3://lake/kinds/d-1.jsonl", "\n".join(lines[300:]).encode())
    lines = [json.dumps({"id": each, "e": f"e{each % 3}"}) for each in range(ROWS)]
    lake.put("s3://lake/kinds/e.jsonl.gz", gzip.compress("\n".join(lines).encode()))
    # One bucket and prefix at two services: only their own keys open either.
    secure.put("s3://lake/kinds/f.parquet", written(folder, "f.parquet", column.format("f")))
    secure.put("s3://lake/kinds/g.csv", written(folder, "g.csv", column.format("g")))
    (folder / "local").mkdir()
    written(folder / "local", "h.parquet", column.format("h"))
    (folder / "ca" / "other-ca").mkdir(parents=True)
    (folder / "ca" / "other-ca" / "ca.crt").write_text(secure.certificate.read_text())
    spec = trainer.run_spec(lake, data=data(folder, secure))
    keys = {
        f"CHECKRAIL_SOURCE_{number}_{key}": value
        for number in (6, 7)
        for key, value in secure.credentials.items()
    }
    variables = {**keys, "CHECKRAIL_CA_DIR": str(folder / "ca")}
    return trainer.train(spec, lake, folder, variables)


def data(folder: Path, secure: ObjectStoreServer) -> dict[str, Any]:
    other = {
        "endpoint": secure.endpoint,
        "region": secure.region,
        "addressingStyle": "Path",
        "caConfigMapRef": {"name": "other-ca"},
    }
    return {
        "sources": [
            {"name": "parts", "uri": "s3://lake/kinds/*/part.parquet"},
            {"name": "csv", "uri": "s3://lake/kinds/a.csv"},
            {"name": "gz", "uri": "s3://lake/kinds/b.csv.gz"},
            {"name": "zst", "uri": "s3://lake/kinds/c.csv.zst"},
            {"name": "lines", "uri": "s3://lake/kinds/d-[0-9].jsonl"},
            {"name": "packed", "uri": "s3://lake/kinds/e.jsonl.gz"},
            {"name": "other", "uri": "s3://lake/kinds/f.parquet", "objectStore": other},
            {"name": "secure", "uri": "s3://lake/kinds/g.csv", "objectStore": other},
            {"name": "local", "uri": f"file://{folder}/local/?.parquet"},
        ],
        "query": QUERY,
        "filters": [{"column": "month", "op": "Lt", "value": 10}],
        "label": "late",
        "key": "id",
        "holdout": {"strategy": "Hash", "fraction": "0.3"},
    }


def test_sources_of_all_kinds_are_joined(ended: trainer.Ended) -> None:
    assert ended.code == 0, ended.log
    assert ended.report["rows"]["train"] + ended.report["rows"]["holdout"] == 500


def test_each_source_tells_what_was_read_of_it(ended: trainer.Ended) -> None:
    read = [json.loads(line) for line in ended.log.splitlines() if "source read" in line]

    assert {each["source"]: each["rows"] for each in read} == dict.fromkeys(
        ("parts", "csv", "gz", "zst", "lines", "packed", "other", "secure", "local"), ROWS
    )
