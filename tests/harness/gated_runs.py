"""Runs on real flights that end at gates, and what they are handed of other versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness import trainer

if TYPE_CHECKING:
    from harness.object_store import ObjectStoreServer

FLIGHTS: dict[str, Any] = {
    "sources": [{"name": "flights", "uri": "s3://lake/flights/*.parquet"}],
    "query": "SELECT *, arr_delay > 15 AS late FROM flights",
    "filters": [{"column": "late", "op": "NotNull"}],
    "label": "late",
    "features": ["hour", "carrier", "distance", "origin"],
    "key": "flight_id",
    "timeColumn": "time_hour",
    "holdout": {"strategy": "DateRange", "from": "2013-06-01", "to": "2013-07-01"},
}
TRAIN = {"workflow": "xgboost-classifier", "params": {"n_estimators": 30, "max_depth": 4}}
EVALUATION: dict[str, Any] = {
    "metrics": ["roc_auc", "log_loss"],
    "slices": ["carrier", "origin"],
    "gates": [{"metric": "roc_auc", "min": "0.6"}, {"metric": "log_loss", "max": "0.7"}],
}


def gated_run(lake: ObjectStoreServer, name: str, **parts: Any) -> dict[str, Any]:
    """Return a run that publishes to a place of its own."""
    made = trainer.run_spec(
        lake,
        **{"data": FLIGHTS, "train": {**TRAIN, "seed": 7}, "evaluation": EVALUATION, **parts},
    )
    made["store"] = {**made["store"], "uri": f"s3://models/gates/{name}"}
    return made


def published_under(lake: ObjectStoreServer, name: str) -> list[str]:
    return lake.keys(f"s3://models/gates/{name}/")


def keys(lake: ObjectStoreServer, number: int = 0) -> dict[str, str]:
    """Return the keys that open the baseline of this place."""
    return {f"CHECKRAIL_BASELINE_{number}_{key}": value for key, value in lake.credentials.items()}
