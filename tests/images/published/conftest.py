"""One version that the trainer, as a process, published of real flights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness import trainer
from harness.flight_delays import FLIGHTS, METRICS

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer


@pytest.fixture(scope="session")
def spec(lake: ObjectStoreServer) -> dict[str, Any]:
    return trainer.run_spec(
        lake,
        model="flight-delays",
        data=FLIGHTS,
        train={
            "workflow": "xgboost-classifier",
            "params": {"n_estimators": 40, "max_depth": 4, "subsample": 0.8},
            "seed": 7,
        },
        evaluation={"metrics": METRICS},
    )


@pytest.fixture(scope="session")
def published(
    spec: dict[str, Any], lake: ObjectStoreServer, tmp_path_factory: pytest.TempPathFactory
) -> trainer.Ended:
    return trainer.publish(spec, lake, tmp_path_factory.mktemp("published"))
