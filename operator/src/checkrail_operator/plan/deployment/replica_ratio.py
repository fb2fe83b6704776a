"""The share that pods make behind one Service, where no gateway splits the requests.

A Service sends each new connection to any of its ready pods with the same chance, so a canary of
``c`` pods beside ``r`` stable ones gets ``c / (r + c)`` of them. The stable revision keeps all of
its pods: it can take everything back at once, and every pod gets less than its share of the load.

::

    steps 5, 25, 50; replicas 4

    canary's share, desired      0    5   25   50  100 %
    canary's pods                1    1    1    4    4
    stable's pods                4    4    4    4    4       the way back is always whole
    canary's share, reachable    0   20   20   50  100 %
    the Service selects          stable   both    canary
"""

from collections.abc import Mapping
from fractions import Fraction

from checkrail_operator.plan.deployment.rollout import EVERYTHING

Share = Fraction
"""Percent, exactly."""


def ratio_pods(replicas: int, weight: int) -> int:
    """Return how many canary pods beside ``replicas`` stable ones come nearest to ``weight``.

    ::

        share(c) = 100 c / (replicas + c)
        pods     = the c from 1 to replicas whose share is nearest to weight, the fewer of two
        pods     = 0, or replicas         at weight 0, or 100

    More than 50 % and less than 100 % is out of reach: it would take more pods than a version
    needs that has everything, or stable pods away that the way back needs.

    Examples:
        ========  ======  ====  =========
        replicas  weight  pods  reachable
        ========  ======  ====  =========
        1         5       1     1/2 = 50
        2         25      1     1/3 = 33
        4         5       1     1/5 = 20
        4         25      1     1/5 = 20  (2/6 = 33 is farther)
        11        5       1     1/12 = 8
        10        25      3     3/13 = 23
        10        50      10    10/20 = 50
        10        80      10    10/20 = 50
        10        100     10    100: the Service selects the canary alone
        0         any     0     0
        ========  ======  ====  =========

    Args:
        replicas: Pods of the stable revision.
        weight: Desired share of the canary, percent.
    """
    if weight in {0, EVERYTHING}:
        return replicas if weight else 0
    below = replicas * weight // (EVERYTHING - weight)
    near = {min(max(1, pods), replicas) for pods in (below, below + 1)}
    return min(near, key=lambda pods: (abs(reachable(replicas, pods) - weight), pods))


def reachable(stable: int, canary: int) -> Share:
    """Return the canary's share of the connections, percent; 0 where nothing runs."""
    return Fraction(EVERYTHING * canary, max(1, stable + canary))


def reachable_shares(weights: Mapping[str, int], replicas: int) -> dict[str, int]:
    """Return the shares that the pods for ``weights`` make, whole percent, together 100.

    Args:
        weights: Desired shares, percent by revision, the stable one first; together 100.
        replicas: Pods of the stable revision.
    """
    if EVERYTHING in weights.values():
        return dict(weights)
    stable, canary = weights
    share = round(reachable(replicas, ratio_pods(replicas, weights[canary])))
    return {stable: EVERYTHING - share, canary: share}
