"""What a TrainingJob may say."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from crd.cases import ABSENT, Case, example


def _sources(count: int) -> list[dict[str, str]]:
    return [{"name": name, "uri": "s3://lake/a.csv"} for name in _names(count)]


def _names(count: int) -> list[str]:
    return [f"f{number}" for number in range(count)]


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
    "backoffLimit is a whole number": Case(
        {"spec.backoffLimit": "3"},
        'spec.backoffLimit: Invalid value: "string": spec.backoffLimit in body must be of type integer: "string"',
        accepted={"spec.backoffLimit": 0},
    ),
    "backoffLimit is not negative": Case(
        {"spec.backoffLimit": -1},
        "spec.backoffLimit: Invalid value: -1: spec.backoffLimit in body should be greater than or equal to 0",
        accepted={"spec.backoffLimit": 0},
    ),
    "backoffLimit is at most 20": Case(
        {"spec.backoffLimit": 21},
        "spec.backoffLimit: Invalid value: 21: spec.backoffLimit in body should be less than or equal to 20",
        accepted={"spec.backoffLimit": 20},
    ),
    "activeDeadlineSeconds is at least 10": Case(
        {"spec.activeDeadlineSeconds": 9},
        "spec.activeDeadlineSeconds: Invalid value: 9: spec.activeDeadlineSeconds in body should be greater than or equal to 10",
        accepted={"spec.activeDeadlineSeconds": 10},
    ),
    "activeDeadlineSeconds is at most a week": Case(
        {"spec.activeDeadlineSeconds": 604801},
        "spec.activeDeadlineSeconds: Invalid value: 604801: spec.activeDeadlineSeconds in body should be less than or equal to 604800",
        accepted={"spec.activeDeadlineSeconds": 604800},
    ),
    "there is a source": Case(
        {"spec.data.sources": []},
        "spec.data.sources: Invalid value: 0: spec.data.sources in body should have at least 1 items",
    ),
    "there are at most 32 sources": Case(
        {"spec.data.query": "SELECT 1", "spec.data.sources": _sources(33)},
        "spec.data.sources: Too many: 33: must have at most 32 items",
        accepted={"spec.data.query": "SELECT 1", "spec.data.sources": _sources(32)},
    ),
    "names of sources differ": Case(
        {"spec.data.query": "SELECT 1", "spec.data.sources": _sources(1) * 2},
        'spec.data.sources[1]: Duplicate value: {"name":"f0"}',
        accepted={"spec.data.query": "SELECT 1", "spec.data.sources": _sources(2)},
    ),
    "a source's name is a table's name in SQL": Case(
        {"spec.data.sources.0.name": "Flights-2013"},
        "spec.data.sources[0].name: Invalid value: \"Flights-2013\": spec.data.sources[0].name in body should match '^[a-z_][a-z0-9_]*$'",
        accepted={"spec.data.sources.0.name": "_flights_2013"},
    ),
    "a source's uri names a bucket and a key": Case(
        {"spec.data.sources.0.uri": "https://lake/flights.csv"},
        "spec.data.sources[0].uri: Invalid value: \"https://lake/flights.csv\": spec.data.sources[0].uri in body should match '^s3://[a-z0-9][a-z0-9.-]+/.+$'",
        accepted={"spec.data.sources.0.uri": "s3://lake/2013/*.csv.gz"},
    ),
    "a source's suffix is its format": Case(
        {"spec.data.sources.0.uri": "s3://lake/flights.xlsx"},
        'spec.data.sources[0].uri: Invalid value: "object": must end in .parquet, .csv or .csv.gz: the suffix is the format',
        accepted={"spec.data.sources.0.uri": "s3://lake/flights.csv"},
    ),
    "two sources need a query": Case(
        {"spec.data.sources": _sources(2)},
        "spec.data.query: Required value: query is needed with more than one source: it says how they join",
        accepted={"spec.data.query": "SELECT 1", "spec.data.sources": _sources(2)},
    ),
    "query is not empty": Case(
        {"spec.data.query": ""},
        'spec.data.query: Invalid value: "": spec.data.query in body should be at least 1 chars long',
        accepted={"spec.data.query": "SELECT 1"},
    ),
    "query has at most 16 KiB": Case(
        {"spec.data.query": "q" * 16_385},
        "spec.data.query: Too long: may not be more than 16384 bytes",
        accepted={"spec.data.query": "q" * 16_384},
    ),
    "an endpoint is a URL without a path": Case(
        {"spec.data.objectStore": {"endpoint": "s3.default.svc/lake"}},
        "spec.data.objectStore.endpoint: Invalid value: \"s3.default.svc/lake\": spec.data.objectStore.endpoint in body should match '^https?://[^/]+$'",
        accepted={"spec.data.objectStore": {"endpoint": "http://s3.default.svc:9000"}},
    ),
    "addressingStyle is Path or Virtual": Case(
        {"spec.data.objectStore": {"addressingStyle": "path"}},
        'spec.data.objectStore.addressingStyle: Unsupported value: "path": supported values: "Path", "Virtual"',
        accepted={"spec.data.objectStore": {"addressingStyle": "Path"}},
    ),
    "region is not empty": Case(
        {"spec.data.objectStore": {"region": ""}},
        'spec.data.objectStore.region: Invalid value: "": spec.data.objectStore.region in body should be at least 1 chars long',
        accepted={"spec.data.objectStore": {"region": "us-east-1"}},
    ),
    "a reference to a Secret has a name": Case(
        {"spec.data.objectStore": {"credentialsSecretRef": {}}},
        "spec.data.objectStore.credentialsSecretRef.name: Required value",
        accepted={"spec.data.objectStore": {"credentialsSecretRef": {"name": "s3"}}},
    ),
    "a Secret's name is a DNS subdomain": Case(
        {"spec.data.objectStore": {"credentialsSecretRef": {"name": "S3_keys"}}},
        "spec.data.objectStore.credentialsSecretRef.name: Invalid value: \"S3_keys\": spec.data.objectStore.credentialsSecretRef.name in body should match '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$'",
        accepted={"spec.data.objectStore": {"credentialsSecretRef": {"name": "s3.keys"}}},
    ),
    "a Secret of another namespace cannot be named": Case(
        {"spec.data.objectStore": {"credentialsSecretRef": {"name": "s3", "namespace": "other"}}},
        'TrainingJob in version "v1alpha1" cannot be handled as a TrainingJob: strict decoding error: unknown field "spec.data.objectStore.credentialsSecretRef.namespace"',
        accepted={"spec.data.objectStore": {"credentialsSecretRef": {"name": "s3"}}},
    ),
    "a filter with In has values": Case(
        {"spec.data.filters": [{"column": "origin", "op": "In", "value": "EWR"}]},
        'spec.data.filters[0]: Invalid value: "object": op In and NotIn take values, a list, and no value',
        accepted={
            "spec.data.filters": [{"column": "origin", "op": "In", "values": ["EWR", "JFK"]}]
        },
    ),
    "a filter with IsNull has no value": Case(
        {"spec.data.filters": [{"column": "origin", "op": "NotNull", "value": "EWR"}]},
        'spec.data.filters[0]: Invalid value: "object": op IsNull and NotNull take neither value nor values',
        accepted={"spec.data.filters": [{"column": "origin", "op": "IsNull"}]},
    ),
    "a filter with LtEq has one value": Case(
        {"spec.data.filters": [{"column": "month", "op": "LtEq", "values": [6]}]},
        'spec.data.filters[0]: Invalid value: "object": op Eq, NotEq, Gt, GtEq, Lt and LtEq take one value and no values',
        accepted={"spec.data.filters": [{"column": "month", "op": "LtEq", "value": 6}]},
    ),
    "a filter's value is a whole number or text": Case(
        {"spec.data.filters": [{"column": "month", "op": "Lt", "value": 0.5}]},
        (
            'spec.data.filters[0].value: Invalid value: "number": spec.data.filters[0].value in body must be of type integer,string: "number"\n'
            '<nil>: Invalid value: "": "spec.data.filters[0].value" must validate at least one schema (anyOf)\n'
            'spec.data.filters[0].value: Invalid value: "number": spec.data.filters[0].value in body must be of type integer: "number"'
        ),
        accepted={"spec.data.filters": [{"column": "month", "op": "Lt", "value": "0.5"}]},
    ),
    "a filter's op is one of the closed set": Case(
        {"spec.data.filters": [{"column": "month", "op": "<=", "value": 6}]},
        'spec.data.filters[0].op: Unsupported value: "<=": supported values: "Eq", "NotEq", "Gt", "GtEq", "Lt", "LtEq", "In", "NotIn", "IsNull", "NotNull"',
        accepted={"spec.data.filters": [{"column": "month", "op": "NotEq", "value": 6}]},
    ),
    "a filter names a column": Case(
        {"spec.data.filters": [{"column": "", "op": "IsNull"}]},
        'spec.data.filters[0].column: Invalid value: "": spec.data.filters[0].column in body should be at least 1 chars long',
        accepted={"spec.data.filters": [{"column": "m", "op": "IsNull"}]},
    ),
    "values are not empty": Case(
        {"spec.data.filters": [{"column": "m", "op": "In", "values": []}]},
        "spec.data.filters[0].values: Invalid value: 0: spec.data.filters[0].values in body should have at least 1 items",
        accepted={"spec.data.filters": [{"column": "m", "op": "In", "values": [1]}]},
    ),
    "there are at most 64 values": Case(
        {"spec.data.filters": [{"column": "m", "op": "In", "values": list(range(65))}]},
        "spec.data.filters[0].values: Too many: 65: must have at most 64 items",
        accepted={"spec.data.filters": [{"column": "m", "op": "In", "values": list(range(64))}]},
    ),
    "there are at most 32 filters": Case(
        {"spec.data.filters": [{"column": "m", "op": "IsNull"}] * 33},
        "spec.data.filters: Too many: 33: must have at most 32 items",
        accepted={"spec.data.filters": [{"column": "m", "op": "IsNull"}] * 32},
    ),
    "label is required": Case({"spec.data.label": ABSENT}, "spec.data.label: Required value"),
    "a column's name has at most 128 characters": Case(
        {"spec.data.label": "l" * 129},
        "spec.data.label: Too long: may not be more than 128 bytes",
        accepted={"spec.data.label": "l" * 128},
    ),
    "label is not a feature": Case(
        {"spec.data.features": ["origin", "late"]},
        'spec.data.features: Invalid value: "object": must not hold the label',
        accepted={"spec.data.features": ["origin"]},
    ),
    "key is not a feature": Case(
        {"spec.data.key": "id", "spec.data.features": ["id"]},
        'spec.data.features: Invalid value: "object": must not hold the key',
        accepted={"spec.data.key": "id", "spec.data.features": ["origin"]},
    ),
    "key is not the label": Case(
        {"spec.data.key": "late"},
        'spec.data.key: Invalid value: "object": must not be the label',
        accepted={"spec.data.key": "id"},
    ),
    "features differ": Case(
        {"spec.data.features": ["a", "a"]},
        'spec.data.features[1]: Duplicate value: "a"',
        accepted={"spec.data.features": ["a", "b"]},
    ),
    "features are not an empty list": Case(
        {"spec.data.features": []},
        "spec.data.features: Invalid value: 0: spec.data.features in body should have at least 1 items",
        accepted={"spec.data.features": ["a"]},
    ),
    "there are at most 512 features": Case(
        {"spec.data.features": _names(513)},
        "spec.data.features: Too many: 513: must have at most 512 items",
        accepted={"spec.data.features": _names(512)},
    ),
    "holdout is required": Case({"spec.data.holdout": ABSENT}, "spec.data.holdout: Required value"),
    "strategy is DateRange or Fraction": Case(
        {"spec.data.holdout": {"strategy": "Random"}},
        'spec.data.holdout.strategy: Unsupported value: "Random": supported values: "DateRange", "Fraction"',
    ),
    "strategy DateRange needs from": Case(
        {"spec.data.timeColumn": "t", "spec.data.holdout": {"strategy": "DateRange"}},
        'spec.data.holdout: Invalid value: "object": strategy DateRange needs from; from and to belong to DateRange only',
        accepted={
            "spec.data.timeColumn": "t",
            "spec.data.holdout": {"strategy": "DateRange", "from": "2013-03-01"},
        },
    ),
    "strategy DateRange needs timeColumn": Case(
        {"spec.data.holdout": {"strategy": "DateRange", "from": "2013-03-01"}},
        "spec.data.timeColumn: Required value: holdout strategy DateRange needs timeColumn",
        accepted={
            "spec.data.timeColumn": "t",
            "spec.data.holdout": {
                "strategy": "DateRange",
                "from": "2013-03-01",
                "to": "2013-04-01",
            },
        },
    ),
    "to belongs to DateRange": Case(
        {"spec.data.holdout.to": "2013-04-01"},
        'spec.data.holdout: Invalid value: "object": strategy DateRange needs from; from and to belong to DateRange only',
    ),
    "from is a date or an instant": Case(
        {
            "spec.data.timeColumn": "t",
            "spec.data.holdout": {"strategy": "DateRange", "from": "March 2013"},
        },
        "spec.data.holdout.from: Invalid value: \"March 2013\": spec.data.holdout.from in body should match '^\\d{4}-\\d{2}-\\d{2}([T ]\\d{2}:\\d{2}(:\\d{2})?(Z|[+-]\\d{2}:\\d{2})?)?$'",
        accepted={
            "spec.data.timeColumn": "t",
            "spec.data.holdout": {"strategy": "DateRange", "from": "2013-03-01T05:30+01:00"},
        },
    ),
    "strategy Fraction needs fraction": Case(
        {"spec.data.holdout": {"strategy": "Fraction"}},
        'spec.data.holdout: Invalid value: "object": strategy Fraction needs fraction, and fraction belongs to Fraction only',
        accepted={"spec.data.holdout": {"strategy": "Fraction", "fraction": "0.1"}},
    ),
    "fraction belongs to Fraction": Case(
        {
            "spec.data.timeColumn": "t",
            "spec.data.holdout": {"strategy": "DateRange", "from": "2013-03-01", "fraction": "0.1"},
        },
        'spec.data.holdout: Invalid value: "object": strategy Fraction needs fraction, and fraction belongs to Fraction only',
        accepted={
            "spec.data.timeColumn": "t",
            "spec.data.holdout": {"strategy": "DateRange", "from": "2013-03-01"},
        },
    ),
    "fraction is less than 1": Case(
        {"spec.data.holdout.fraction": "1.0"},
        'spec.data.holdout.fraction: Invalid value: "object": must be greater than 0 and less than 1',
        accepted={"spec.data.holdout.fraction": "0.999"},
    ),
    "fraction is greater than 0": Case(
        {"spec.data.holdout.fraction": "0"},
        'spec.data.holdout.fraction: Invalid value: "object": must be greater than 0 and less than 1',
        accepted={"spec.data.holdout.fraction": "1e-3"},
    ),
    "fraction is text, so that every client reads the same figure": Case(
        {"spec.data.holdout.fraction": 0.25},
        'spec.data.holdout.fraction: Invalid value: "number": spec.data.holdout.fraction in body must be of type string: "number"',
        accepted={"spec.data.holdout.fraction": "0.25"},
    ),
    "fraction is a decimal number": Case(
        {"spec.data.holdout.fraction": "20%"},
        "spec.data.holdout.fraction: Invalid value: \"20%\": spec.data.holdout.fraction in body should match '^[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$'",
        accepted={"spec.data.holdout.fraction": "0.25"},
    ),
    "workflow is one of the built-in ones": Case(
        {"spec.train.workflow": "xgboost"},
        'spec.train.workflow: Unsupported value: "xgboost": supported values: "xgboost-classifier", "logistic-regression"',
        accepted={"spec.train.workflow": "logistic-regression"},
    ),
    "params are an object": Case(
        {"spec.train.params": ["max_depth"]},
        'spec.train.params: Invalid value: "array": spec.train.params in body must be of type object: "array"',
        accepted={
            "spec.train.params": {
                "max_depth": 6,
                "learning_rate": 0.1,
                "fit_intercept": True,
                "solver": "lbfgs",
            }
        },
    ),
    "a parameter is no object": Case(
        {"spec.train.params": {"a": {"b": 1}}},
        "spec.train.params.a: Too many: 1: must have at most 0 items",
        accepted={"spec.train.params": {"a": 1}},
    ),
    "a parameter is no list": Case(
        {"spec.train.params": {"a": [1]}},
        "spec.train.params.a: Too many: 1: must have at most 0 items",
        accepted={"spec.train.params": {"a": 1}},
    ),
    "a parameter's text is short": Case(
        {"spec.train.params": {"a": "x" * 257}},
        "spec.train.params.a: Too long: may not be more than 256 bytes",
        accepted={"spec.train.params": {"a": "x" * 256}},
    ),
    "params are at most 64": Case(
        {"spec.train.params": {f"p{i}": i for i in range(65)}},
        "spec.train.params: Too many: 65: must have at most 64 items",
        accepted={"spec.train.params": {f"p{i}": i for i in range(64)}},
    ),
    "seed is not negative": Case(
        {"spec.train.seed": -1},
        "spec.train.seed: Invalid value: -1: spec.train.seed in body should be greater than or equal to 0",
        accepted={"spec.train.seed": 0},
    ),
    "seed fits 31 bits": Case(
        {"spec.train.seed": 2147483648},
        "spec.train.seed: Invalid value: 2147483648: spec.train.seed in body should be less than or equal to 2147483647",
        accepted={"spec.train.seed": 2147483647},
    ),
    "a metric is one of the closed set": Case(
        {"spec.evaluation.metrics": ["auc"]},
        'spec.evaluation.metrics[0]: Unsupported value: "auc": supported values: "roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "f1"',
        accepted={"spec.evaluation.metrics": ["log_loss", "roc_auc"]},
    ),
    "metrics differ": Case(
        {"spec.evaluation.metrics": ["f1", "f1"]},
        'spec.evaluation.metrics[1]: Duplicate value: "f1"',
        accepted={"spec.evaluation.metrics": ["f1"]},
    ),
    "metrics are not an empty list": Case(
        {"spec.evaluation.metrics": []},
        "spec.evaluation.metrics: Invalid value: 0: spec.evaluation.metrics in body should have at least 1 items",
    ),
    "maxAbsDiff is a decimal number": Case(
        {"spec.evaluation.parity.maxAbsDiff": "small"},
        "spec.evaluation.parity.maxAbsDiff: Invalid value: \"small\": spec.evaluation.parity.maxAbsDiff in body should match '^[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$'",
        accepted={"spec.evaluation.parity.maxAbsDiff": "1e-5"},
    ),
    "maxAbsDiff is not negative": Case(
        {"spec.evaluation.parity.maxAbsDiff": "-1e-4"},
        "spec.evaluation.parity.maxAbsDiff: Invalid value: \"-1e-4\": spec.evaluation.parity.maxAbsDiff in body should match '^[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$'",
        accepted={"spec.evaluation.parity.maxAbsDiff": "0"},
    ),
    "maxFlips is not negative": Case(
        {"spec.evaluation.parity.maxFlips": -1},
        "spec.evaluation.parity.maxFlips: Invalid value: -1: spec.evaluation.parity.maxFlips in body should be greater than or equal to 0",
        accepted={"spec.evaluation.parity.maxFlips": 0},
    ),
    "maxFlips is at most a million": Case(
        {"spec.evaluation.parity.maxFlips": 1000001},
        "spec.evaluation.parity.maxFlips: Invalid value: 1000001: spec.evaluation.parity.maxFlips in body should be less than or equal to 1000000",
        accepted={"spec.evaluation.parity.maxFlips": 1000000},
    ),
    "a ladder has a rung": Case(
        {"spec.resources.ladder": []},
        "spec.resources.ladder: Invalid value: 0: spec.resources.ladder in body should have at least 1 items",
        accepted={"spec.resources.ladder": [{}]},
    ),
    "a ladder has at most 8 rungs": Case(
        {"spec.resources.ladder": [{}] * 9},
        "spec.resources.ladder: Too many: 9: must have at most 8 items",
        accepted={"spec.resources.ladder": [{}] * 8},
    ),
    "a limit is a quantity": Case(
        {"spec.resources.ladder": [{"limits": {"memory": "2 GB"}}]},
        "spec.resources.ladder[0].limits.memory: Invalid value: \"2 GB\": spec.resources.ladder[0].limits.memory in body should match '^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]+)?$'",
        accepted={
            "spec.resources.ladder": [
                {"requests": {"cpu": 1, "memory": "1.5Gi"}, "limits": {"memory": "2e9"}}
            ]
        },
    ),
    "a request is not negative": Case(
        {"spec.resources.ladder": [{"requests": {"cpu": -1}}]},
        "spec.resources.ladder[0].requests.cpu: Invalid value: -1: spec.resources.ladder[0].requests.cpu in body should be greater than or equal to 0",
        accepted={"spec.resources.ladder": [{"requests": {"cpu": 0}}]},
    ),
    "there are at most 16 requests": Case(
        {"spec.resources.ladder": [{"requests": dict.fromkeys(_names(17), 1)}]},
        "spec.resources.ladder[0].requests: Too many: 17: must have at most 16 items",
        accepted={"spec.resources.ladder": [{"requests": dict.fromkeys(_names(16), 1)}]},
    ),
    "image is not empty": Case(
        {"spec.pod": {"image": ""}},
        'spec.pod.image: Invalid value: "": spec.pod.image in body should be at least 1 chars long',
        accepted={"spec.pod": {"image": "registry.example/trainer@sha256:0"}},
    ),
    "a node label's value has at most 63 characters": Case(
        {"spec.pod": {"nodeSelector": {"pool": "p" * 64}}},
        "spec.pod.nodeSelector.pool: Too long: may not be more than 63 bytes",
        accepted={"spec.pod": {"nodeSelector": {"pool": "p" * 63}}},
    ),
    "a toleration's operator is Exists or Equal": Case(
        {"spec.pod": {"tolerations": [{"key": "gpu", "operator": "In"}]}},
        'spec.pod.tolerations[0].operator: Unsupported value: "In": supported values: "Exists", "Equal"',
        accepted={"spec.pod": {"tolerations": [{"key": "gpu", "operator": "Exists"}]}},
    ),
    "a toleration's effect is one of Kubernetes'": Case(
        {"spec.pod": {"tolerations": [{"key": "gpu", "effect": "Never"}]}},
        'spec.pod.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        accepted={
            "spec.pod": {
                "tolerations": [{"key": "gpu", "effect": "NoExecute", "tolerationSeconds": 60}]
            }
        },
    ),
    "a variable's name is one of a shell": Case(
        {"spec.pod": {"env": [{"name": "1-2"}]}},
        "spec.pod.env[0].name: Invalid value: \"1-2\": spec.pod.env[0].name in body should match '^[A-Za-z_][A-Za-z0-9_]*$'",
        accepted={"spec.pod": {"env": [{"name": "OMP_NUM_THREADS", "value": "1"}]}},
    ),
    "names of variables differ": Case(
        {"spec.pod": {"env": [{"name": "A"}, {"name": "A"}]}},
        'spec.pod.env[1]: Duplicate value: {"name":"A"}',
        accepted={"spec.pod": {"env": [{"name": "A"}, {"name": "B"}]}},
    ),
    "variables of the operator cannot be set": Case(
        {"spec.pod": {"env": [{"name": "AWS_PROFILE"}]}},
        "spec.pod.env[0].name: Forbidden: names that start with CHECKRAIL_ or AWS_ are set by the operator",
        accepted={"spec.pod": {"env": [{"name": "MY_AWS_PROFILE"}]}},
    ),
    "a variable has a literal value and no source": Case(
        {"spec.pod": {"env": [{"name": "A", "valueFrom": {}}]}},
        'TrainingJob in version "v1alpha1" cannot be handled as a TrainingJob: strict decoding error: unknown field "spec.pod.env[0].valueFrom"',
        accepted={"spec.pod": {"env": [{"name": "A", "value": "1"}]}},
    ),
    "a pod is an allow-list": Case(
        {"spec.pod": {"hostNetwork": True}},
        'TrainingJob in version "v1alpha1" cannot be handled as a TrainingJob: strict decoding error: unknown field "spec.pod.hostNetwork"',
        accepted={"spec.pod": {"serviceAccountName": "reader", "priorityClassName": "batch"}},
    ),
    "a store has a uri": Case(
        {"spec.store": {}},
        "spec.store.uri: Required value",
        accepted={"spec.store": {"uri": "s3://models"}},
    ),
    "a store's uri is a bucket, or a prefix in it": Case(
        {"spec.store": {"uri": "models/team-a"}},
        "spec.store.uri: Invalid value: \"models/team-a\": spec.store.uri in body should match '^s3://[a-z0-9][a-z0-9.-]+(/[^/]+)*/?$'",
        accepted={"spec.store": {"uri": "s3://models/team-a"}},
    ),
}
