"""A finished record must not say later that it was made otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checkrail_api.model_version import ModelVersionSpec
from checkrail_api.training_job import MUTABLE, TrainingJobSpec
from crd import model_deployment_cases, model_version_cases, training_job_cases
from crd.cases import changed

if TYPE_CHECKING:
    from checkrail_api.model import Model
    from crd.client import Client

pytestmark = pytest.mark.crd

JOB = changed(
    training_job_cases.EXAMPLE,
    {
        "spec.train.params": {"max_depth": 6, "grow_policy": "lossguide"},
        "spec.ownership": {"owner": "a"},
        "spec.resources": {"ladder": [{"limits": {"memory": "1Gi"}}]},
        "spec.pod": {"priorityClassName": "batch"},
        "spec.store": {"uri": "s3://models"},
        "spec.queueName": "batch",
        "spec.ttlSecondsAfterFinished": 60,
    },
)
VERSION = changed(
    model_version_cases.EXAMPLE,
    {
        "spec.signature": {"inputs": [], "outputs": []},
        "spec.components": [model_version_cases.COMPONENT],
        "spec.features": [model_version_cases.FEATURE],
        "spec.scores": model_version_cases.SCORES,
        "spec.metrics": [{"name": "roc_auc", "value": "0.71"}],
        "spec.gates": [model_version_cases.GATE],
        "spec.provenance": model_version_cases.PROVENANCE,
        "spec.store": {"region": "us-east-1"},
    },
)
RUN_CHANGED = (
    "spec: Forbidden: a run is never changed, but for suspend and ttlSecondsAfterFinished: create a"
    " new TrainingJob"
)
RECORD_CHANGED = (
    "spec: Forbidden: a ModelVersion is a record and never changes, but for deletionPolicy: create"
    " another one"
)
JOB_CHANGES: dict[str, Any] = {
    "model": "other",
    "ownership": {"owner": "b"},
    "data": {"label": "cancelled"},
    "train": {"seed": 8},
    "evaluation": {"parity": {"maxFlips": 1}},
    "resources": {"ladder": [{"limits": {"memory": "2Gi"}}]},
    "pod": {"priorityClassName": "urgent"},
    "store": {"uri": "s3://others"},
    "queueName": "other",
    "backoffLimit": 4,
    "activeDeadlineSeconds": 60,
}
"""A change of each field that is fixed."""
VERSION_CHANGES: dict[str, Any] = {
    "artifact": {"opset": 21},
    "signature": {"inputs": [], "outputs": [{"name": "y", "datatype": "FP32", "shape": [1]}]},
    "components": [],
    "features": [],
    "scores": {"output": "prediction"},
    "metrics": [],
    "gates": [],
    "provenance": {"seed": 8},
    "store": {"region": "eu-west-1"},
}
"""A change of each field that is fixed; the model is, by the name's rule."""
JOB_MAY_CHANGE: dict[str, Any] = {"suspend": True, "ttlSecondsAfterFinished": 0}
VERSION_MAY_CHANGE: dict[str, Any] = {"deletionPolicy": "Delete"}


def test_every_field_is_fixed_or_may_change() -> None:
    """A field that neither table has would change a finished record in silence."""
    assert JOB_MAY_CHANGE.keys() == set(MUTABLE)
    assert JOB_CHANGES.keys() | JOB_MAY_CHANGE.keys() == _fields(TrainingJobSpec)
    assert VERSION_CHANGES.keys() | VERSION_MAY_CHANGE.keys() | {"model"} == _fields(
        ModelVersionSpec
    )


@pytest.mark.parametrize(
    ("body", "patch", "answer"),
    [
        *(
            pytest.param(JOB, {field: value}, RUN_CHANGED, id=f"a run's {field}")
            for field, value in JOB_CHANGES.items()
        ),
        *(
            pytest.param(JOB, {field: None}, RUN_CHANGED, id=f"a run without its {field}")
            for field in ("ownership", "resources", "pod", "store", "queueName")
        ),
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
        pytest.param(
            JOB,
            {"suspend": True, "backoffLimit": 4},
            RUN_CHANGED,
            id="a run, among what may change",
        ),
        *(
            pytest.param(VERSION, {field: value}, RECORD_CHANGED, id=f"a record's {field}")
            for field, value in VERSION_CHANGES.items()
        ),
        *(
            pytest.param(VERSION, {field: None}, RECORD_CHANGED, id=f"a record without its {field}")
            for field in VERSION_CHANGES
            if field != "artifact"
        ),
    ],
)
def test_a_change_is_refused(
    client: Client, body: dict[str, Any], patch: dict[str, Any], answer: str
) -> None:
    client.create(body)

    assert client.merge(body, {"spec": patch}).refusal == answer


@pytest.mark.parametrize(
    ("body", "patch"),
    [
        pytest.param(JOB, {"suspend": True}, id="a run is held"),
        pytest.param(JOB, {"suspend": None}, id="a run goes on"),
        pytest.param(JOB, {"ttlSecondsAfterFinished": 0}, id="a run is swept earlier"),
        pytest.param(JOB, {"ttlSecondsAfterFinished": None}, id="a run is kept"),
        pytest.param(
            VERSION, {"deletionPolicy": "Delete"}, id="a record takes its artifact with it"
        ),
    ],
)
def test_what_becomes_of_an_object_may_change(
    client: Client, body: dict[str, Any], patch: dict[str, Any]
) -> None:
    client.create(body)

    changed_once = client.merge(body, {"spec": patch})
    changed_back = client.merge(body, {"spec": {field: body["spec"].get(field) for field in patch}})

    assert (changed_once.refusal, changed_back.refusal) == ("", "")


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


def _fields(spec: type[Model]) -> set[str]:
    return {field.alias or name for name, field in spec.model_fields.items()}
