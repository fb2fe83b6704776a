"""The next share of the traffic: up by steps, down in one move.

::

    weight 0 --pods ready--> 5 --hold--> 25 --hold--> 50 --hold--> 100 --drain--> stable
       |                     |           |            |             |
       |                     '-----------+-----.------+-------------'
       '--deadline, crash loop--> rejected -->  0 --route accepted, drain--> gone
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from checkrail_api.rollout import Rollout

DRAIN = timedelta(seconds=5)
"""How long requests under way get to end after the last share was taken away.

A gateway needs about 1.5 s to act on a route (Traefik 3.7, measured 2026-11-22)."""

EVERYTHING = 100
NOWHERE = timedelta(0)


class Move(StrEnum):
    """Why the share is what it is."""

    ADVANCING = "Advancing"
    """It grows now."""
    HOLDING = "Holding"
    """The step's hold is not over."""
    PAUSED = "Paused"
    """The hold is over, and a pause follows that nobody has ended."""
    CHECK_FAILED = "CheckFailed"
    """A check fails, and that is to hold the canary, not to take it back."""
    WAITING_FOR_REQUESTS = "WaitingForRequests"
    """The hold is over, but the canary has answered too few requests in it."""
    WAITING_FOR_EVIDENCE = "WaitingForEvidence"
    """The last hold is over, but not all checks pass, as they have to."""
    SUSPENDED = "Suspended"
    """The hold is over, and rollouts are held."""
    WAITING_FOR_REPLICAS = "WaitingForReplicas"
    """Not all pods are available that its share needs."""
    GROWING = "Growing"
    """Nothing holds it but the pods of its next share, where pods are the share."""
    WAITING_FOR_ROUTE = "WaitingForRoute"
    """The gateway has not taken up the share that the route already has."""
    LOST = "Lost"
    """No pod of the canary is left; its share goes back until they return."""
    WITHDRAWING = "Withdrawing"
    """It falls to 0 now."""
    NO_WAY_BACK = "NoWayBack"
    """It should fall, but no stable pod would answer, and the canary does."""
    DRAINING = "Draining"
    """It fell; requests under way end."""
    WITHDRAWN = "Withdrawn"
    """Nothing reaches the canary any more."""
    PROMOTED = "Promoted"
    """It has had everything for long enough: it is the stable one."""


@dataclass(frozen=True)
class CanarySeen:
    """One consistent snapshot of a canary beside a stable revision.

    Attributes:
        weight: Its share, read from what splits requests, percent.
        since: When it got that share.
        now: The only clock.
        ready: Whether all pods are available that its share needs.
        grown: Whether those of its next share are, too.
        serving: Whether any of its pods answers.
        stable_serving: Whether any stable pod answers.
        accepted: Whether the gateways route by the route as it is.
        withdrawn: Whether it was rejected or is no longer asked for.
        promoted: Whether it may pass pauses.
        suspended: Whether rollouts are held.
        failing: Whether a check fails that is to hold it.
        answered: Requests by which it can be judged, since it got its share.
        passing: Whether every check passes.
    """

    weight: int
    since: datetime
    now: datetime
    ready: bool = True
    grown: bool = True
    serving: bool = True
    stable_serving: bool = True
    accepted: bool = True
    withdrawn: bool = False
    promoted: bool = False
    suspended: bool = False
    failing: bool = False
    answered: int = 0
    passing: bool = False


@dataclass(frozen=True)
class Step:
    """The share to apply now.

    Attributes:
        weight: Percent.
        move: Why.
        look_again: When time alone will change the answer; None if it will not.
    """

    weight: int
    move: Move
    look_again: timedelta | None = None


def next_step(rollout: Rollout, seen: CanarySeen) -> Step:
    """Choose the share of the requests that the canary gets in this pass, percent.

    The share climbs ``rollout.steps`` one entry at a time and falls to 0 in one move. The current
    entry is read from what splits requests, never counted, so a pass that is repeated, lost or
    resumed elsewhere cannot skip one. Nothing grows before the gateways act on the last change, nor
    while a pod is missing.
    """
    if seen.withdrawn:
        return _down(seen)
    if seen.weight and not seen.serving and seen.stable_serving:
        return Step(0, Move.LOST)
    return _up(rollout, seen)


