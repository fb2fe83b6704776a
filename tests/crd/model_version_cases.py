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
COMPONENT = {
    "name": "model.onnx",
    "mediaType": "application/vnd.onnx.model",
    "sha256": SHA256,
    "sizeBytes": 1024,
}
FEATURE = {"name": "origin", "datatype": "BYTES", "nullRate": "0"}
SCORES = {"output": "probabilities", "edges": ["0.1", "0.5"]}
GATE = {"metric": "roc_auc", "bound": "min 0.70", "passed": True, "value": "0.7123"}

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
    "a component has a path, a type, a digest and a size": Case(
        {"spec.components": [{"name": "model.onnx"}]},
        (
            "spec.components[0].mediaType: Required value\n"
            "spec.components[0].sha256: Required value\n"
            "spec.components[0].sizeBytes: Required value"
        ),
        accepted={"spec.components": [COMPONENT]},
    ),
    "a component's digest is lower-case hexadecimal": Case(
        {"spec.components": [COMPONENT | {"sha256": SHA256[:-1] + "F"}]},
        f"spec.components[0].sha256: Invalid value: \"{SHA256[:-1]}F\": spec.components[0].sha256 in body should match '^[0-9a-f]{{64}}$'",
        accepted={"spec.components": [COMPONENT]},
    ),
    "there are at most 64 components": Case(
        {"spec.components": [COMPONENT] * 65},
        "spec.components: Too many: 65: must have at most 64 items",
        accepted={"spec.components": [COMPONENT] * 64},
    ),
    "a feature has a datatype and a share of missing values": Case(
        {"spec.features": [{"name": "origin"}]},
        ("spec.features[0].datatype: Required value\nspec.features[0].nullRate: Required value"),
        accepted={"spec.features": [FEATURE]},
    ),
    "a feature's origin is a column of a source": Case(
        {"spec.features": [FEATURE | {"origin": {"source": "flights"}}]},
        "spec.features[0].origin.column: Required value",
        accepted={
            "spec.features": [FEATURE | {"origin": {"source": "flights", "column": "origin"}}]
        },
    ),
    "a feature tells at most 50 categories": Case(
        {"spec.features": [FEATURE | {"categories": ["EWR"] * 51}]},
        "spec.features[0].categories: Too many: 51: must have at most 50 items",
        accepted={"spec.features": [FEATURE | {"categories": ["EWR"] * 50, "categoryCount": 105}]},
    ),
    "scores have an output and edges": Case(
        {"spec.scores": {}},
        "spec.scores.output: Required value\nspec.scores.edges: Required value",
        accepted={"spec.scores": SCORES},
    ),
    "an edge is a decimal number": Case(
        {"spec.scores": SCORES | {"edges": ["NaN"]}},
        "spec.scores.edges[0]: Invalid value: \"NaN\": spec.scores.edges[0] in body should match '^-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$'",
        accepted={"spec.scores": SCORES | {"edges": ["-1.5", "-1e-05", "0", "2e+20"]}},
    ),
    "edges increase": Case(
        {"spec.scores": SCORES | {"edges": ["10", "9"]}},
        'spec.scores.edges: Invalid value: "object": edges must increase',
        accepted={"spec.scores": SCORES | {"edges": ["9", "10"]}},
    ),
    "scores have an edge": Case(
        {"spec.scores": SCORES | {"edges": []}},
        "spec.scores.edges: Invalid value: 0: spec.scores.edges in body should have at least 1 items",
        accepted={"spec.scores": SCORES | {"edges": ["0.5"]}},
    ),
    "there are at most 256 edges": Case(
        {"spec.scores": SCORES | {"edges": [str(n) for n in range(257)]}},
        "spec.scores.edges: Too many: 257: must have at most 256 items",
        accepted={"spec.scores": SCORES | {"edges": [str(n) for n in range(256)]}},
    ),
    "there are at most 512 features": Case(
        {"spec.features": [FEATURE] * 513},
        "spec.features: Too many: 513: must have at most 512 items",
        accepted={"spec.features": [FEATURE] * 512},
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
    "a slice's rows are not negative": Case(
        {"spec.metrics": [{"name": "roc_auc", "value": "0.7", "slice": "origin=EWR", "rows": -1}]},
        "spec.metrics[0].rows: Invalid value: -1: spec.metrics[0].rows in body should be greater than or equal to 0",
        accepted={
            "spec.metrics": [
                {"name": "roc_auc", "value": "0.7", "slice": "origin=EWR", "rows": 900},
                {
                    "name": "roc_auc",
                    "value": "",
                    "slice": "origin=LGA",
                    "rows": 3,
                    "note": "too few",
                },
            ]
        },
    ),
    "a gate tells its bound, the figure and how it ended": Case(
        {"spec.gates": [{"metric": "roc_auc"}]},
        (
            "spec.gates[0].bound: Required value\n"
            "spec.gates[0].passed: Required value\n"
            "spec.gates[0].value: Required value"
        ),
        accepted={"spec.gates": [GATE]},
    ),
    "an interval has two ends": Case(
        {"spec.gates": [GATE | {"interval": ["0", "0.1", "0.2"]}]},
        "spec.gates[0].interval: Too many: 3: must have at most 2 items",
        accepted={"spec.gates": [GATE | {"interval": ["-0.01", "0.1"]}]},
    ),
    "there are at most 64 gates": Case(
        {"spec.gates": [GATE] * 65},
        "spec.gates: Too many: 65: must have at most 64 items",
        accepted={"spec.gates": [GATE] * 64},
    ),
    "a filter tells the rows that it left": Case(
        {"spec.provenance": PROVENANCE | {"filters": [{"column": "month", "op": "LtEq"}]}},
        "spec.provenance.filters[0].rows: Required value",
        accepted={
            "spec.provenance": PROVENANCE
            | {"filters": [{"column": "month", "op": "LtEq", "rows": 77911}]}
        },
    ),
    "a run has a worker": Case(
        {"spec.provenance": PROVENANCE | {"workers": 0}},
        "spec.provenance.workers: Invalid value: 0: spec.provenance.workers in body should be greater than or equal to 1",
        accepted={"spec.provenance": PROVENANCE | {"workers": 1}},
    ),
    "a worker saw all rows": Case(
        {"spec.provenance": PROVENANCE | {"shardRule": "half"}},
        'spec.provenance.shardRule: Unsupported value: "half": supported values: "all"',
        accepted={"spec.provenance": PROVENANCE | {"shardRule": "all"}},
    ),
    "a worker has a thread": Case(
        {"spec.provenance": PROVENANCE | {"threads": 0}},
        "spec.provenance.threads: Invalid value: 0: spec.provenance.threads in body should be greater than or equal to 1",
        accepted={"spec.provenance": PROVENANCE | {"threads": 2}},
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
    "deletionPolicy is Retain or Delete": Case(
        {"spec.deletionPolicy": "Keep"},
        'spec.deletionPolicy: Unsupported value: "Keep": supported values: "Retain", "Delete"',
        accepted={"spec.deletionPolicy": "Delete"},
    ),
    "a store's certificate authorities are in a ConfigMap": Case(
        {"spec.store": {"caConfigMapRef": {"name": "CA"}}},
        "spec.store.caConfigMapRef.name: Invalid value: \"CA\": spec.store.caConfigMapRef.name in body should match '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'",
        accepted={"spec.store": {"caConfigMapRef": {"name": "ca"}}},
    ),
}
