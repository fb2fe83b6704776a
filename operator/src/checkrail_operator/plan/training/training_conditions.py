"""The conditions of a TrainingJob: what kubectl wait, kstatus and people read."""

from checkrail_api.conditions import Condition, ConditionStatus, condition
from checkrail_api.reasons import Reason
from checkrail_api.reports import Phase

STEPS = ("DataReady", "Trained", "Evaluated", "ParityChecked", "Published")
"""Steps of a run, in order, each a condition that is True once the step is over."""

STEPS_BEFORE = {
    Phase.FETCHING: 0,
    Phase.TRAINING: 1,
    Phase.EVALUATING: 2,
    Phase.EXPORTING: 3,
    Phase.CHECKING_PARITY: 3,
    Phase.PUBLISHING: 4,
}
"""How many steps are over while a phase is under way."""

FAILED_STEP = {
    Reason.SOURCE_NOT_FOUND: "DataReady",
    Reason.SOURCE_UNREADABLE: "DataReady",
    Reason.EMPTY_DATA: "DataReady",
    Reason.NOT_A_SELECT: "DataReady",
    Reason.QUERY_FAILED: "DataReady",
    Reason.DUPLICATE_COLUMN: "DataReady",
    Reason.COLUMN_NOT_FOUND: "DataReady",
    Reason.LABEL_NOT_FOUND: "DataReady",
    Reason.BAD_LABEL: "DataReady",
    Reason.SINGLE_CLASS: "DataReady",
    Reason.BAD_FEATURE: "DataReady",
    Reason.NULL_FEATURE: "DataReady",
    Reason.TOO_MANY_FEATURES: "DataReady",
    Reason.BAD_FILTER: "DataReady",
    Reason.EMPTY_SPLIT: "DataReady",
    Reason.GATE_FAILED: "Evaluated",
    Reason.PARITY_FAILED: "ParityChecked",
    Reason.ARTIFACT_CONFLICT: "Published",
}
"""Which step a reason belongs to, where it can belong to one only."""


def under_way(reason: Reason, message: str, phase: Phase | None, now: str) -> list[Condition]:
    """Return the conditions of a run that goes on: in progress, and the steps that are over."""
    return [
        condition("Ready", "Unknown", reason, message, now=now),
        condition("Reconciling", "True", reason, message, now=now),
        *_steps(STEPS_BEFORE[phase] if phase else 0, now),
    ]


def suspended(message: str, now: str) -> list[Condition]:
    """Return the conditions of a run that is held: nothing moves until somebody lets it."""
    return [
        condition("Ready", "Unknown", Reason.SUSPENDED, message, now=now),
        condition("Suspended", "True", Reason.SUSPENDED, message, now=now),
    ]


def queued(message: str, now: str) -> list[Condition]:
    """Return the conditions of a run that waits in a queue: it goes on by itself."""
    return [
        condition("Ready", "Unknown", Reason.QUEUED, message, now=now),
        condition("Reconciling", "True", Reason.QUEUED, message, now=now),
        condition("Suspended", "True", Reason.QUEUED, message, now=now),
    ]


def published(message: str, now: str) -> list[Condition]:
    """Return the conditions of a run whose model is in the store."""
    return [
        condition("Ready", "True", Reason.PUBLISHED, message, now=now),
        condition("Complete", "True", Reason.PUBLISHED, message, now=now),
        *_steps(len(STEPS), now),
    ]


def failed(reason: Reason, message: str, phase: Phase | None, now: str) -> list[Condition]:
    """Return the conditions of a run that is over without a model.

    Stalled=True is what tells kstatus that it has failed: Ready=False alone is in progress for
    ever.
    """
    kinds: tuple[tuple[str, ConditionStatus], ...] = (
        ("Ready", "False"),
        ("Stalled", "True"),
        ("Failed", "True"),
    )
    told = [condition(kind, status, reason, message, now=now) for kind, status in kinds]
    step = FAILED_STEP.get(reason)
    if step is None:
        return [*told, *_steps(STEPS_BEFORE[phase] if phase else 0, now)]
    return [
        *told,
        *_steps(STEPS.index(step), now),
        condition(step, "False", reason, message, now=now),
    ]


def _steps(count: int, now: str) -> list[Condition]:
    return [
        condition(step, "True", Reason.PUBLISHED if step == "Published" else Reason.DONE, now=now)
        for step in STEPS[:count]
    ]
