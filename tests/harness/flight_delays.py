"""Real flights, the weather at their start, and which of them are late."""

from __future__ import annotations

from typing import Any

FLIGHTS: dict[str, Any] = {
    "sources": [
        {"name": "flights", "uri": "s3://lake/flights/*.parquet"},
        {"name": "weather", "uri": "s3://lake/weather.csv"},
    ],
    "query": """
        SELECT f.*, f.arr_delay > 15 AS late, TRY_CAST(w.wind_gust AS DOUBLE) AS wind_gust
        FROM flights f LEFT JOIN weather w USING (origin, time_hour)
    """,
    "filters": [{"column": "late", "op": "NotNull"}],
    "label": "late",
    "features": ["hour", "carrier", "distance", "wind_gust", "origin"],
    "key": "flight_id",
    "timeColumn": "time_hour",
    "holdout": {"strategy": "DateRange", "from": "2013-06-01", "to": "2013-07-01"},
}
"""Data of a run that predicts a flight's delay of more than 15 minutes."""
METRICS = ["roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "f1"]
