"""A published version that passed its gates, and the same as it is handed to later runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness import trainer
from harness.gated_runs import gated_run

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer


@pytest.fixture(scope="session")
def first(lake: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of the version that serves from here on."""
    return trainer.publish(gated_run(lake, "first"), lake, tmp_path_factory.mktemp("first")).report


@pytest.fixture(scope="session")
def serving(first: dict[str, Any], lake: ObjectStoreServer) -> dict[str, Any]:
    """The version as the operator hands it to a run."""
    sha256 = first["artifact"]["sha256"]
    return {
        "reference": "Serving",
        "version": f"model-{sha256[:8]}",
        "uri": first["artifact"]["uri"],
        "sha256": sha256,
        "store": trainer.where(lake),
    }
