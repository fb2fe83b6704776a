"""What a spec and the operator's defaults make together, or what must be edited."""

from dataclasses import replace
from typing import Any

import pytest

from checkrail_operator.observe.resolve import resolve
from checkrail_operator.plan.errors import InvalidSpecError
from harness.training_world import DEFAULTS, spec


def rung(**sides: Any) -> dict[str, Any]:
    return {"resources": {"ladder": [sides]}}


def test_a_store_is_merged_field_by_field_over_both_defaults() -> None:
    defaults = replace(DEFAULTS, store={"uri": "s3://models/x", "endpoint": "http://store:1"})
    body = spec(store={"uri": "s3://mine/y", "region": "eu-west-1"})

    assert resolve(body, defaults).store.dump() == {
        "uri": "s3://mine/y",
        "region": "eu-west-1",
        "endpoint": "http://store:1",
        "addressingStyle": "Path",
        "credentialsSecretRef": {"name": "s3"},
    }


def test_a_source_store_is_merged_over_its_default() -> None:
    body = spec()
    body["data"]["objectStore"] = {"endpoint": "https://lake.example"}

    assert resolve(body, DEFAULTS).data.dump()["objectStore"] == {
        "endpoint": "https://lake.example",
        "region": "us-east-1",
        "addressingStyle": "Path",
        "credentialsSecretRef": {"name": "s3"},
    }


@pytest.mark.parametrize(
    ("requests", "limits", "threads"),
    [
        pytest.param({"cpu": "1500m"}, {}, 2, id="a part of a processor counts whole"),
        pytest.param({"cpu": "100m"}, {}, 1, id="at least one"),
        pytest.param({"cpu": 4}, {}, 4, id="a whole number"),
        pytest.param({"cpu": "2.0"}, {}, 2, id="a decimal"),
        pytest.param({}, {"cpu": "3"}, 3, id="a limit alone is also the request"),
        pytest.param({}, {}, 1, id="nothing said"),
    ],
)
def test_threads_are_the_processors_of_the_first_rung(
    requests: dict[str, Any], limits: dict[str, Any], threads: int
) -> None:
    ladder = [{"requests": requests, "limits": limits}, {"requests": {"cpu": "16"}}]

    assert resolve(spec(resources={"ladder": ladder}), DEFAULTS).threads == threads


def test_the_spec_hash_is_that_of_its_content_not_of_its_order() -> None:
    turned = dict(reversed(spec().items()))

    assert (
        resolve(spec(), DEFAULTS).spec_hash == resolve(turned, DEFAULTS).spec_hash,
        resolve(spec(), DEFAULTS).spec_hash == resolve(spec(backoffLimit=1), DEFAULTS).spec_hash,
    ) == (True, False)


@pytest.mark.parametrize("change", [{"suspend": True}, {"ttlSecondsAfterFinished": 0}])
def test_what_only_says_when_a_run_runs_is_no_part_of_the_spec_hash(change: dict[str, Any]) -> None:
    assert resolve(spec(**change), DEFAULTS).spec_hash == resolve(spec(), DEFAULTS).spec_hash


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            rung(requests={"memory": "2Gi"}, limits={"memory": "1Gi"}),
            "spec.resources.ladder[0].requests.memory: found 2Gi, "
            "expected at most the limit of 1Gi",
            id="a request above its limit",
        ),
        pytest.param(
            {"backoffLimit": -1},
            "spec.backoffLimit: found '-1', input should be greater than or equal to 0",
            id="a number out of bounds",
        ),
        pytest.param(
            {"nmae": 1},
            "spec.nmae: found '1', extra inputs are not permitted",
            id="a field that another release knows",
        ),
    ],
)
def test_what_cannot_be_carried_out_names_its_field(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        resolve(spec(**change), DEFAULTS)

    assert str(refused.value) == message


def test_without_any_store_the_message_names_the_field_and_the_chart_value() -> None:
    with pytest.raises(InvalidSpecError) as refused:
        resolve(spec(), replace(DEFAULTS, store=None))

    assert str(refused.value) == (
        "spec.store: found none, and the operator has no default store. Name one, for example "
        'store: {uri: "s3://models/team-a"}, or set defaults.store.uri in the values of the Helm '
        "chart"
    )
