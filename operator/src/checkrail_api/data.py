"""Which rows a run sees: sources, their join, filters, roles of columns and the hold-out."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkrail_api.model import ColumnName, Decimal, IntOrString, Model, Rule, SourceUri
from checkrail_api.object_store import ObjectStore

FilterOp = Literal["Eq", "NotEq", "Gt", "GtEq", "Lt", "LtEq", "In", "NotIn", "IsNull", "NotNull"]

Instant = Annotated[
    str,
    Field(
        max_length=32,
        pattern=r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?$",
    ),
]
"""A date or an instant, ISO 8601."""


class Source(Model):
    """One data set."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            r"self.uri.matches('\\.(parquet|(csv|jsonl)(\\.(gz|zst))?)$')",
            "must end in .parquet, .csv or .jsonl, the last two also with .gz or .zst: the suffix"
            " is the format",
            field=".uri",
        ),
        Rule(
            "!has(self.objectStore) || !self.uri.startsWith('file:')",
            "a file is in the trainer's image, not in a store",
            field=".objectStore",
            reason="FieldValueForbidden",
        ),
        Rule(
            "!self.name.startsWith('checkrail_')",
            "names that start with checkrail_ are tables of the trainer's own",
            field=".name",
            reason="FieldValueForbidden",
        ),
    )

    name: Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z_][a-z0-9_]*$")]
    """Name of the table in the query."""

    uri: SourceUri
    """Object or glob to read: s3://bucket/key. The suffix is the format. Hive partitions
    (month=6/) become columns. file:///path names a file of the trainer's image, for tests."""

    object_store: ObjectStore | None = None
    """Service that holds this source. Absent: data.objectStore."""


class Filter(Model):
    """A condition that every used row meets; applied after the join."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.op in ['In', 'NotIn'] ? has(self.values) && !has(self.value) : true",
            "op In and NotIn take values, a list, and no value",
        ),
        Rule(
            "self.op in ['IsNull', 'NotNull'] ? !has(self.value) && !has(self.values) : true",
            "op IsNull and NotNull take neither value nor values",
        ),
        Rule(
            "self.op in ['Eq', 'NotEq', 'Gt', 'GtEq', 'Lt', 'LtEq']"
            " ? has(self.value) && !has(self.values) : true",
            "op Eq, NotEq, Gt, GtEq, Lt and LtEq take one value and no values",
        ),
    )

    column: ColumnName
    """Column of the joined table."""

    op: FilterOp
    """Comparison. A row whose value is null meets none but IsNull."""

    value: IntOrString | None = None
    """What the column is compared with, read as the column's type; a fraction is written as text:
    "0.5"."""

    values: Annotated[list[IntOrString], Field(min_length=1, max_length=64)] | None = None
    """For In and NotIn: the values."""


class Holdout(Model):
    """Which rows the model never sees in training and is judged on."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.strategy == 'DateRange' ? has(self.from) : !has(self.from) && !has(self.to)",
            "strategy DateRange needs from; from and to belong to DateRange only",
        ),
        Rule(
            "self.strategy in ['Fraction', 'Hash'] ? has(self.fraction) : !has(self.fraction)",
            "strategies Fraction and Hash need fraction; it belongs to them only",
        ),
        Rule(
            "self.strategy == 'Column' ? has(self.column) : !has(self.column)",
            "strategy Column needs column, and column belongs to Column only",
        ),
        Rule(
            # Text that the pattern refuses is no number: converting it would fail the rule.
            "has(self.fraction) && self.fraction.matches('^[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$')"
            " ? double(self.fraction) > 0.0 && double(self.fraction) < 1.0 : true",
            "must be greater than 0 and less than 1",
            field=".fraction",
        ),
    )

    strategy: Literal["DateRange", "Fraction", "Hash", "Column"]
    """DateRange holds out the rows whose timeColumn lies in [from, to): rows before from are
    trained on, rows at or after to are left out of both. Fraction holds out a share of the rows,
    drawn with train.seed. Hash holds out a share of the keys by a hash of the key alone, so that a
    row stays on its side for ever. Column holds out the rows where a boolean column is true."""

    from_: Instant | None = Field(default=None, alias="from")
    """DateRange: first instant of the hold-out, ISO 8601; without an offset it is UTC."""

    to: Instant | None = None
    """DateRange: first instant after the hold-out, ISO 8601. Absent: no end."""

    fraction: Decimal | None = None
    """Fraction and Hash: share to hold out, between 0 and 1."""

    column: ColumnName | None = None
    """Column: boolean column, true for the rows held out; never a feature."""


class Data(Model):
    """The table a run trains on and what its columns are for."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "size(self.sources) <= 1 || has(self.query)",
            "query is needed with more than one source: it says how they join",
            field=".query",
            reason="FieldValueRequired",
        ),
        Rule(
            "self.holdout.strategy != 'DateRange' || has(self.timeColumn)",
            "holdout strategy DateRange needs timeColumn",
            field=".timeColumn",
            reason="FieldValueRequired",
        ),
        Rule(
            "self.holdout.strategy != 'Hash' || has(self.key)",
            "holdout strategy Hash needs key",
            field=".key",
            reason="FieldValueRequired",
        ),
        Rule(
            "!has(self.features) || !has(self.holdout.column)"
            " || !(self.holdout.column in self.features)",
            "must not hold the hold-out's column",
            field=".features",
        ),
        Rule(
            "!has(self.holdout.column) || self.holdout.column != self.label",
            "must not be the label",
            field=".holdout.column",
        ),
        Rule(
            "!has(self.features) || !(self.label in self.features)",
            "must not hold the label",
            field=".features",
        ),
        Rule(
            "!has(self.features) || !has(self.key) || !(self.key in self.features)",
            "must not hold the key",
            field=".features",
        ),
        Rule(
            "!has(self.key) || self.key != self.label",
            "must not be the label",
            field=".key",
        ),
    )

    sources: Annotated[
        list[Source],
        Field(
            min_length=1,
            max_length=32,
            json_schema_extra={"x-kubernetes-list-map-keys": ["name"]},
        ),
    ]
    """Data sets, each a table of the query."""

    object_store: ObjectStore | None = None
    """Service that holds the sources. Absent: the operator's default."""

    query: Annotated[str, Field(min_length=1, max_length=16_384)] | None = None
    """SELECT over the sources in DuckDB's SQL. Absent: all columns of the one source."""

    filters: Annotated[list[Filter], Field(max_length=32)] = []
    """Conditions on the joined rows; all must hold."""

    label: ColumnName
    """Column to predict."""

    features: (
        Annotated[
            list[ColumnName],
            Field(
                min_length=1,
                max_length=512,
                json_schema_extra={"x-kubernetes-list-type": "set"},
            ),
        ]
        | None
    ) = None
    """Columns the model sees, in this order. Absent: every column but label, key,
    timeColumn and the hold-out's column."""

    key: ColumnName | None = None
    """Column that identifies a row; never a feature. It gives rows their fixed order."""

    time_column: ColumnName | None = None
    """Column with the time of a row (date or timestamp); a feature only if features names it."""

    holdout: Holdout
    """Which rows are held out."""
