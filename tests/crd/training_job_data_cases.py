"""What a TrainingJob may say about the table it makes of its sources."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from crd.cases import ABSENT, Case

TWO = [{"name": "flights", "uri": "s3://lake/a.csv"}, {"name": "planes", "uri": "s3://lake/b.csv"}]

CASES = {
    "two sources need a query": Case(
        {"spec.data.sources": TWO},
        "spec.data.query: Required value: query is needed with more than one source: it says how they join",
        accepted={"spec.data.query": "SELECT 1", "spec.data.sources": TWO},
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
        {"spec.data.features": [f"f{number}" for number in range(513)]},
        "spec.data.features: Too many: 513: must have at most 512 items",
        accepted={"spec.data.features": [f"f{number}" for number in range(512)]},
    ),
}
