"""What Prometheus answers an instant query with (its HTTP API, v1)."""

import json
from math import isfinite
from typing import Any

from checkrail_operator.observe.rollout_reads import Fetched
from checkrail_operator.plan.deployment.counters import QueryAnswer


def read_answer(fetched: Fetched) -> QueryAnswer:
    """Return the one number that an answer holds, or why it holds none.

    Nothing of an answer that is not Prometheus' is passed on: an address can lead anywhere.
    """
    if fetched.text is None:
        return QueryAnswer(None, f"Prometheus did not answer: {fetched.trouble}")
    try:
        value = float(_sample(json.loads(fetched.text)["data"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        return QueryAnswer(
            None,
            "expected a scalar or one sample from the query: aggregate it to one series, for"
            " example with sum(...)",
        )
    if not isfinite(value):
        return QueryAnswer(None, f"the query answers {value}: no data yet?")
    return QueryAnswer(value)


def _sample(data: Any) -> str:
    match data:
        case {"resultType": "scalar", "result": [_, str(value)]}:
            return value
        case {"resultType": "vector", "result": [{"value": [_, str(value)]}]}:
            return value
        case {"resultType": "vector", "result": []}:
            return "NaN"
        case _:
            raise ValueError
