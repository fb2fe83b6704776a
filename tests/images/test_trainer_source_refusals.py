"""What can be wrong with the objects of a source: where they are, and what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from harness.refused_runs import data_refusal

if TYPE_CHECKING:
    from pathlib import Path

    from harness.object_store import ObjectStoreServer

pytestmark = pytest.mark.images


@pytest.fixture(scope="module")
def damaged(lake: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory) -> ObjectStoreServer:
    """The lake with objects in it that no run can read, or learn from."""
    folder = tmp_path_factory.mktemp("bad")
    lake.put("s3://lake/not-parquet.parquet", b"id,kind\n1,benign\n")
    whole = lake.get("s3://lake/breast-cancer.parquet")
    wide = ", ".join(f"{each} AS f{each}" for each in range(10_000))
    bad = {
        "cut.parquet": whole[:-100],
        "damaged.parquet": whole[:500] + bytes(len(whole) // 2) + whole[500 + len(whole) // 2 :],
        "plain.csv.gz": b"id,kind\n1,benign\n",
        "broken.jsonl": b'{"id": 1}\n{"id": secret}\n',
        "month=1/day.csv": b"id,kind\n1,benign\n",
        "year=1/day.csv": b"id,kind\n1,benign\n",
        "header.csv": b"id,kind\n",
        "empty.parquet": _parquet(folder, "SELECT 1 AS id, 'a' AS kind LIMIT 0"),
        "wide.parquet": _parquet(folder, f"SELECT 1 AS id, 'a' AS kind, {wide}"),
    }
    for key, body in bad.items():
        lake.put(f"s3://lake/bad/{key}", body)
    return lake


def _parquet(folder: Path, query: str) -> bytes:
    path = folder / "made.parquet"
    duckdb.sql(query).write_parquet(str(path))
    return path.read_bytes()


@pytest.mark.parametrize(
    ("uri", "reason", "said"),
    [
        pytest.param(
            "s3://lakes/breast-cancer.parquet",
            "BucketNotFound",
            "bucket `lakes` does not exist at http://127.0.0.1",
            id="a bucket of a source",
        ),
        pytest.param(
            "s3://lake/breast-cancr.parquet",
            "SourceNotFound",
            "did you mean `breast-cancer.parquet`",
            id="a key",
        ),
        pytest.param(
            "s3://lake/flight/*.parquet",
            "SourceNotFound",
            "s3://lake/flight/*.parquet matches no object",
            id="a glob that matches nothing",
        ),
        pytest.param(
            "s3://lake/{breast-cancer,wine}.parquet",
            "SourceUnreadable",
            "holds the character `{`; expected a key, or a glob",
            id="braces in a uri",
        ),
        pytest.param(
            "s3://lake/not-parquet.parquet",
            "SourceUnreadable",
            "cannot be read as Parquet, the format of its suffix",
            id="a suffix that lies",
        ),
        pytest.param(
            "s3://lake/[z-a].parquet",
            "SourceUnreadable",
            "holds the range `z-a`, which runs backwards",
            id="a class that runs backwards",
        ),
        pytest.param(
            "s3://lake/bad/cut.parquet",
            "SourceUnreadable",
            "No magic bytes found at end of file",
            id="Parquet that was cut short",
        ),
        pytest.param(
            "s3://lake/bad/damaged.parquet",
            "SourceUnreadable",
            "Upload it again",
            id="Parquet with damaged pages",
        ),
        pytest.param(
            "s3://lake/bad/plain.csv.gz",
            "SourceUnreadable",
            "Input is not a GZIP stream",
            id="a compression that is none",
        ),
        pytest.param(
            "s3://lake/bad/broken.jsonl",
            "SourceUnreadable",
            "its suffix: Invalid Input Error: Malformed JSON in file",
            id="JSON that is none",
        ),
        pytest.param(
            "s3://lake/bad/**/day.csv",
            "SourceUnreadable",
            "has objects of different partitions",
            id="partitions that differ",
        ),
        pytest.param(
            "s3://lake/bad/header.csv",
            "EmptyData",
            "source `cases` (s3://lake/bad/header.csv) has no rows",
            id="a CSV file of a header",
        ),
        pytest.param(
            "s3://lake/bad/empty.parquet", "EmptyData", "has no rows", id="Parquet without rows"
        ),
        pytest.param(
            "s3://lake/bad/wide.parquet",
            "TooManyFeatures",
            "10000 features; expected at most 512",
            id="ten thousand features",
        ),
    ],
)
def test_a_source_that_cannot_be_read_is_refused(
    damaged: ObjectStoreServer, tmp_path: Path, uri: str, reason: str, said: str
) -> None:
    sources = [{"name": "cases", "uri": uri}]

    refused = data_refusal({"sources": sources}, damaged, tmp_path)

    assert refused.reason.value == reason
    assert said in refused.message
