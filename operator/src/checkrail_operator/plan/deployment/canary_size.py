"""How many pods a canary has beside a gateway: as many as its next share of the requests needs.

::

    steps 5, 25, 50; replicas 4

    canary's share    0    5   25   50  100 %
    canary's pods     1    1    2    4    4       enough for the share that comes next
    stable's pods     4    4    4    4    4       the way back is always whole
"""

from checkrail_api.rollout import Rollout
from checkrail_operator.plan.deployment.rollout import EVERYTHING, next_weight


def canary_pods(rollout: Rollout, replicas: int, weight: int) -> int:
    """Return how many pods a canary needs before its share may grow.

    ::

        next share = the step after weight            (at weight 0: the first step)
                   = 100                              after the last step
        pods       = ceil(replicas x next share / 100)
        pods       = 1                                if that is 0 while replicas is not

    So its pods are there before its share grows, and at the last step before 100 it has all of
    them. The ceiling is taken in whole numbers: no share is lost to a rounded fraction.

    Examples:
        Steps 5, 25, 50 and 100 after them.

        ========  ======  ==========  ===========================
        replicas  weight  next share  pods
        ========  ======  ==========  ===========================
        1         any     any         1
        4         0       5           ceil(0.20) = 1
        4         5       25          ceil(1.00) = 1
        4         25      50          ceil(2.00) = 2
        4         50      100         4
        10        0       5           ceil(0.50) = 1
        10        5       25          ceil(2.50) = 3
        10        33      50          5   (33: a share that the edited steps no longer list)
        10        100     none        10
        0         any     any         0
        ========  ======  ==========  ===========================

    Args:
        rollout: The steps.
        replicas: Pods of a revision that takes everything.
        weight: The canary's share now, percent.
    """
    following = next_weight(rollout, weight)
    return max(min(1, replicas), -(-replicas * following // EVERYTHING))


def canary_pods_now(needed: int, *, asked: int, at_most: int, may_shrink: bool) -> int:
    """Return the canary's pods for now: what its share needs, but no pod too early gone.

    A share that fell (to 0, or by an edit of the steps) takes no pod away before requests are split
    by it and those under way have ended. A canary that goes keeps its pods to the end.

    Args:
        needed: What its share needs.
        asked: What its Deployment asks for now.
        at_most: ``spec.replicas``: with 0 nothing is meant to run at all.
        may_shrink: Whether nothing is under way to the pods that are too many.
    """
    return needed if may_shrink else min(at_most, max(asked, needed))
