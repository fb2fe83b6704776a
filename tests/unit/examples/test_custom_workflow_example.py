"""Image, code and TrainingJob of the custom workflow name each other correctly."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

from checkrail_api.training_job import TrainingJobSpec

FOLDER = Path(__file__).parents[3] / "examples" / "custom-workflow"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
SPEC = TrainingJobSpec.model_validate(
    yaml.safe_load((FOLDER / "training-job.yaml").read_text())["spec"]
)


def test_the_image_is_made_from_the_trainers_and_keeps_its_path() -> None:
    assert re.search(r"^FROM checkrail\.dev/trainer:", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^ENV PYTHONPATH=\$PYTHONPATH:", DOCKERFILE, re.MULTILINE)
    assert not re.search(r"^(USER|ENTRYPOINT|CMD)", DOCKERFILE, re.MULTILINE)


def test_the_class_of_the_job_is_where_the_image_has_it() -> None:
    module, _, name = SPEC.train.workflow.partition(":")
    package, _, path = module.partition(".")
    copied = re.search(r"^COPY (\S+) (\S+)/(\S+)$", DOCKERFILE, re.MULTILINE)
    tree = ast.parse((FOLDER / package / f"{path}.py").read_text())

    assert copied
    assert copied.groups() == (package, "/opt/workflows", package)
    assert "PYTHONPATH=$PYTHONPATH:/opt/workflows" in DOCKERFILE
    assert name in {each.name for each in tree.body if isinstance(each, ast.ClassDef)}


def test_the_job_runs_the_image_that_the_dockerfile_says_to_build() -> None:
    assert SPEC.pod
    assert f"--tag {SPEC.pod.image} examples/custom-workflow" in DOCKERFILE
