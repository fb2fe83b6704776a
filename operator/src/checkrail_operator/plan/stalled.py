"""The status of an object whose pass could not be planned or executed to its end."""

from datetime import datetime
from typing import Any

from checkrail_api.conditions import Condition, condition, settled
from checkrail_api.reasons import Reason
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.types import Event, Manifest


def stalled_status(owner: Manifest, reason: Reason, message: str, now: datetime) -> Manifest:
    """Return the owner's status with Ready=False and Stalled=True; everything else stays.

    Reconciling is left out: kstatus then reads *failed* instead of *in progress* for ever.
    """
    before: dict[str, Any] = dict(owner.get("status") or {})
    generation: int = owner["metadata"]["generation"]
    known = [Condition.model_validate(c) for c in before.get("conditions", [])]
    time = rfc3339(now)
    wanted = [
        *(c for c in known if c.type not in {"Ready", "Stalled", "Reconciling"}),
        condition("Ready", "False", reason, message, now=time),
        condition("Stalled", "True", reason, message, now=time),
    ]
    return {
        **before,
        "observedGeneration": generation,
        "conditions": [c.dump() for c in settled(wanted, known, generation)],
    }


def stalled_event(reason: Reason, message: str) -> Event:
    """Return the event that tells it once."""
    return Event("Warning", reason.value, message)
