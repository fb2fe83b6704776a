"""What a ModelVersion may say."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from crd.cases import ABSENT, Case, example

SHA256 = "01234567" * 8
PROVENANCE = {
    "trainingJob": {"name": "flights", "uid": "0e984725", "generation": 1},
    "rows": {"train": 80, "holdout": 20},
    "parity": {"rows": 20, "maxAbsDiff": "1e-7", "flips": 0},
    "image": "trainer@sha256:0",
    "seed": 7,
    "specHash": SHA256,
}


EXAMPLE = example(
    "ModelVersion",
    "flight-delays-01234567",
    {
        "model": "flight-delays",
        "artifact": {
            "uri": "s3://models/team-a/flight-delays/" + SHA256,
            "sha256": SHA256,
            "sizeBytes": 1024,
        },
    },
)

CASES = {
    "the name is the model's and the digest's": Case(
        {"metadata.name": "flight-delays-76543210"},
        'metadata.name: Invalid value: "object": must be <spec.model>-<first 8 digits of spec.artifact.sha256>',
    ),
    "the name begins with the model's name": Case(
        {"spec.model": "other"},
        'metadata.name: Invalid value: "object": must be <spec.model>-<first 8 digits of spec.artifact.sha256>',
        accepted={"metadata.name": "other-01234567", "spec.model": "other"},
    ),
    "spec is required": Case({"spec": ABSENT}, "spec: Required value"),
    "there is no status": Case(
        {"status": {}},
        'ModelVersion in version "v1alpha1" cannot be handled as a ModelVersion: strict decoding error: unknown field "status"',
    ),
    "model starts with a letter and has no dots": Case(
        {"metadata.name": "1.a-01234567", "spec.model": "1.a"},
        "spec.model: Invalid value: \"1.a\": spec.model in body should match '^[a-z]([-a-z0-9]*[a-z0-9])?$'",
        accepted={"metadata.name": "a-1-01234567", "spec.model": "a-1"},
    ),
    "an artifact has a digest": Case(
        {"spec.artifact.sha256": ABSENT}, "spec.artifact.sha256: Required value"
    ),
    "a digest has 64 characters": Case(
        {"spec.artifact.sha256": "01234567"},
        'spec.artifact.sha256: Invalid value: "01234567": spec.artifact.sha256 in body should be at least 64 chars long',
    ),
    "a digest is lower-case hexadecimal": Case(
        {"spec.artifact.sha256": "01234567" * 7 + "0123456Z"},
        "spec.artifact.sha256: Invalid value: \"012345670123456701234567012345670123456701234567012345670123456Z\": spec.artifact.sha256 in body should match '^[0-9a-f]{64}$'",
    ),
    "an artifact is in a bucket": Case(
        {"spec.artifact.uri": "/models/a"},
        "spec.artifact.uri: Invalid value: \"/models/a\": spec.artifact.uri in body should match '^s3://[a-z0-9][a-z0-9.-]+/.+$'",
        accepted={"spec.artifact.uri": "s3://models/a"},
    ),
    "a size is not negative": Case(
        {"spec.artifact.sizeBytes": -1},
        "spec.artifact.sizeBytes: Invalid value: -1: spec.artifact.sizeBytes in body should be greater than or equal to 0",
        accepted={"spec.artifact.sizeBytes": 0},
    ),
    "the format is ONNX": Case(
        {"spec.artifact.format": "PMML"},
        'spec.artifact.format: Unsupported value: "PMML": supported values: "ONNX"',
        accepted={"spec.artifact.format": "ONNX"},
    ),
    "an operator set is a number from 1": Case(
        {"spec.artifact.opset": 0},
        "spec.artifact.opset: Invalid value: 0: spec.artifact.opset in body should be greater than or equal to 1",
        accepted={"spec.artifact.opset": 21},
    ),
    "an operator set is at most 1000": Case(
        {"spec.artifact.opset": 1001},
        "spec.artifact.opset: Invalid value: 1001: spec.artifact.opset in body should be less than or equal to 1000",
        accepted={"spec.artifact.opset": 1000},
    ),
    "an input has a name, a type and a shape": Case(
        {"spec.signature": {"inputs": [{"name": "origin"}], "outputs": []}},
        (
            "spec.signature.inputs[0].datatype: Required value\n"
            "spec.signature.inputs[0].shape: Required value"
        ),
        accepted={
            "spec.signature": {
                "inputs": [{"name": "origin", "datatype": "BYTES", "shape": [-1, 1]}],
                "outputs": [],
            }
        },
    ),
    "a shape has at most 8 dimensions": Case(
        {
            "spec.signature": {
                "inputs": [
                    {"name": "origin", "datatype": "BYTES", "shape": [-1, 1]} | {"shape": [1] * 9}
                ],
                "outputs": [],
            }
        },
        "spec.signature.inputs[0].shape: Too many: 9: must have at most 8 items",
        accepted={
            "spec.signature": {
                "inputs": [
                    {"name": "origin", "datatype": "BYTES", "shape": [-1, 1]} | {"shape": [1] * 8}
                ],
                "outputs": [],
            }
        },
    ),
    "there are at most 16 outputs": Case(
        {
            "spec.signature": {
                "inputs": [],
                "outputs": [{"name": "origin", "datatype": "BYTES", "shape": [-1, 1]}] * 17,
            }
        },
        "spec.signature.outputs: Too many: 17: must have at most 16 items",
        accepted={
            "spec.signature": {
                "inputs": [],
                "outputs": [{"name": "origin", "datatype": "BYTES", "shape": [-1, 1]}] * 16,
            }
        },
    ),
    "a metric has a value": Case(
        {"spec.metrics": [{"name": "roc_auc"}]},
        "spec.metrics[0].value: Required value",
        accepted={"spec.metrics": [{"name": "roc_auc", "value": "0.71"}]},
    ),
    "there are at most 64 metrics": Case(
        {"spec.metrics": [{"name": "m", "value": "1"}] * 65},
        "spec.metrics: Too many: 65: must have at most 64 items",
        accepted={"spec.metrics": [{"name": "m", "value": "1"}] * 64},
    ),
    "a provenance names its run": Case(
        {"spec.provenance": PROVENANCE, "spec.provenance.trainingJob": ABSENT},
        "spec.provenance.trainingJob: Required value",
        accepted={"spec.provenance": PROVENANCE},
    ),
    "a generation is a number from 1": Case(
        {"spec.provenance": PROVENANCE, "spec.provenance.trainingJob.generation": 0},
        "spec.provenance.trainingJob.generation: Invalid value: 0: spec.provenance.trainingJob.generation in body should be greater than or equal to 1",
        accepted={"spec.provenance": PROVENANCE},
    ),
    "rows are not negative": Case(
        {"spec.provenance": PROVENANCE, "spec.provenance.rows.train": -1},
        "spec.provenance.rows.train: Invalid value: -1: spec.provenance.rows.train in body should be greater than or equal to 0",
        accepted={"spec.provenance": PROVENANCE},
    ),
    "a store's addressing style is Path or Virtual": Case(
        {"spec.store": {"addressingStyle": "Auto"}},
        'spec.store.addressingStyle: Unsupported value: "Auto": supported values: "Path", "Virtual"',
        accepted={"spec.store": {"addressingStyle": "Virtual"}},
    ),
}
