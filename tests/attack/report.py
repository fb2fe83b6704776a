"""What an attack found: figures for people, and which bounds are broken."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attack.senders import LATE_SECONDS

if TYPE_CHECKING:
    from attack.run import Outcome

MOST_GROWTH = 1.2
"""Of the resident memory, times what it was under good traffic alone."""
LEAST_CROWD = 0.9
"""Of the slow connections that are planned, how many must be open at a time."""


def broken(outcome: Outcome) -> list[str]:
    """Return the bounds that are broken and hardly depend on how fast the machine is."""
    found = []
    if (sent := outcome.found.sent.total()) < outcome.asked:
        found.append(
            f"only {sent:,} of {outcome.asked:,} malformed messages sent "
            f"in {outcome.seconds:,.0f} s; give it more seconds, or fewer requests"
        )
    if not outcome.alive:
        found.append("the server does not answer any more")
    if outcome.bugs:
        found.append(f"{len(outcome.bugs)} errors in the server's log, first: {outcome.bugs[0]}")
    if growth(outcome) > MOST_GROWTH:
        found.append(
            f"memory grew to {growth(outcome):.2f} times, at most {MOST_GROWTH} is allowed"
        )
    for each in (outcome.found, outcome.floods):
        found += each.wrong
    if outcome.attacked.failures:
        found.append(f"{outcome.attacked.failures} failures: {outcome.attacked.failed}")
    return found + _broken_by_giants(outcome) + _broken_by_crowd(outcome)


def _broken_by_giants(outcome: Outcome) -> list[str]:
    answers = sum((told.answers for told in outcome.giants), Counter[str]())
    kinds = sorted({name.rpartition(": ")[0] for name in answers})
    return [
        f"giants: {name}, {count} times"
        for name, count in answers.items()
        if ": 4" not in name and not name.endswith(": closed")
    ] + [f"giants: {kind}, never told 413" for kind in kinds if not answers[f"{kind}: 413"]]


def _broken_by_crowd(outcome: Outcome) -> list[str]:
    found = [
        f"slow connections: {n} times {told}" for told, n in outcome.crowd.items() if told[0] == "5"
    ]
    if (most := outcome.crowd["most at a time"]) < LEAST_CROWD * outcome.connections:
        found.append(
            f"at most {most:,} of {outcome.connections:,} slow connections at a time, "
            f"at least {LEAST_CROWD:.0%} are needed"
        )
    return found


def late(outcome: Outcome) -> list[str]:
    """Return which refusals came too late; a machine that does other work can cause it too."""
    seconds = [each for told in outcome.giants for each in told.seconds]
    large = Counter({"large bodies": sum(each > LATE_SECONDS for each in seconds)})
    together = outcome.found.late + outcome.floods.late + large
    return [
        f"{count} of {kind} refused after more than {LATE_SECONDS:g} s"
        for kind, count in together.items()
    ]


def growth(outcome: Outcome) -> float:
    """Return how many times its memory before the attack the server took at most."""
    return max(outcome.memory_most, outcome.memory_after) / outcome.memory_before


def lines(outcome: Outcome) -> list[str]:
    """Return the report."""
    sent = outcome.found.sent.total()
    text = [
        (
            f"{sent:,} malformed messages in {outcome.seconds:.0f} s, "
            f"{sent / outcome.seconds:,.0f} a second:"
        ),
        *_table(outcome.found.sent),
        "answered with " + _counted(outcome.found.told),
        "  " + _times(outcome.found.seconds),
        *_slowest(outcome.found.slowest, outcome.begun),
        (
            f"  {sum(outcome.found.late.values())} later than 1 s, "
            f"{outcome.found.slow_connects} connections took as long to make"
        ),
        f"{sum(outcome.floods.sent.values())} floods of frames: {_counted(outcome.floods.told)}",
        "  " + _times(outcome.floods.seconds),
        f"slow connections: {_counted(outcome.crowd)}",
    ]
    answers = sum((told.answers for told in outcome.giants), Counter[str]())
    seconds = [each for told in outcome.giants for each in told.seconds]
    sent_bytes = sum(told.sent_bytes for told in outcome.giants)
    text += [
        f"large bodies, {sent_bytes / 2**20:,.0f} MiB sent: {_counted(answers)}",
        "  " + _times(seconds),
        (
            f"good traffic: {outcome.attacked.requests:,} requests, "
            f"{outcome.attacked.failures} failures"
        ),
        "  attacked: " + _times(outcome.attacked.seconds),
        *_slowest(outcome.attacked.slowest, outcome.begun),
        "  control:  " + _times(outcome.control.seconds),
        *_slowest(outcome.control.slowest, outcome.begun),
        (
            f"memory: {outcome.memory_before / 1024:.0f} MiB before, "
            f"{outcome.memory_most / 1024:.0f} at most ({growth(outcome):.2f} times), "
            f"{outcome.memory_after / 1024:.0f} after"
        ),
        (
            f"the server ran for {outcome.ran_seconds:.1f} s, and waited for a core for "
            f"{outcome.waited_seconds:.1f} s"
        ),
    ]
    return text


def _table(sent: Counter[str]) -> list[str]:
    return [f"  {count:>9,} {kind}" for kind, count in sent.most_common()]


def _slowest(slowest: list[tuple[float, float, str]], begun: float) -> list[str]:
    return [f"    {each:.2f} s, at {at - begun:.1f} s: {what}" for each, at, what in slowest[::-1]]


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counter.items()))


def _times(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    p50, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    return f"p50 {p50 * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms, slowest {ordered[-1]:.2f} s"
