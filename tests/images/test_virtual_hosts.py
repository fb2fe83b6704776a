"""A store that names buckets in the host alone, as Amazon S3 does for new regions and buckets.

    bucket `lake` at http://store.localhost:PORT --> host lake.store.localhost, path /key

The server takes all before `.localhost` for the bucket, so what tests call `lake` is `lake.store`
there; a bucket in the path is asked for below a bucket `store`, and there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api import serving as env
from harness import trainer
from harness.datasets import breast_cancer, write_toy
from harness.object_store import ObjectStoreServer
from harness.scoring_server import environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.images

RESOLVER = """
import socket

asked = socket.getaddrinfo

def getaddrinfo(host, *rest, **more):
    return asked("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **more)

socket.getaddrinfo = getaddrinfo
"""
"""Names below localhost are this machine (RFC 6761). curl, in DuckDB, knows that by itself, glibc
leaves it to systemd, which is not everywhere."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStoreServer]:
    folder: Path = tmp_path_factory.mktemp("virtual")
    path = write_toy(breast_cancer, folder / "breast-cancer.parquet")
    with ObjectStoreServer(folder, virtual_domain="localhost") as server:
        server.make_bucket("lake.store")
        server.make_bucket("models.store")
        for number in range(2):
            server.put(f"s3://lake.store/parts/{number}.parquet", path.read_bytes())
        yield server


@pytest.fixture
def resolver(tmp_path: Path) -> dict[str, str]:
    """The variable that has a Python process resolve names below localhost."""
    folder = tmp_path / "resolver"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(RESOLVER)
    return {"PYTHONPATH": str(folder)}


def spec(store: ObjectStoreServer, style: str) -> dict[str, Any]:
    service = {
        "endpoint": f"http://store.localhost:{store.port}",
        "region": store.region,
        "addressingStyle": style,
    }
    return trainer.run_spec(
        store,
        data={
            "objectStore": service,
            "sources": [{"name": "cells", "uri": "s3://lake/parts/*.parquet"}],
            "label": "kind",
            "holdout": {"strategy": "Fraction", "fraction": "0.3"},
        },
        store={**service, "uri": "s3://models/virtual"},
    )


def test_a_run_reads_publishes_and_is_served_by_virtual_hosts(
    store: ObjectStoreServer, resolver: dict[str, str], tmp_path: Path
) -> None:
    virtual = spec(store, "Virtual")

    ended = trainer.train(virtual, store, tmp_path / "run", resolver)

    assert ended.code == 0, ended.log
    artifact = ended.report["artifact"]
    there = artifact["uri"].replace("s3://models/", "s3://models.store/")
    assert {"/manifest.json", "/model.onnx"} <= set(store.keys(there))
    variables = {
        **environment(artifact["uri"], artifact["sha256"]),
        env.ENV_STORE_ENDPOINT: virtual["store"]["endpoint"],
        env.ENV_STORE_REGION: store.region,
        env.ENV_STORE_ADDRESSING_STYLE: "Virtual",
        **store.credentials,
        **resolver,
    }
    with serving(variables, tmp_path) as server:
        assert server.is_ready()


def test_a_bucket_in_the_path_finds_nothing_there(
    store: ObjectStoreServer, resolver: dict[str, str], tmp_path: Path
) -> None:
    """The store really takes virtual hosts only."""
    ended = trainer.train(spec(store, "Path"), store, tmp_path / "run", resolver)

    assert ended.failure == (10, "BucketNotFound")
