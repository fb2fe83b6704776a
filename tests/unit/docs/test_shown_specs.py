"""YAML that the pages show is what the programs take, and what the examples that they name hold."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from checkrail_api.decision_log import DecisionLog
from checkrail_api.training_job import TrainingJobSpec
from checkrail_operator.observe.resolve import resolve
from checkrail_operator.plan.types import Defaults

ROOT = Path(__file__).parents[3]
EXAMPLE = yaml.safe_load((ROOT / "examples" / "flight-delays-2013q1.yaml").read_text())["spec"]


def blocks(page: str) -> list[Any]:
    """Return the YAML of a page, in its order."""
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)
    return [yaml.safe_load(each) for each in shown]


def test_the_shown_defaults_open_sources_and_store_with_the_same_secret() -> None:
    [defaults] = [each["defaults"] for each in blocks("docs/install.md") if "defaults" in each]
    data = {
        "sources": [{"name": "flights", "uri": "s3://lake/flights.parquet"}],
        "label": "late",
        "holdout": {"strategy": "Fraction", "fraction": "0.2"},
    }
    body = {"model": "m", "data": data, "train": {"workflow": "linear-regression"}}

    run = resolve(
        body,
        Defaults(
            "trainer", "server", store=defaults["store"], object_store=defaults["objectStore"]
        ),
    )

    assert run.data.object_store is not None
    assert run.data.object_store.dump() == defaults["objectStore"]
    assert run.store.dump() == {**defaults["objectStore"], **defaults["store"]}


@pytest.mark.parametrize("page", ["README.md", "docs/training.md"])
def test_shown_gates_are_those_of_the_example_that_the_page_names(page: str) -> None:
    [evaluation] = [
        found
        for each in blocks(page)
        if (found := each.get("spec", each).get("evaluation")) is not None
    ]

    assert evaluation["gates"] == EXAMPLE["evaluation"]["gates"]


def test_the_shown_decision_log_is_one() -> None:
    [shown] = blocks("docs/decision-log.md")

    log = DecisionLog.model_validate(shown["spec"]["server"]["decisionLog"])
    assert log.dump() == shown["spec"]["server"]["decisionLog"]


def test_the_shape_of_a_run_is_a_run_whose_sources_have_a_secret() -> None:
    [shown] = [each["spec"] for each in blocks("README.md") if each["kind"] == "TrainingJob"]

    store = TrainingJobSpec.model_validate(shown).data.object_store

    assert store is not None
    assert store.dump() == {"credentialsSecretRef": {"name": "s3"}}
