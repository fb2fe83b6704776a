import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkrail_operator.plan.deployment.replica_ratio import ratio_pods, reachable, reachable_shares

replicas = st.integers(1, 60)
weights = st.integers(1, 99)


@pytest.mark.parametrize(
    ("stable", "weight", "pods", "share"),
    [
        pytest.param(1, 5, 1, 50, id="one pod beside one is half"),
        pytest.param(2, 25, 1, 33, id="one pod at least"),
        pytest.param(4, 25, 1, 20, id="the nearer one below"),
        pytest.param(4, 30, 2, 33, id="the nearer one above"),
        pytest.param(11, 5, 1, 8, id="desired 5, reachable 8"),
        pytest.param(19, 5, 1, 5, id="exactly"),
        pytest.param(10, 50, 10, 50, id="half is as many again"),
        pytest.param(10, 80, 10, 50, id="more than half is out of reach"),
        pytest.param(10, 100, 10, 100, id="everything"),
        pytest.param(10, 0, 0, 0, id="nothing"),
        pytest.param(0, 25, 0, 0, id="no pod where none are meant to run"),
        pytest.param(1000, 1, 10, 1, id="many"),
    ],
)
def test_pods_for_a_share(stable: int, weight: int, pods: int, share: int) -> None:
    assert ratio_pods(stable, weight) == pods
    if stable:
        shares = reachable_shares({"stable": 100 - weight, "canary": weight}, stable)
        assert shares == {"stable": 100 - share, "canary": share}


def test_of_two_shares_that_are_as_near_the_smaller_one_is_taken() -> None:
    ties = [
        (r, w)
        for r in range(1, 20)
        for w in range(1, 50)
        for c in range(1, r)
        if w - reachable(r, c) == reachable(r, c + 1) - w
    ]
    assert ties
    for stable, weight in ties:
        fewer = ratio_pods(stable, weight)
        assert reachable(stable, fewer) < weight < reachable(stable, fewer + 1)


@given(replicas, weights)
def test_no_other_number_of_pods_comes_nearer(stable: int, weight: int) -> None:
    pods = ratio_pods(stable, weight)
    missed = abs(reachable(stable, pods) - weight)
    assert 1 <= pods <= stable
    assert all(abs(reachable(stable, c) - weight) >= missed for c in range(1, stable + 1))


@given(replicas, weights, weights)
def test_a_larger_share_never_has_fewer_pods(stable: int, one: int, other: int) -> None:
    assert ratio_pods(stable, min(one, other)) <= ratio_pods(stable, max(one, other))
