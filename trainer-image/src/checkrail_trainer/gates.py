"""Bounds that the model must keep on the hold-out, or nothing is published.

What is compared is what is shown: figures are rounded first, so that whoever reads a status can
check the verdict by hand, and so that the noise of FP32 decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_api.evaluation import SERVING
from checkrail_api.exit_codes import ExitCode
from checkrail_api.reasons import Reason
from checkrail_api.reports import GateResult
from checkrail_api.workflows import HIGHER_IS_BETTER
from checkrail_trainer.bootstrap import Pair, compare
from checkrail_trainer.evaluate import exponent, figure, measure, text
from checkrail_trainer.failures import RunFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from checkrail_api.evaluation import Gate
    from checkrail_trainer.bootstrap import Interval

NOTHING_SERVES = "nothing of this model serves yet"
NOT_FOUND = "the trainer was not told of this ModelVersion"


@dataclass(frozen=True)
class Rival:
    """A published version, and what it says of the rows held out."""

    reference: str
    """What gates call it; several rivals may be ``Serving``."""
    version: str
    """Name of the ModelVersion."""
    scores: NDArray[np.float64]
    """As the candidate's."""


@dataclass(frozen=True)
class Held:
    """The rows held out, and what the candidate says of them."""

    labels: NDArray[Any]
    scores: NDArray[np.float64]
    seed: int
    """Of the bootstrap."""


def check_gates(
    gates: Sequence[Gate], held: Held, rivals: Sequence[Rival]
) -> list[tuple[int, GateResult]]:
    """Return how every gate is passed or failed, and its place in the spec.

    A gate has one result for each version that it compares with.

    Raises:
        RunFailedError: BadBaseline; a version's answers are too large to be judged.
    """
    values = [figure(gate.metric, held.labels, held.scores) for gate in gates]
    meetings = [
        (place, rival)
        for place, (gate, value) in enumerate(zip(gates, values, strict=True))
        for rival in rivals
        if rival.reference == gate.not_worse_than and not isinstance(value, str)
    ]
    theirs = [_theirs(gates[place], held, rival) for place, rival in meetings]
    pairs = (_pair(gates[place], held, rival) for place, rival in meetings)
    with np.errstate(over="ignore", invalid="ignore"):  # an end that is not finite is told of
        intervals = compare(pairs, len(held.labels), held.seed)
    results = []
    for place, (gate, value) in enumerate(zip(gates, values, strict=True)):
        met = [
            (rival, baseline, interval)
            for (at, rival), baseline, interval in zip(meetings, theirs, intervals, strict=True)
            if at == place
        ]
        results += [(place, each) for each in _results(gate, value, met)]
    return results


def _pair(gate: Gate, held: Held, rival: Rival) -> Pair:
    return Pair(
        measure(gate.metric, held.labels, held.scores),
        measure(gate.metric, held.labels, rival.scores),
        higher_is_better=gate.metric in HIGHER_IS_BETTER,
    )


def _theirs(gate: Gate, held: Held, rival: Rival) -> float:
    value = figure(gate.metric, held.labels, rival.scores)
    if isinstance(value, str):
        raise _not_comparable(gate, rival)
    return value


def _results(
    gate: Gate, value: float | str, met: Sequence[tuple[Rival, float, Interval]]
) -> list[GateResult]:
    told = {"metric": gate.metric, "bound": bound(gate)}
    if isinstance(value, str):
        note = f"the metric is undefined on the hold-out: {value}"
        return [GateResult(**told, passed=False, value="", note=note)]
    shown = text(value, exponent(gate.metric, value))
    if gate.not_worse_than is None:
        return [GateResult(**told, passed=_within(gate, Decimal(shown)), value=shown)]
    if not met:
        note = NOTHING_SERVES if gate.not_worse_than == SERVING else NOT_FOUND
        passed = gate.not_worse_than == SERVING
        return [GateResult(**told, passed=passed, value=shown, note=note)]
    return [_compared(gate, value, *each) for each in met]


def _within(gate: Gate, value: Decimal) -> bool:
    above = gate.min is None or value >= Decimal(gate.min)
    return above and (gate.max is None or value <= Decimal(gate.max))


def _compared(
    gate: Gate, value: float, rival: Rival, theirs: float, interval: Interval
) -> GateResult:
    if not np.isfinite([interval.low, interval.high]).all():
        raise _not_comparable(gate, rival)
    power = exponent(gate.metric, theirs)
    high = text(interval.high, power)
    return GateResult(
        metric=gate.metric,
        bound=bound(gate),
        passed=Decimal(high) >= -Decimal(gate.margin or 0),
        value=text(value, exponent(gate.metric, value)),
        baseline=rival.version,
        baseline_value=text(theirs, power),
        difference=text(interval.difference, power),
        interval=[text(interval.low, power), high],
    )


def _not_comparable(gate: Gate, rival: Rival) -> RunFailedError:
    return RunFailedError(
        Reason.BAD_BASELINE,
        f"ModelVersion {rival.version}, which a gate compares with (notWorseThan "
        f"{rival.reference}), gives answers so large on these rows that its {gate.metric} is not "
        "finite; expected a finite figure. Nothing was published. Name another ModelVersion in "
        "notWorseThan, or leave the gate out",
    )


def bound(gate: Gate) -> str:
    """Return the bound as written."""
    if gate.min is not None:
        return f"min {gate.min}"
    if gate.max is not None:
        return f"max {gate.max}"
    margin = "" if gate.margin is None else f", margin {gate.margin}"
    return f"notWorseThan {gate.not_worse_than}{margin}"


def gates_failed(failed: Sequence[tuple[int, GateResult]]) -> RunFailedError:
    """Return the end of a run that does not keep these gates."""
    told = "; ".join(
        f"spec.evaluation.gates[{place}] ({each.metric} {each.bound}): {_why(each)}"
        for place, each in failed
    )
    return RunFailedError(
        Reason.GATE_FAILED,
        f"{told}. Nothing was published. Look in status.metrics for where the model is weak, and "
        "train a better one on more rows, other features or other parameters; or change the gate "
        "if it asks for too much",
        ExitCode.GATE_FAILED,
    )


def _why(result: GateResult) -> str:
    if result.baseline is None:
        return f"found {result.value}" if result.value else result.note or ""
    return (
        f"found {result.value} against {result.baseline_value} of {result.baseline} on the same "
        f"rows, difference {result.difference} (negative is worse), at 95 % at most "
        f"{result.interval[1]}"
    )
