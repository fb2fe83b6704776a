"""What people and programs see of the kinds: installation, explain, columns, scale, selectors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from crd import model_deployment_cases, model_version_cases, training_job_cases
from crd.cases import changed

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from crd.client import Answer, Client

pytestmark = pytest.mark.crd

EXAMPLES = Path(__file__).parents[2] / "examples"
THEN = "2013-06-01T00:00:00Z"
SHA256 = model_version_cases.SHA256


def test_the_crds_install_without_a_warning(installed: dict[str, Answer]) -> None:
    assert {name: answer.warnings for name, answer in installed.items()} == {
        "checkrail.dev_modeldeployments.yaml": (),
        "checkrail.dev_modelversions.yaml": (),
        "checkrail.dev_trainingjobs.yaml": (),
    }


def test_the_kinds_are_established_and_structural(client: Client) -> None:
    crds = client.plane.get("crd")["items"]

    seen = {
        crd["spec"]["names"]["kind"]: {c["type"]: c["status"] for c in crd["status"]["conditions"]}
        for crd in crds
    }

    good = {"Established": "True", "NamesAccepted": "True"}
    assert seen == {"ModelDeployment": good, "ModelVersion": good, "TrainingJob": good}


@pytest.mark.parametrize(
    "field",
    [
        "tj.spec.data.holdout",
        "tj.spec.data.sources",
        "tj.spec.train",
        "tj.spec.evaluation",
        "tj.spec.evaluation.gates",
        "mdep.spec.rollout",
        "mv.spec",
    ],
)
def test_kubectl_explain_reads_well(
    client: Client, field: str, snapshot: SnapshotAssertion
) -> None:
    assert client.plane.kubectl("explain", field) == snapshot


def test_short_names_and_the_category_list_the_kinds(client: Client) -> None:
    listed = client.plane.kubectl(
        "api-resources", "--categories=checkrail", "--no-headers", "--output=wide"
    )

    assert [line.split()[:5] for line in listed.splitlines()] == [
        ["modeldeployments", "mdep", "checkrail.dev/v1alpha1", "true", "ModelDeployment"],
        ["modelversions", "mv", "checkrail.dev/v1alpha1", "true", "ModelVersion"],
        ["trainingjobs", "tj", "checkrail.dev/v1alpha1", "true", "TrainingJob"],
    ]


def test_a_deployment_is_scaled_like_any_other(client: Client) -> None:
    body = model_deployment_cases.EXAMPLE
    client.create(body)
    client.merge(
        body,
        {"status": {"replicas": 3, "selector": "checkrail.dev/owner=flight-delays"}},
        subresource="/status",
    )

    client.plane.kubectl("scale", "mdep/flight-delays", "--replicas=4")

    scale = client.plane.get("mdep", "flight-delays", "--subresource=scale")
    assert (scale["spec"], scale["status"]) == (
        {"replicas": 4},
        {"replicas": 3, "selector": "checkrail.dev/owner=flight-delays"},
    )


@pytest.mark.parametrize(
    ("kind", "selector", "names"),
    [
        pytest.param("TrainingJob", "spec.model=a", ["run-a"], id="runs of a model"),
        pytest.param("ModelVersion", "spec.model=a", ["a-01234567"], id="versions of a model"),
        pytest.param(
            "ModelVersion",
            f"spec.artifact.sha256={SHA256}",
            ["a-01234567", "b-01234567"],
            id="versions by digest",
        ),
        pytest.param(
            "ModelDeployment",
            "spec.model.follow.model=a",
            ["follows-a"],
            id="deployments that follow a model",
        ),
        pytest.param(
            "ModelDeployment",
            "spec.model.versionRef.name=a-01234567",
            ["pinned-a"],
            id="deployments pinned to a version",
        ),
    ],
)
def test_lists_are_narrowed_by_field(
    client: Client, kind: str, selector: str, names: list[str]
) -> None:
    for model in ("a", "b"):
        version = f"{model}-01234567"
        for body in (
            _named(training_job_cases.EXAMPLE, f"run-{model}", {"spec.model": model}),
            _named(model_version_cases.EXAMPLE, version, {"spec.model": model}),
            _named(
                model_deployment_cases.EXAMPLE,
                f"follows-{model}",
                {"spec.model.follow.model": model},
            ),
            _named(
                model_deployment_cases.EXAMPLE,
                f"pinned-{model}",
                {"spec.model": {"versionRef": {"name": version}}},
            ),
        ):
            assert client.create(body).refusal == ""

    assert client.names(kind, selector) == names


@pytest.mark.parametrize("wide", [pytest.param(False, id="narrow"), pytest.param(True, id="wide")])
def test_kubectl_get_shows_how_things_stand(
    client: Client,
    snapshot: SnapshotAssertion,
    wide: bool,  # noqa: FBT001 - the test's case
) -> None:
    job = training_job_cases.EXAMPLE
    deployment = model_deployment_cases.EXAMPLE
    client.create(job)
    client.create(
        changed(
            model_version_cases.EXAMPLE,
            {
                "spec.metrics": [{"name": "roc_auc", "value": "0.7123456"}],
                "spec.provenance": model_version_cases.PROVENANCE,
            },
        )
    )
    client.create(deployment)
    told = [
        client.merge(job, {"status": JOB_STATUS}, subresource="/status"),
        client.merge(deployment, {"status": DEPLOYMENT_STATUS}, subresource="/status"),
    ]

    table = client.plane.kubectl("get", "tj,mv,mdep", *(["--output=wide"] if wide else []))

    assert [answer.refusal for answer in told] == ["", ""]
    assert _without_ages(table) == snapshot


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_is_accepted(client: Client, path: Path) -> None:
    answers = [
        client.create(body, dry_run=True) for body in yaml.safe_load_all(path.read_text()) if body
    ]

    assert [(answer.code, answer.refusal, answer.warnings) for answer in answers] == [
        (201, "", ())
    ] * len(answers)
    assert answers


def _named(example: dict[str, Any], name: str, changes: dict[str, Any]) -> dict[str, Any]:
    return changed(example, {"metadata.name": name, **changes})


def _without_ages(table: str) -> str:
    """Return a table of kubectl with every age, and the room it takes, replaced."""
    return re.sub(r"\b(\d+[smhdy])+\b *", "<age> ", table)


def _condition(kind: str, status: str, reason: str, message: str) -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": THEN,
        "observedGeneration": 1,
    }


JOB_STATUS = {
    "observedGeneration": 1,
    "conditions": [
        _condition("Complete", "True", "Published", ""),
        _condition("Ready", "True", "Published", "roc_auc 0.7123 on 20 rows held out"),
    ],
    "attempts": [
        {"number": 1, "rung": 0, "startTime": THEN, "outcome": "Failed", "reason": "OOMKilled"},
        {"number": 2, "rung": 1, "startTime": THEN, "finishTime": THEN, "outcome": "Succeeded"},
    ],
    "progress": {"phase": "Publishing", "percent": 100, "summary": "100%"},
    "duration": "1m32s",
    "completionTime": THEN,
    "score": "roc_auc 0.7123",
    "modelVersion": "flight-delays-01234567",
    "artifact": {
        "uri": f"s3://models/team-a/flight-delays/{SHA256}",
        "sha256": SHA256,
        "sizeBytes": 1024,
    },
}
REVISION = {"sha256": SHA256, "image": "server:1", "replicas": 1, "readyReplicas": 1}
DEPLOYMENT_STATUS = {
    "observedGeneration": 1,
    "conditions": [
        _condition("Available", "True", "Serving", "1 of 1 pods answer"),
        _condition("Ready", "Unknown", "Canary", "25 % go to flight-delays-89abcdef"),
    ],
    "stable": REVISION | {"version": "flight-delays-01234567", "revision": "00000001"},
    "canary": REVISION
    | {
        "version": "flight-delays-89abcdef",
        "revision": "00000002",
        "step": 2,
        "weight": 25,
        "since": THEN,
    },
    "step": "2/3",
    "url": "http://flight-delays.example.com/",
    "replicas": 2,
}