def next_weight(rollout: Rollout, weight: int) -> int:
    """Return the share after ``weight``: the next entry, and everything after the last one."""
    return min((listed for listed, _ in shares_of(rollout) if listed > weight), default=EVERYTHING)


def hold(rollout: Rollout, weight: int) -> timedelta:
    """Return how long ``weight`` is held at least.

    A weight that an edited spec no longer lists is held as the entry below it. All of the traffic
    is held for ``DRAIN`` at least: after it the old pods go.
    """
    entered = max((each for each in shares_of(rollout) if each[0] <= weight), default=(0, NOWHERE))
    if weight < EVERYTHING:
        return entered[1]
    return max(entered[1], DRAIN) if entered[0] == EVERYTHING else DRAIN


def shares_of(rollout: Rollout) -> list[tuple[int, timedelta]]:
    """Return the listed shares, percent, and their holds, increasing; pauses are between them."""
    return [
        (step.weight, timedelta(seconds=step.hold_seconds or 0))
        for step in rollout.steps
        if step.weight is not None
    ]


def steps_entered(rollout: Rollout, weight: int) -> int:
    """Return how many entries of the shares ``weight`` has reached."""
    return sum(listed <= weight for listed, _ in shares_of(rollout))


def pauses_after(rollout: Rollout, weight: int) -> bool:
    """Answer whether a pause stands between ``weight`` and the next share.

    Example:
        Steps 5, pause, 50: a pause follows 5, and 20, which an edited spec no longer lists; none
        follows 0 or 50.
    """
    following = None
    for step in reversed(rollout.steps):
        if step.weight is not None and step.weight <= weight:
            break
        following = step
    return following is not None and following.weight is None


def _up(rollout: Rollout, seen: CanarySeen) -> Step:
    left = seen.since + hold(rollout, seen.weight) - seen.now
    if trouble := _trouble(seen):
        return Step(seen.weight, trouble)
    if left > NOWHERE:
        return Step(seen.weight, Move.HOLDING, left)
    if seen.weight == EVERYTHING:
        return Step(EVERYTHING, Move.PROMOTED)
    if held := _held(rollout, seen):
        return Step(seen.weight, held)
    if not seen.grown:
        return Step(seen.weight, Move.GROWING)
    following = next_weight(rollout, seen.weight)
    return Step(following, Move.ADVANCING, hold(rollout, following))


def _trouble(seen: CanarySeen) -> Move | None:
    """Return what is not as it should be for the share that it has."""
    if not seen.ready:
        return Move.WAITING_FOR_REPLICAS
    if not seen.accepted:
        return Move.WAITING_FOR_ROUTE
    return Move.CHECK_FAILED if seen.failing else None


def _held(rollout: Rollout, seen: CanarySeen) -> Move | None:
    """Return what keeps the canary from growing though its hold is over."""
    if seen.suspended:
        return Move.SUSPENDED
    if pauses_after(rollout, seen.weight) and not seen.promoted:
        return Move.PAUSED
    if seen.weight and seen.answered < rollout.min_requests:
        return Move.WAITING_FOR_REQUESTS
    last = next_weight(rollout, seen.weight) == EVERYTHING
    if last and rollout.evidence == "Pass" and not seen.passing:
        return Move.WAITING_FOR_EVIDENCE
    return None


def _down(seen: CanarySeen) -> Step:
    left = seen.since + DRAIN - seen.now
    if seen.weight and seen.serving and not seen.stable_serving:
        return Step(seen.weight, Move.NO_WAY_BACK)
    if seen.weight:
        return Step(0, Move.WITHDRAWING, DRAIN)
    if not seen.accepted:
        return Step(0, Move.WAITING_FOR_ROUTE)
    if left > NOWHERE:
        return Step(0, Move.DRAINING, left)
    return Step(0, Move.WITHDRAWN)
