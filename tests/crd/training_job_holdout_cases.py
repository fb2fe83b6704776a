"""What a TrainingJob may say about the rows that it holds out."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from crd.cases import ABSENT, Case

CASES = {
    "holdout is required": Case({"spec.data.holdout": ABSENT}, "spec.data.holdout: Required value"),
    "strategy is one of the closed set": Case(
        {"spec.data.holdout": {"strategy": "Random"}},
        'spec.data.holdout.strategy: Unsupported value: "Random": supported values: "DateRange", "Fraction", "Hash", "Column"',
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
        'spec.data.holdout: Invalid value: "object": strategies Fraction and Hash need fraction; it belongs to them only',
        accepted={"spec.data.holdout": {"strategy": "Fraction", "fraction": "0.1"}},
    ),
    "fraction does not belong to DateRange": Case(
        {
            "spec.data.timeColumn": "t",
            "spec.data.holdout": {"strategy": "DateRange", "from": "2013-03-01", "fraction": "0.1"},
        },
        'spec.data.holdout: Invalid value: "object": strategies Fraction and Hash need fraction; it belongs to them only',
        accepted={
            "spec.data.timeColumn": "t",
            "spec.data.holdout": {"strategy": "DateRange", "from": "2013-03-01"},
        },
    ),
    "strategy Hash needs fraction": Case(
        {"spec.data.key": "id", "spec.data.holdout": {"strategy": "Hash"}},
        'spec.data.holdout: Invalid value: "object": strategies Fraction and Hash need fraction; it belongs to them only',
        accepted={
            "spec.data.key": "id",
            "spec.data.holdout": {"strategy": "Hash", "fraction": "0.2"},
        },
    ),
    "strategy Hash needs the key that it hashes": Case(
        {"spec.data.holdout": {"strategy": "Hash", "fraction": "0.2"}},
        "spec.data.key: Required value: holdout strategy Hash needs key",
        accepted={
            "spec.data.key": "id",
            "spec.data.holdout": {"strategy": "Hash", "fraction": "0.2"},
        },
    ),
    "strategy Column needs column": Case(
        {"spec.data.holdout": {"strategy": "Column"}},
        'spec.data.holdout: Invalid value: "object": strategy Column needs column, and column belongs to Column only',
        accepted={"spec.data.holdout": {"strategy": "Column", "column": "held_out"}},
    ),
    "column belongs to Column": Case(
        {"spec.data.holdout.column": "held_out"},
        'spec.data.holdout: Invalid value: "object": strategy Column needs column, and column belongs to Column only',
        accepted={"spec.data.holdout": {"strategy": "Column", "column": "held_out"}},
    ),
    "the hold-out's column is not a feature": Case(
        {
            "spec.data.features": ["origin", "held_out"],
            "spec.data.holdout": {"strategy": "Column", "column": "held_out"},
        },
        'spec.data.features: Invalid value: "object": must not hold the hold-out\'s column',
        accepted={
            "spec.data.features": ["origin"],
            "spec.data.holdout": {"strategy": "Column", "column": "held_out"},
        },
    ),
    "the hold-out's column is not the label": Case(
        {"spec.data.holdout": {"strategy": "Column", "column": "late"}},
        'spec.data.holdout.column: Invalid value: "object": must not be the label',
        accepted={"spec.data.holdout": {"strategy": "Column", "column": "held_out"}},
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
}
