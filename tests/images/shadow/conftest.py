"""One server whose score is its input, whose candidate goes with each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import small_models
from harness.shadowed_server import ShadowedServer, shadowed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShadowedServer]:
    """A server whose score is its input, for all tests of this module."""
    with shadowed(small_models.good(1), tmp_path_factory.mktemp("shadow")) as running:
        yield running


@pytest.fixture(autouse=True)
def no_candidate(server: ShadowedServer) -> Iterator[None]:
    """Take the candidate away after each test."""
    yield
    if (server.folder / "candidate.json").exists():
        server.remove()
    server.once(lambda found: found.state == "Off")
