"""How a load was split between versions while the weight climbed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SETTLING_SECONDS = 2.0
"""Not counted around a change: what a gateway may take to act on the route, and what may pass
between the change and the moment it was seen."""


@dataclass(frozen=True)
class Share:
    """What one step of the rollout really was.

    Attributes:
        weight: Share that the route asked for, percent.
        requests: Requests that left in the step, away from its ends.
        observed_percent: Share that the new version answered.
        failed: Answers other than 200, of those requests.
    """

    weight: int
    requests: int
    observed_percent: float
    failed: int


def shares(
    lines: Iterable[Mapping[str, Any]], changes: Sequence[tuple[float, int]], version: str
) -> list[Share]:
    """Return the share of ``version`` in each step.

    Args:
        lines: What ``demo.load`` printed: ``at`` (epoch seconds), ``status``, ``version``.
        changes: When each weight was first seen: (epoch seconds, percent), in order.
        version: The version whose weight climbed.
    """
    lines = list(lines)
    ends = [*(at for at, _ in changes[1:]), float("inf")]
    return [
        _share(
            weight,
            [x for x in lines if at + SETTLING_SECONDS <= x["at"] < end - SETTLING_SECONDS],
            version,
        )
        for (at, weight), end in zip(changes, ends, strict=True)
    ]


def _share(weight: int, lines: list[Mapping[str, Any]], version: str) -> Share:
    answered = Counter(line["version"] for line in lines if line["status"] == 200)  # noqa: PLR2004
    total = sum(answered.values())
    return Share(
        weight=weight,
        requests=len(lines),
        observed_percent=100 * answered[version] / total if total else 0.0,
        failed=len(lines) - total,
    )


def failures(lines: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """Count what went wrong, by status or error."""
    bad = [line for line in lines if line["status"] != 200]  # noqa: PLR2004
    return Counter(line.get("error") or f"HTTP {line['status']}" for line in bad)
