"""Columns of the joined table: their types, and the roles that the spec gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from checkrail_api.reasons import Reason
from checkrail_api.workflows import Task
from checkrail_trainer.failures import RunFailedError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkrail_api.data import Data

OUTPUTS = {
    Task.CLASSIFICATION: ("label", "probabilities"),
    Task.REGRESSION: ("label", "probabilities", "prediction"),
}
"""What no input may be called: in ONNX it cannot have the name of an output."""
OWN_PREFIX = "checkrail_"
"""Names between inputs and outputs begin with it, and they cannot be those of inputs either."""
MAX_NAME = 128
"""Characters of a name in a signature."""
MAX_FEATURES = 512
"""What a signature holds."""


class Kind(StrEnum):
    """What can be done with a column's type."""

    INTEGER = "integer"
    REAL = "real"
    FLAG = "flag"
    TEXT = "text"
    TIME = "time"
    OTHER = "other"


_KINDS = (
    (re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)"), Kind.INTEGER),
    (re.compile(r"FLOAT|DOUBLE|DECIMAL(\(.*\))?"), Kind.REAL),
    (re.compile(r"BOOLEAN"), Kind.FLAG),
    (re.compile(r"VARCHAR|ENUM\(.*\)", re.DOTALL), Kind.TEXT),
    (re.compile(r"DATE|TIMESTAMP.*"), Kind.TIME),
)
TRAINABLE = {Kind.INTEGER, Kind.REAL, Kind.FLAG, Kind.TEXT, Kind.TIME}
LABELS = {
    Task.CLASSIFICATION: (
        {Kind.INTEGER, Kind.REAL, Kind.FLAG, Kind.TEXT},
        "a classifier needs BOOLEAN, whole numbers or text",
    ),
    Task.REGRESSION: ({Kind.INTEGER, Kind.REAL}, "a regressor needs numbers"),
}
"""Kinds of label by task, and how a message says it."""


@dataclass(frozen=True)
class Column:
    """A column by DuckDB's name of its type."""

    name: str
    type: str

    @property
    def kind(self) -> Kind:
        """What can be done with it."""
        matching = (kind for pattern, kind in _KINDS if pattern.fullmatch(self.type))
        return next(matching, Kind.OTHER)

    @property
    def is_category(self) -> bool:
        """Whether the model sees it as text."""
        return self.kind is Kind.TEXT

    @property
    def is_time(self) -> bool:
        """Whether the model sees it as FP64, Unix seconds: FP32 would round them to 2 minutes."""
        return self.kind is Kind.TIME

    @property
    def sql(self) -> str:
        """Its quoted name."""
        return quoted(self.name)

    @property
    def value_sql(self) -> str:
        """Its value, null where it is missing: NaN counts as missing."""
        return f"nullif({self.sql}, 'NaN')" if self.type in ("FLOAT", "DOUBLE") else self.sql


@dataclass(frozen=True)
class Roles:
    """What each column is for."""

    label: Column
    features: tuple[Column, ...]
    key: Column | None = None
    time: Column | None = None
    holdout: Column | None = None
    """Says which rows are held out, for the strategy Column."""
    slices: tuple[Column, ...] = ()
    """Tell groups of rows apart in the evaluation."""
    extra: tuple[Column, ...] = ()
    """Inputs of a baseline that are no features."""
    task: Task = Task.CLASSIFICATION
    """What is made of the label."""


