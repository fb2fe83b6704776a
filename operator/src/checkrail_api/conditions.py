"""Conditions: what ``kubectl wait``, kstatus and people read (KEP-1623, API conventions)."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field

from checkrail_api.model import Model
from checkrail_api.reasons import Reason

ConditionStatus = Literal["True", "False", "Unknown"]

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, max_length=64)]
"""An instant, RFC 3339 in UTC."""


class Condition(Model):
    """One aspect of the object, in the shape of ``metav1.Condition``."""

    type: Annotated[str, Field(max_length=64, pattern=r"^[A-Z][A-Za-z]*$")]
    """Aspect, CamelCase."""

    status: ConditionStatus
    """True, False or Unknown."""

    reason: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Z][A-Za-z0-9]*$")]
    """Why, as one CamelCase word from a closed set; docs/troubleshooting.md has a section each."""

    message: Annotated[str, Field(max_length=4096)] = ""
    """Why, for people: what was found, what was expected, what to do."""

    last_transition_time: Time
    """When status last changed."""

    observed_generation: Annotated[int, Field(ge=0)] = 0
    """Generation of the object that this condition speaks of."""


def condition(
    kind: str, status: ConditionStatus, reason: Reason, message: str = "", *, now: str
) -> Condition:
    """Return a condition that flipped now; ``settled`` gives back the older time if it did not."""
    return Condition(
        type=kind,
        status=status,
        reason=reason.value,
        message=message[:4096],
        last_transition_time=now,
    )


def settled(
    wanted: Iterable[Condition], before: Iterable[Condition], generation: int
) -> list[Condition]:
    """Return ``wanted`` sorted by type, stamped with ``generation`` and true transition times.

    A condition keeps the time it had unless its status really flipped: written as is, the pass's
    *now* would change the object on every pass, and every change is an event.
    """
    old = {c.type: c for c in before}
    settled_conditions = []
    for new in sorted(wanted, key=lambda c: c.type):
        was = old.get(new.type)
        kept = was is not None and was.status == new.status
        time = was.last_transition_time if was is not None and kept else new.last_transition_time
        settled_conditions.append(
            new.model_copy(update={"last_transition_time": time, "observed_generation": generation})
        )
    return settled_conditions
