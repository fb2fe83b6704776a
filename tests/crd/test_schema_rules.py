"""Every rule by one accepted and one refused object, on the real API server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from checkrail_api.model_deployment import ModelDeploymentSpec
from checkrail_api.model_version import ModelVersionSpec
from checkrail_api.training_job import TrainingJobSpec
from crd import (
    model_deployment_cases,
    model_deployment_check_cases,
    model_deployment_shadow_cases,
    model_version_cases,
    placement_cases,
    training_job_cases,
)
from crd.cases import Case, changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkrail_api.model import Model
    from crd.client import Client

pytestmark = pytest.mark.crd

CRDS = Path(__file__).parents[2] / "crds"
TABLES: dict[str, tuple[dict[str, Any], dict[str, Case]]] = {
    "ModelDeployment": (
        model_deployment_cases.EXAMPLE,
        {
            **model_deployment_cases.CASES,
            **model_deployment_check_cases.CASES,
            **model_deployment_shadow_cases.CASES,
            **placement_cases.CASES,
        },
    ),
    "ModelVersion": (model_version_cases.EXAMPLE, model_version_cases.CASES),
    "TrainingJob": (
        training_job_cases.EXAMPLE,
        {**training_job_cases.CASES, **placement_cases.CASES},
    ),
}
SPECS: dict[str, type[Model]] = {
    "ModelDeployment": ModelDeploymentSpec,
    "ModelVersion": ModelVersionSpec,
    "TrainingJob": TrainingJobSpec,
}
ROWS = [
    pytest.param(kind, case, id=f"{kind}: {sentence}")
    for kind, (_, cases) in TABLES.items()
    for sentence, case in cases.items()
]


@pytest.mark.parametrize(("kind", "case"), ROWS)
def test_what_a_rule_refuses_is_answered_with_what_must_be(
    client: Client, kind: str, case: Case
) -> None:
    body = changed(TABLES[kind][0], case.refused)

    answer = client.create(body, dry_run=True)

    assert answer.refusal == case.answer


@pytest.mark.parametrize(("kind", "case"), ROWS)
def test_what_a_rule_allows_is_accepted_and_can_be_read_by_the_operator(
    client: Client, kind: str, case: Case
) -> None:
    body = changed(TABLES[kind][0], case.accepted)

    answer = client.create(body, dry_run=True)

    assert (answer.code, answer.refusal, answer.warnings) == (201, "", ())
    SPECS[kind].model_validate(answer.body["spec"])


@pytest.mark.parametrize("kind", TABLES)
def test_what_users_leave_out_is_filled_in_as_the_models_would(client: Client, kind: str) -> None:
    example = TABLES[kind][0]

    stored = client.create(example, dry_run=True).body["spec"]

    assert SPECS[kind].model_validate(stored) == SPECS[kind].model_validate(example["spec"])


IMMUTABLE = {
    "a run is never changed, but for suspend and ttlSecondsAfterFinished: create a new TrainingJob",
    "a ModelVersion is a record and never changes, but for deletionPolicy: create another one",
}
"""Rules on updates, which test_immutability.py has rows for."""


def test_every_rule_has_a_row() -> None:
    """A CEL rule in its own kind; a pattern or a closed set in any, for kinds share types."""
    answers = {
        kind: "\n".join(c.answer for c in cases.values()) for kind, (_, cases) in TABLES.items()
    }
    everything = "\n".join(answers.values())
    without = {
        *(
            text
            for kind in TABLES
            for text in _messages(_schema(kind))
            if text not in answers[kind]
        ),
        *(text for kind in TABLES for text in _closed(_spec(kind)) if text not in everything),
    }

    assert without == IMMUTABLE


def _schema(kind: str) -> dict[str, Any]:
    crd = yaml.safe_load((CRDS / f"checkrail.dev_{kind.lower()}s.yaml").read_text())
    schema: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def _spec(kind: str) -> dict[str, Any]:
    spec: dict[str, Any] = _schema(kind)["properties"]["spec"]
    return spec


def _messages(schema: dict[str, Any]) -> Iterator[str]:
    for node in _nodes(schema):
        yield from (rule["message"] for rule in node.get("x-kubernetes-validations", []))


def _closed(schema: dict[str, Any]) -> Iterator[str]:
    """Yield every pattern and closed set as the API server words it."""
    for node in _nodes(schema):
        if "pattern" in node:
            yield f"should match '{node['pattern']}'"
        if "enum" in node:
            yield "supported values: " + ", ".join(f'"{value}"' for value in node["enum"])


def _nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for below in schema.get("properties", {}).values():
        yield from _nodes(below)
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from _nodes(schema[key])
