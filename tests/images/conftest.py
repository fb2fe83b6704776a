"""What the tests of both images share: a real S3 server, and real data in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from harness.datasets import breast_cancer, wine, write_flights, write_toy
from harness.object_store import ObjectStoreServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before any test imports ONNX Runtime


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStoreServer]:
    """An S3 server for all tests of the session; every test makes its own bucket or prefix."""
    folder: Path = tmp_path_factory.mktemp("object-store")
    with ObjectStoreServer(folder) as server:
        yield server


@pytest.fixture(scope="session")
def lake(
    object_store: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory
) -> ObjectStoreServer:
    """The server with a bucket ``lake`` of real tables and an empty bucket ``models``."""
    folder: Path = tmp_path_factory.mktemp("lake")
    object_store.make_bucket("lake")
    object_store.make_bucket("models")
    flights, weather = write_flights(folder)
    object_store.put("s3://lake/flights/2013.parquet", flights.read_bytes())
    object_store.put("s3://lake/weather.csv", weather.read_bytes())
    for name, load in (("breast-cancer", breast_cancer), ("wine", wine)):
        path = write_toy(load, folder / f"{name}.parquet")
        object_store.put(f"s3://lake/{name}.parquet", path.read_bytes())
    return object_store
