"""What the tests of both images share: a real S3 server with real data in it, scoring servers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from harness.datasets import breast_cancer, wine, write_flights, write_toy
from harness.grpc_client import GrpcClient
from harness.object_store import ObjectStoreServer
from harness.scoring_server import ScoringServer, artifact_files, flight_files, serving, written
from harness.typed_model import typed_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checkrail_trainer.table import Table


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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringServer]:
    """A server of the flight model, for all tests of a module."""
    folder = tmp_path_factory.mktemp("server")
    with serving(written(flight_files(), folder / "artifact"), folder) as running:
        yield running


@pytest.fixture
def client(server: ScoringServer) -> Iterator[GrpcClient]:
    """A connection to it that speaks gRPC."""
    with GrpcClient(server.port) as connected:
        yield connected


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringServer]:
    """A server whose model has every datatype and takes no rows of features."""
    folder = tmp_path_factory.mktemp("typed")
    with serving(written(artifact_files(typed_model()), folder / "artifact"), folder) as running:
        yield running


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    """Real tables by name, as a workflow is given them; nobody changes them."""
    from harness.trained_models import tables_of  # noqa: PLC0415 - it loads ONNX Runtime

    return tables_of(tmp_path_factory.mktemp("flights"))
