"""What a TrainingJob may demand of a model before it is published."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from crd.cases import Case

CASES = {
    "a gate has a bound": Case(
        {"spec.evaluation.gates": [{"metric": "roc_auc"}]},
        'spec.evaluation.gates[0]: Invalid value: "object": must hold exactly one of min, max and notWorseThan',
        accepted={"spec.evaluation.gates": [{"metric": "roc_auc", "min": "0.7"}]},
    ),
    "a gate has one bound": Case(
        {"spec.evaluation.gates": [{"metric": "roc_auc", "min": "0.7", "max": "0.9"}]},
        'spec.evaluation.gates[0]: Invalid value: "object": must hold exactly one of min, max and notWorseThan',
        accepted={
            "spec.evaluation.gates": [
                {"metric": "roc_auc", "min": "0.7"},
                {"metric": "roc_auc", "max": "0.9"},
            ]
        },
    ),
    "a gate's metric is one of the closed set": Case(
        {"spec.evaluation.gates": [{"metric": "auc", "min": "0.7"}]},
        'spec.evaluation.gates[0].metric: Unsupported value: "auc": supported values: "roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "f1", "rmse", "mae", "r2"',
        accepted={"spec.evaluation.gates": [{"metric": "log_loss", "max": "0.5"}]},
    ),
    "a bound is text, so that every client reads the same figure": Case(
        {"spec.evaluation.gates": [{"metric": "roc_auc", "min": 0.7}]},
        'spec.evaluation.gates[0].min: Invalid value: "number": spec.evaluation.gates[0].min in body must be of type string: "number"',
        accepted={"spec.evaluation.gates": [{"metric": "roc_auc", "min": "0.7"}]},
    ),
    "a bound is a decimal number, negative ones too": Case(
        {"spec.evaluation.gates": [{"metric": "roc_auc", "min": "70%"}]},
        "spec.evaluation.gates[0].min: Invalid value: \"70%\": spec.evaluation.gates[0].min in body should match '^-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$'",
        accepted={"spec.evaluation.gates": [{"metric": "roc_auc", "min": "-1e-3"}]},
    ),
    "notWorseThan is Serving or the name of a ModelVersion": Case(
        {"spec.evaluation.gates": [{"metric": "roc_auc", "notWorseThan": "serving"}]},
        "spec.evaluation.gates[0].notWorseThan: Invalid value: \"serving\": spec.evaluation.gates[0].notWorseThan in body should match '^(Serving|[a-z]([-a-z0-9]*[a-z0-9])?-[0-9a-f]{8})$'",
        accepted={
            "spec.evaluation.gates": [
                {"metric": "roc_auc", "notWorseThan": "Serving"},
                {"metric": "roc_auc", "notWorseThan": "flight-delays-3f9a1c20"},
            ]
        },
    ),
    "margin belongs to notWorseThan": Case(
        {"spec.evaluation.gates": [{"metric": "roc_auc", "min": "0.7", "margin": "0.01"}]},
        'spec.evaluation.gates[0].margin: Invalid value: "object": margin belongs to notWorseThan',
        accepted={
            "spec.evaluation.gates": [
                {"metric": "roc_auc", "notWorseThan": "Serving", "margin": "0.01"}
            ]
        },
    ),
    "margin is not negative": Case(
        {
            "spec.evaluation.gates": [
                {"metric": "roc_auc", "notWorseThan": "Serving", "margin": "-0.01"}
            ]
        },
        "spec.evaluation.gates[0].margin: Invalid value: \"-0.01\": spec.evaluation.gates[0].margin in body should match '^[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$'",
        accepted={
            "spec.evaluation.gates": [
                {"metric": "roc_auc", "notWorseThan": "Serving", "margin": "0"}
            ]
        },
    ),
    "there are at most 16 gates": Case(
        {"spec.evaluation.gates": [{"metric": "roc_auc", "min": "0.7"}] * 17},
        "spec.evaluation.gates: Too many: 17: must have at most 16 items",
        accepted={"spec.evaluation.gates": [{"metric": "roc_auc", "min": "0.7"}] * 16},
    ),
}
