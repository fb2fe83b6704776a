"""The status of an object whose pass could not be planned, or not executed to its end.

A ModelDeployment stalls until its spec is edited. A run's spec cannot be edited: what cannot be
carried out ends it, so that whoever waits for Complete or Failed is told.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from checkrail_api.conditions import Condition, ConditionStatus, condition, settled
from checkrail_api.reasons import Reason
from checkrail_operator.plan.errors import (
    DefaultsError,
    ForbiddenError,
    InvalidSpecError,
    NameConflictError,
)
from checkrail_operator.plan.instants import rfc3339
from checkrail_operator.plan.training.ended_run import SOON_SECONDS
from checkrail_operator.plan.training.training_conditions import failed
from checkrail_operator.plan.types import Event, Key, Manifest, Plan, RunEnd

CONFLICT_LOOK_AGAIN_SECONDS = 30.0
"""A foreign object that is deleted tells us nothing: it does not carry our labels."""
REFUSED_LOOK_AGAIN_SECONDS = 5.0
"""The least time until what the API server refused is sent again."""

_Kinds = tuple[tuple[str, ConditionStatus], ...]
_STALLED: _Kinds = (("Ready", "False"), ("Stalled", "True"))
_GOES_ON: _Kinds = (("Ready", "Unknown"), ("Reconciling", "True"))
_OVERLAID = frozenset({"Ready", "Stalled", "Reconciling"})


def stalled(
    owner: Manifest,
    plan: Plan | None,
    error: InvalidSpecError | NameConflictError,
    now: datetime,
) -> Plan:
    """Return the plan that tells ``error``: a status, one event when it is new, the next look.

    A ModelDeployment goes on with what can be done, so its own status holds, under the error. A
    run's status would claim an attempt that has no Job, so what was told before stays; it is over
    unless something other than its spec can be mended: a foreign object, the operator's defaults.

    Args:
        owner: The object as it was read.
        plan: What was wanted; None when the spec could not even be read.
        error: What stands in the way.
        now: The time of the pass.
    """
    metadata = owner["metadata"]
    key = Key(owner["kind"], metadata["namespace"], metadata["name"])
    conflict = isinstance(error, NameConflictError)
    reason = Reason.NAME_CONFLICT if conflict else Reason.INVALID_SPEC
    if key.kind == "ModelVersion":  # it has no status
        event = Event("Warning", reason.value, str(error), once=True)
        return Plan(key, events=(event,), requeue_after_seconds=CONFLICT_LOOK_AGAIN_SECONDS)
    goes_on = plan if plan is not None and key.kind == "ModelDeployment" else None
    status = _overlaid(owner, goes_on, _said(_STALLED, reason, str(error), now))
    if key.kind == "TrainingJob" and not isinstance(error, NameConflictError | DefaultsError):
        status = _ended(owner, status, str(error), now)
        return Plan(
            key,
            status=status,
            run_end=_run_end(owner),
            events=_news(owner, status),
            requeue_after_seconds=SOON_SECONDS,
        )
    return Plan(
        key,
        status=status,
        events=(*_own_news(goes_on), *_news(owner, status)),
        requeue_after_seconds=_look_again(goes_on, conflict=conflict),
    )


def forbidden(owner: Manifest, plan: Plan | None, error: ForbiddenError, now: datetime) -> Plan:
    """Return the plan that tells what the API server forbids: a status, one event when it is new.

    It is in progress, not stalled: the pass is repeated until it is allowed. A ModelDeployment goes
    on with what can be done, as in `stalled`; of a run, what was told before stays under it, and
    its end stays as it is.

    Args:
        owner: The object as it was read.
        plan: What was wanted.
        error: What stands in the way.
        now: The time of the pass.
    """
    metadata = owner["metadata"]
    key = Key(owner["kind"], metadata["namespace"], metadata["name"])
    ends = {c.type for c in _conditions(owner.get("status"))} & {"Complete", "Failed"}
    if key.kind == "ModelVersion" or ends:
        event = Event("Warning", Reason.PENDING.value, str(error), once=True)
        return Plan(key, events=(event,))
    goes_on = plan if key.kind == "ModelDeployment" else None
    status = _overlaid(owner, goes_on, _said(_GOES_ON, Reason.PENDING, str(error), now))
    return Plan(key, status=status, events=(*_own_news(goes_on), *_news(owner, status)))


def _said(kinds: _Kinds, reason: Reason, message: str, now: datetime) -> list[Condition]:
    return [condition(kind, status, reason, message, now=rfc3339(now)) for kind, status in kinds]


def _overlaid(owner: Manifest, plan: Plan | None, over: Iterable[Condition]) -> Manifest:
    """Return a status with the conditions ``over`` everything else.

    A stalled one leaves Reconciling out: kstatus then reads *failed* instead of *in progress* for
    ever. What was told before and is not decided anew keeps the generation that it spoke of.
    """
    known = _conditions(owner.get("status"))
    base: Manifest = (plan.status if plan else owner.get("status")) or {}
    generation: int = owner["metadata"]["generation"]
    kept = [c for c in _conditions(base) if c.type not in _OVERLAID]
    told = sorted([*settled(over, known, generation), *kept], key=lambda c: c.type)
    return {
        **base,
        "observedGeneration": generation,
        "conditions": [c.dump() for c in told],
    }


def _ended(owner: Manifest, told: Manifest, message: str, now: datetime) -> Manifest:
    """Return ``told`` as the status of a run that is over, its attempt under way with it.

    The pass that follows prunes what still trains.
    """
    time = rfc3339(now)
    ends = failed(Reason.INVALID_SPEC, message, None, time)
    over = {"Suspended", *(c.type for c in ends)}
    kept = [c for c in _conditions(told) if c.type not in over]
    known, generation = _conditions(owner.get("status")), owner["metadata"]["generation"]
    conditions = sorted([*settled(ends, known, generation), *kept], key=lambda c: c.type)
    end = {
        "finishTime": time,
        "outcome": "Failed",
        "reason": Reason.INVALID_SPEC.value,
        "message": message[:1024],
    }
    attempts = [
        {**attempt, **end} if attempt.get("outcome") == "Running" else attempt
        for attempt in told.get("attempts", [])
    ]
    return {
        **told,
        "conditions": [c.dump() for c in conditions],
        **({"attempts": attempts} if attempts else {}),
        "completionTime": time,
    }


def _run_end(owner: Manifest) -> RunEnd:
    """Return how the run ended, for counting, from a spec that could not be read as a whole."""
    spec: Manifest = owner.get("spec") or {}
    answering = spec.get("ownership") or {}
    return RunEnd(
        model=str(spec.get("model", "")),
        owner=str(answering.get("owner", "")),
        project=str(answering.get("project", "")),
        outcome="Failed",
        reason=Reason.INVALID_SPEC.value,
        cause=Reason.INVALID_SPEC.value,
    )


def _own_news(plan: Plan | None) -> tuple[Event, ...]:
    """Return what a plan that goes on has to tell itself."""
    return plan.events if plan else ()


def _news(owner: Manifest, status: Manifest) -> tuple[Event, ...]:
    """Return the event that tells it, unless the same was told already."""
    (ready,) = (c for c in _conditions(status) if c.type == "Ready")
    said = (ready.status, ready.reason, ready.message)
    before = _conditions(owner.get("status"))
    if said in [(c.status, c.reason, c.message) for c in before if c.type == "Ready"]:
        return ()
    return (Event("Warning", ready.reason, ready.message),)


def _look_again(plan: Plan | None, *, conflict: bool) -> float | None:
    waits = [CONFLICT_LOOK_AGAIN_SECONDS] if conflict else []
    if plan is not None and plan.requeue_after_seconds is not None:
        waits.append(max(REFUSED_LOOK_AGAIN_SECONDS, plan.requeue_after_seconds))
    return min(waits, default=None)


def _conditions(status: Any) -> list[Condition]:
    return [Condition.model_validate(c) for c in (status or {}).get("conditions", [])]
