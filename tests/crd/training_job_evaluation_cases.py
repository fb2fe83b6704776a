"""What a TrainingJob may say about what it fits and how that is judged."""

# ruff: noqa: E501 - an answer stands as the API server gives it, in one line
from crd.cases import Case

CASES = {
    "workflow is a built-in one, or a class": Case(
        {"spec.train.workflow": "xgboost"},
        'spec.train.workflow: Invalid value: "object": must be one of hist-gradient-boosting-classifier, hist-gradient-boosting-regressor, linear-regression, logistic-regression, random-forest-classifier, random-forest-regressor, xgboost-classifier, xgboost-regressor, or package.module:Class',
        accepted={"spec.train.workflow": "logistic-regression"},
    ),
    "a class is named with its module": Case(
        {"spec.train.workflow": "acme.delays:"},
        'spec.train.workflow: Invalid value: "object": must be one of hist-gradient-boosting-classifier, hist-gradient-boosting-regressor, linear-regression, logistic-regression, random-forest-classifier, random-forest-regressor, xgboost-classifier, xgboost-regressor, or package.module:Class',
        accepted={"spec.train.workflow": "acme.delays:MedianByRoute"},
    ),
    "a module is a name, not a path": Case(
        {"spec.train.workflow": "../acme/delays.py:Model"},
        'spec.train.workflow: Invalid value: "object": must be one of hist-gradient-boosting-classifier, hist-gradient-boosting-regressor, linear-regression, logistic-regression, random-forest-classifier, random-forest-regressor, xgboost-classifier, xgboost-regressor, or package.module:Class',
        accepted={"spec.train.workflow": "delays:Model"},
    ),
    "workflow has at most 256 characters": Case(
        {"spec.train.workflow": "m:" + "C" * 255},
        "spec.train.workflow: Too long: may not be more than 256 bytes",
        accepted={"spec.train.workflow": "m:" + "C" * 254},
    ),
    "workflow is not empty": Case(
        {"spec.train.workflow": ""},
        'spec.train.workflow: Invalid value: "object": must be one of hist-gradient-boosting-classifier, hist-gradient-boosting-regressor, linear-regression, logistic-regression, random-forest-classifier, random-forest-regressor, xgboost-classifier, xgboost-regressor, or package.module:Class',
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
        'spec.evaluation.metrics[0]: Unsupported value: "auc": supported values: "roc_auc", "pr_auc", "log_loss", "brier", "accuracy", "f1", "rmse", "mae", "r2"',
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
    "a classifier is judged by metrics of classifiers": Case(
        {"spec.evaluation.metrics": ["roc_auc", "rmse"]},
        'spec.evaluation: Invalid value: "object": metrics and gates of a classification workflow are roc_auc, pr_auc, log_loss, brier, accuracy, f1',
        accepted={"spec.evaluation.metrics": ["roc_auc", "brier"]},
    ),
    "logistic regression is a classifier": Case(
        {"spec.train.workflow": "logistic-regression", "spec.evaluation.metrics": ["mae"]},
        'spec.evaluation: Invalid value: "object": metrics and gates of a classification workflow are roc_auc, pr_auc, log_loss, brier, accuracy, f1',
        accepted={"spec.train.workflow": "logistic-regression", "spec.evaluation.metrics": ["f1"]},
    ),
    "a classifier's gates bound metrics of classifiers": Case(
        {"spec.evaluation.gates": [{"metric": "r2", "min": "0.5"}]},
        'spec.evaluation: Invalid value: "object": metrics and gates of a classification workflow are roc_auc, pr_auc, log_loss, brier, accuracy, f1',
        accepted={"spec.evaluation.gates": [{"metric": "f1", "min": "0.5"}]},
    ),
    "a regressor is judged by metrics of regressors": Case(
        {"spec.train.workflow": "xgboost-regressor", "spec.evaluation.metrics": ["accuracy"]},
        'spec.evaluation: Invalid value: "object": metrics and gates of a regression workflow are rmse, mae, r2',
        accepted={
            "spec.train.workflow": "xgboost-regressor",
            "spec.evaluation.metrics": ["rmse", "mae", "r2"],
        },
    ),
    "linear regression is a regressor": Case(
        {"spec.train.workflow": "linear-regression", "spec.evaluation.metrics": ["f1"]},
        'spec.evaluation: Invalid value: "object": metrics and gates of a regression workflow are rmse, mae, r2',
        accepted={"spec.train.workflow": "linear-regression", "spec.evaluation.metrics": ["mae"]},
    ),
    "a regressor's gates bound metrics of regressors": Case(
        {
            "spec.train.workflow": "random-forest-regressor",
            "spec.evaluation.gates": [{"metric": "roc_auc", "min": "0.5"}],
        },
        'spec.evaluation: Invalid value: "object": metrics and gates of a regression workflow are rmse, mae, r2',
        accepted={
            "spec.train.workflow": "random-forest-regressor",
            "spec.evaluation.gates": [{"metric": "r2", "min": "-0.1"}],
        },
    ),
    "slices differ": Case(
        {"spec.evaluation.slices": ["carrier", "carrier"]},
        'spec.evaluation.slices[1]: Duplicate value: "carrier"',
        accepted={"spec.evaluation.slices": ["carrier", "origin"]},
    ),
    "there are at most 8 slices": Case(
        {"spec.evaluation.slices": list("abcdefghi")},
        "spec.evaluation.slices: Too many: 9: must have at most 8 items",
        accepted={"spec.evaluation.slices": list("abcdefgh")},
    ),
    "a slice names a column": Case(
        {"spec.evaluation.slices": [""]},
        'spec.evaluation.slices[0]: Invalid value: "": spec.evaluation.slices[0] in body should be at least 1 chars long',
        accepted={"spec.evaluation.slices": ["carrier"]},
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
}
