"""A finished record must not say later that it was made otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crd import model_deployment_cases, model_version_cases, training_job_cases
from crd.cases import changed

if TYPE_CHECKING:
    from crd.client import Client

pytestmark = pytest.mark.crd

JOB = changed(
    training_job_cases.EXAMPLE,
    {"spec.train.params": {"max_depth": 6, "grow_policy": "lossguide"}},
)
VERSION = changed(
    model_version_cases.EXAMPLE, {"spec.metrics": [{"name": "roc_auc", "value": "0.71"}]}
)
RUN_CHANGED = "spec: Forbidden: a run is never changed: create a new TrainingJob"
RECORD_CHANGED = "spec: Forbidden: a ModelVersion is a record and never changes: create another one"


@pytest.mark.parametrize(
    ("body", "patch", "answer"),
    [
        pytest.param(JOB, {"train": {"seed": 8}}, RUN_CHANGED, id="a run's seed"),
        pytest.param(
            JOB, {"train": {"params": {"max_depth": 7}}}, RUN_CHANGED, id="a run's parameter"
        ),
        pytest.param(
            JOB, {"train": {"params": {"eta": 0.1}}}, RUN_CHANGED, id="a run's new parameter"
        ),
        pytest.param(
            JOB,
            {"train": {"params": {"grow_policy": "depthwise"}}},
            RUN_CHANGED,
            id="a run's textual parameter",
        ),
        pytest.param(JOB, {"train": {"params": None}}, RUN_CHANGED, id="a run without parameters"),
        pytest.param(JOB, {"backoffLimit": 4}, RUN_CHANGED, id="a run's budget"),
        pytest.param(
            VERSION, {"artifact": {"opset": 21}}, RECORD_CHANGED, id="a record's artifact"
        ),
        pytest.param(VERSION, {"metrics": []}, RECORD_CHANGED, id="a record's metrics"),
        pytest.param(
            VERSION, {"store": {"region": "eu"}}, RECORD_CHANGED, id="a record's new store"
        ),
    ],
)
def test_a_change_is_refused(
    client: Client, body: dict[str, Any], patch: dict[str, Any], answer: str
) -> None:
    client.create(body)

    assert client.merge(body, {"spec": patch}).refusal == answer


@pytest.mark.parametrize("body", [pytest.param(JOB, id="run"), pytest.param(VERSION, id="record")])
def test_labels_can_change_and_the_same_spec_can_be_applied_again(
    client: Client, body: dict[str, Any]
) -> None:
    client.create(body)

    labelled = client.merge(body, {"metadata": {"labels": {"team": "a"}}})
    applied_again = client.merge(body, {"spec": body["spec"]})

    assert (labelled.refusal, applied_again.refusal) == ("", "")
    assert applied_again.body["metadata"]["generation"] == 1


def test_the_status_of_a_run_can_change(client: Client) -> None:
    client.create(JOB)

    answer = client.merge(JOB, {"status": {"score": "roc_auc 0.71"}}, subresource="/status")

    assert answer.refusal == ""
    assert answer.body["status"] == {"score": "roc_auc 0.71"}


def test_the_deployment_of_a_model_can_change(client: Client) -> None:
    deployment = model_deployment_cases.EXAMPLE
    client.create(deployment)

    assert client.merge(deployment, {"spec": {"replicas": 2}}).refusal == ""
