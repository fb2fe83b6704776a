"""What a TrainingJob may say; a module for each part of its spec."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from crd import (
    training_job_data_cases,
    training_job_evaluation_cases,
    training_job_gate_cases,
    training_job_holdout_cases,
    training_job_running_cases,
    training_job_source_cases,
)
from crd.cases import ABSENT, Case, example

EXAMPLE = example(
    "TrainingJob",
    "flights",
    {
        "model": "flight-delays",
        "data": {
            "sources": [{"name": "flights", "uri": "s3://lake/flights.parquet"}],
            "label": "late",
            "holdout": {"strategy": "Fraction", "fraction": "0.2"},
        },
        "train": {"workflow": "xgboost-classifier"},
    },
)

CASES = {
    "the name has at most 63 characters, for it is the value of a label": Case(
        {"metadata.name": "a" * 64},
        'metadata.name: Invalid value: "object": must have at most 63 characters: it is the value of a label',
        accepted={"metadata.name": "a" * 63},
    ),
    "spec is required": Case({"spec": ABSENT}, "spec: Required value"),
    "an unknown field is refused, not ignored": Case(
        {"spec.data.lable": "late"},
        'TrainingJob in version "v1alpha1" cannot be handled as a TrainingJob: strict decoding error: unknown field "spec.data.lable"',
    ),
    "training pods are not spread": Case(
        {"spec.pod": {"topologySpreadConstraints": []}},
        'TrainingJob in version "v1alpha1" cannot be handled as a TrainingJob: strict decoding error: unknown field "spec.pod.topologySpreadConstraints"',
    ),
    "null is no value": Case({"spec.train.workflow": None}, "spec.train.workflow: Required value"),
    "model is required": Case({"spec.model": ABSENT}, "spec.model: Required value"),
    "model starts with a letter and has no dots": Case(
        {"spec.model": "1.a"},
        "spec.model: Invalid value: \"1.a\": spec.model in body should match '^[a-z]([-a-z0-9]*[a-z0-9])?$'",
        accepted={"spec.model": "a-1"},
    ),
    "model has at most 54 characters, so that a version's name fits 63": Case(
        {"spec.model": "m" * 55},
        "spec.model: Too long: may not be more than 54 bytes",
        accepted={"spec.model": "m" * 54},
    ),
    **training_job_source_cases.CASES,
    **training_job_data_cases.CASES,
    **training_job_holdout_cases.CASES,
    **training_job_evaluation_cases.CASES,
    **training_job_gate_cases.CASES,
    **training_job_running_cases.CASES,
}
