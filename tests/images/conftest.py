"""What the tests of both images share: a real S3 server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.object_store import ObjectStoreServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStoreServer]:
    """An S3 server for all tests of the session; every test makes its own bucket or prefix."""
    folder: Path = tmp_path_factory.mktemp("object-store")
    with ObjectStoreServer(folder) as server:
        yield server
