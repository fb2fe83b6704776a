"""When pods and Prometheus are read, and which."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checkrail_operator.observe.query_answers import read_answer
from checkrail_operator.observe.rollout_reads import Fetched, Reads, rollout_reads
from checkrail_operator.plan.deployment.counters import QueryAnswer

NOW = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
STABLE, CANARY = "aaaaaaaa", "bbbbbbbb"


def owner(weight: int = 5, analysed: datetime | None = None, **rollout: Any) -> dict[str, Any]:
    analysis = {"analysis": {"time": analysed.isoformat()}} if analysed else {}
    return {
        "kind": "ModelDeployment",
        "metadata": {"name": "iris", "namespace": "team"},
        "spec": {"rollout": {"checkPeriodSeconds": 5, **rollout}},
        "status": {
            "stable": {"revision": STABLE, "sha256": "1" * 64},
            "canary": {"revision": CANARY, "sha256": "2" * 64, "weight": weight, **analysis},
        },
    }


def pod(name: str, revision: str = STABLE, **status: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "uid": name, "labels": {"checkrail.dev/revision": revision}},
        "status": {"phase": "Running", "podIP": "198.18.0.7", **status},
    }


QUERY = {
    "name": "own",
    "prometheus": {
        "address": "http://prometheus:9090/",
        "query": 'errors{ns="{{namespace}}",mdep="{{name}}",v="{{canary}}",old="{{stable}}"}',
    },
    "max": "1",
}


def test_pods_of_both_revisions_are_read() -> None:
    pods = [pod("s"), pod("c", CANARY), pod("other", "cccccccc")]
    assert rollout_reads(owner(), pods, NOW) == Reads(
        dict.fromkeys(("s", "c"), "http://198.18.0.7:8080/metrics")
    )


def test_pods_that_serve_are_asked_for_a_candidate_in_shadow() -> None:
    told = owner()
    told["status"] = {"stable": told["status"]["stable"], "shadow": {"state": "Comparing"}}
    pods = [pod("s"), pod("other", CANARY)]
    candidate = {"kind": "ConfigMap", "metadata": {"name": f"iris-{STABLE}-shadow"}}
    children = [*pods, candidate]
    assert rollout_reads(told, children, NOW) == Reads(
        {"s": "http://198.18.0.7:8080/v2/shadow"}, shadow=True
    )
    assert rollout_reads(told, pods, NOW) == Reads()
    told["status"]["shadow"]["time"] = (NOW - timedelta(seconds=4)).isoformat()
    assert rollout_reads(told, children, NOW) == Reads()
    told["status"]["shadow"] = {"state": "Passed"}
    assert rollout_reads(told, children, NOW) == Reads()


def test_an_address_of_ipv6_is_written_as_a_host() -> None:
    found = rollout_reads(owner(), [pod("s", podIP="fd00::7")], NOW)
    assert found.pods == {"s": "http://[fd00::7]:8080/metrics"}


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"phase": "Pending"}, id="not started"),
        pytest.param({"podIP": ""}, id="no address"),
    ],
)
def test_a_pod_that_cannot_answer_yet_is_not_asked(status: dict[str, Any]) -> None:
    assert rollout_reads(owner(), [pod("s", **status)], NOW) == Reads()


def test_a_pod_that_is_being_deleted_is_not_asked() -> None:
    going = pod("s")
    going["metadata"]["deletionTimestamp"] = "2026-11-28T11:59:59Z"
    assert rollout_reads(owner(), [going], NOW) == Reads()


def test_fifty_pods_of_a_revision_are_enough() -> None:
    pods = [pod(f"s{n:03}") for n in range(60)] + [pod("c", CANARY)]
    assert len(rollout_reads(owner(), pods, NOW).pods) == 51


@pytest.mark.parametrize(("ago", "reads"), [(4, 0), (5, 1), (600, 1)])
def test_they_are_read_once_a_period(ago: int, reads: int) -> None:
    found = rollout_reads(owner(analysed=NOW - timedelta(seconds=ago)), [pod("s")], NOW)
    assert len(found.pods) == reads


@pytest.mark.parametrize("missing", ["stable", "canary"])
def test_nothing_is_read_without_two_revisions(missing: str) -> None:
    alone = owner()
    del alone["status"][missing]
    assert rollout_reads(alone, [pod("s")], NOW) == Reads()


def test_a_query_names_what_it_is_asked_for() -> None:
    found = rollout_reads(owner(checks=[QUERY]), [], NOW)
    assert found.queries == {
        "own": (
            "http://prometheus:9090/",
            'errors{ns="team",mdep="iris",v="22222222",old="11111111"}',
        )
    }


def test_a_query_waits_until_the_canary_has_a_share() -> None:
    assert rollout_reads(owner(weight=0, checks=[QUERY]), [], NOW).queries == {}


def answer(kind: str, result: str) -> Fetched:
    return Fetched(f'{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}')


SAMPLE = '{"metric":{},"value":[1764331200,"0.25"]}'
NO_NUMBER = "expected a scalar or one sample"


@pytest.mark.parametrize(
    ("fetched", "want"),
    [
        pytest.param(answer("scalar", '[1764331200,"0.25"]'), 0.25, id="a scalar"),
        pytest.param(answer("vector", f"[{SAMPLE}]"), 0.25, id="one sample"),
        pytest.param(answer("vector", f"[{SAMPLE},{SAMPLE}]"), NO_NUMBER, id="two samples"),
        pytest.param(answer("matrix", "[]"), NO_NUMBER, id="a range"),
        pytest.param(answer("vector", "[]"), "no data yet", id="no sample"),
        pytest.param(answer("scalar", '[1,"NaN"]'), "no data yet", id="no number"),
        pytest.param(answer("scalar", '[1,"abc"]'), NO_NUMBER, id="text"),
        pytest.param(Fetched("secret words"), NO_NUMBER, id="another program"),
        pytest.param(Fetched("[" * 100_000), NO_NUMBER, id="too deep"),
        pytest.param(Fetched(None, "answered 503"), "answered 503", id="no answer"),
    ],
)
def test_an_answer_is_one_number_or_a_reason(fetched: Fetched, want: float | str) -> None:
    found = read_answer(fetched)
    if isinstance(want, float):
        assert found == QueryAnswer(want)
    else:
        assert found.value is None
        assert want in found.trouble
        assert "secret" not in found.trouble