def quoted(name: str) -> str:
    """Return ``name`` as an SQL identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def column(name: str, types: Mapping[str, str], field: str) -> Column:
    """Answer the column that ``field`` of the spec, a path below it, names.

    Raises:
        RunFailedError: LabelNotFound or ColumnNotFound; the table has no such column.
    """
    if name in types:
        return Column(name, types[name])
    is_label = field == "data.label"
    raise RunFailedError(
        Reason.LABEL_NOT_FOUND if is_label else Reason.COLUMN_NOT_FOUND,
        f"spec.{field} names `{name}`, which is not a column of the joined table: "
        f"{nearest(name, types.keys())}",
    )


def resolve_roles(
    data: Data,
    types: Mapping[str, str],
    task: Task,
    slices: Sequence[str] = (),
    also: Sequence[str] = (),
) -> Roles:
    """Give every named column its role, and the rest the role of features where none are named.

    Args:
        data: The spec.
        types: Columns of the joined table in order: DuckDB's type by name.
        task: What the workflow predicts; it decides which labels can be.
        slices: Columns of ``evaluation.slices``.
        also: Columns that a baseline asks for; those that cannot be read are left out.

    Raises:
        RunFailedError: LabelNotFound, ColumnNotFound, BadLabel, BadFeature or InvalidSpec.
    """
    label = column(data.label, types, "data.label")
    key = column(data.key, types, "data.key") if data.key else None
    time = column(data.time_column, types, "data.timeColumn") if data.time_column else None
    side = data.holdout.column
    others = {data.label, data.key, data.time_column, side}
    names = data.features or [name for name in types if name not in others]
    features = tuple(column(name, types, "data.features") for name in names)
    _check_label(label, task)
    _check_features(features, task)
    return Roles(
        label=label,
        features=features,
        key=key,
        time=time,
        holdout=column(side, types, "data.holdout.column") if side else None,
        slices=tuple(column(name, types, "evaluation.slices") for name in slices),
        extra=tuple(
            found
            for found in (
                Column(name, types[name]) for name in dict.fromkeys(also) if name in types
            )
            if found.kind in TRAINABLE and found not in features
        ),
        task=task,
    )


def _check_label(label: Column, task: Task) -> None:
    kinds, expected = LABELS[task]
    if label.kind not in kinds:
        raise RunFailedError(
            Reason.BAD_LABEL,
            f"label `{label.name}` has type {label.type}; {expected}: derive it in spec.data.query",
        )


def _check_features(features: Sequence[Column], task: Task) -> None:
    names = [each.name for each in features]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise RunFailedError(
            Reason.INVALID_SPEC,
            f"spec.data.features names {', '.join(twice)} more than once; expected each once",
        )
    if not features:
        raise RunFailedError(
            Reason.BAD_FEATURE,
            "0 features: the joined table has no column beside label, key, timeColumn and the "
            "hold-out's; expected at least one: select more columns in spec.data.query",
        )
    if len(features) > MAX_FEATURES:
        raise RunFailedError(
            Reason.TOO_MANY_FEATURES,
            f"{len(features)} features; expected at most {MAX_FEATURES}: name them in "
            "spec.data.features, or select fewer columns in spec.data.query",
        )
    for feature in features:
        _check_name(feature, task)
        _check_type(feature)


def _check_type(feature: Column) -> None:
    if feature.kind not in TRAINABLE:
        raise RunFailedError(
            Reason.BAD_FEATURE,
            f"feature `{feature.name}` has type {feature.type}; expected a number, BOOLEAN, "
            "VARCHAR, DATE or TIMESTAMP: leave it out of spec.data.features, or derive numbers in "
            f"spec.data.query, as with epoch({feature.sql})",
        )


def _check_name(feature: Column, task: Task) -> None:
    if len(feature.name) > MAX_NAME:
        raise RunFailedError(
            Reason.BAD_FEATURE,
            f"the feature whose name begins `{feature.name[:MAX_NAME]}` has a name of "
            f"{len(feature.name)} characters; expected at most {MAX_NAME}: rename it with AS in "
            "spec.data.query, or name the features in spec.data.features without it",
        )
    if feature.name in OUTPUTS[task]:
        raise RunFailedError(
            Reason.BAD_FEATURE,
            f"feature `{feature.name}` has the name of an output of the model; rename it in "
            f"spec.data.query: SELECT {feature.sql} AS {feature.name}_value",
        )
    if feature.name.startswith(OWN_PREFIX):
        raise RunFailedError(
            Reason.BAD_FEATURE,
            f"feature `{feature.name}` has a name that begins with {OWN_PREFIX}, as those inside "
            f"the model do; rename it in spec.data.query: SELECT {feature.sql} AS "
            f"{quoted(feature.name.removeprefix(OWN_PREFIX) or 'value')}",
        )
