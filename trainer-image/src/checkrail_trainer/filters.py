"""Filters of the spec as SQL conditions with parameters."""

from __future__ import annotations

import sys
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

from checkrail_api.reasons import Reason
from checkrail_trainer.columns import Column, Kind, column
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.instants import timestamp_sql, utc, utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checkrail_api.data import Filter

OPERATORS = {"Eq": "=", "NotEq": "<>", "Gt": ">", "GtEq": ">=", "Lt": "<", "LtEq": "<="}
HUGE = 2**127
"""DuckDB's largest whole number, and 1."""
LARGEST_EXPONENT = 38
"""Of a number that is not beyond ``HUGE``."""
LARGEST_FP32 = 3.4028234e38
FLAGS = {"true": True, "1": True, "false": False, "0": False}
EXPECTED = {
    Kind.INTEGER: "a number of at most 38 digits",
    Kind.REAL: "a finite number that this type can hold",
    Kind.FLAG: "true or false",
    Kind.TIME: "a date or an instant in ISO 8601",
    Kind.OTHER: "IsNull or NotNull, the only comparisons of such a column",
}


class Condition(NamedTuple):
    """A piece of SQL and the values of its question marks, in order."""

    sql: str
    parameters: tuple[Any, ...] = ()


def conditions(filters: Iterable[Filter], types: Mapping[str, str]) -> list[Condition]:
    """Return each filter as a condition; a null meets none of them but IsNull.

    Raises:
        RunFailedError: ColumnNotFound, or BadFilter where a value is not of the column's type.
    """
    return [
        condition(each, column(each.column, types, f"data.filters[{number}].column"))
        for number, each in enumerate(filters)
    ]


def together(conditions: Iterable[Condition]) -> Condition:
    """Return the condition that all of these hold."""
    all_of = list(conditions)
    return Condition(
        " AND ".join(f"({each.sql})" for each in all_of) or "true",
        tuple(value for each in all_of for value in each.parameters),
    )


def condition(wanted: Filter, subject: Column) -> Condition:
    """Return one filter as a condition on its column."""
    left = subject.value_sql
    match wanted.op:
        case "IsNull":
            return Condition(f"{left} IS NULL")
        case "NotNull":
            return Condition(f"{left} IS NOT NULL")
        case "In" | "NotIn":
            values = [_value(wanted, subject, each) for each in wanted.values or []]
            listed = ", ".join(each.sql for each in values)
            operator = "IN" if wanted.op == "In" else "NOT IN"
            return Condition(
                f"{left} {operator} ({listed})", tuple(each.parameters[0] for each in values)
            )
        case _:
            value = _value(wanted, subject, wanted.value)
            return Condition(f"{left} {OPERATORS[wanted.op]} {value.sql}", value.parameters)


def _value(wanted: Filter, subject: Column, value: int | str | None) -> Condition:
    """Read a value of the spec as the type of its column.

    A whole-number column is compared with a fraction as it stands: 3 > 0.5, not 3 > 1.
    """
    text = str(value).strip()
    try:
        match subject.kind:
            case Kind.TEXT:
                return Condition("?", (str(value),))
            case Kind.FLAG:
                return Condition("?", (FLAGS[text.lower()],))
            case Kind.INTEGER:
                return Condition("?", (_number(text),))
            case Kind.REAL:
                return Condition(f"CAST(? AS {_real(subject)})", (_finite(text, subject),))
            case Kind.TIME:
                instant = utc_text(utc(text), subject.type)
                return Condition(timestamp_sql(subject.type), (instant,))
            case Kind.OTHER:
                raise ValueError  # noqa: TRY301 - one sentence below speaks for all kinds
    except (ValueError, KeyError, InvalidOperation) as error:
        raise RunFailedError(
            Reason.BAD_FILTER,
            f"filter {wanted.op} on `{subject.name}` compares with {value!r}, but the column has "
            f"type {subject.type}: expected {EXPECTED[subject.kind]}. Correct spec.data.filters, "
            "or cast the column in spec.data.query",
        ) from error


def _number(text: str) -> int | float:
    """Read a number that a whole-number column is compared with.

    The exponent comes first: int() would write out every digit of 1e999999999.
    """
    number = Decimal(text)
    if not number.is_finite() or number.adjusted() > LARGEST_EXPONENT:
        raise ValueError(text)
    if number != number.to_integral_value():
        return float(number)
    if not -HUGE <= number < HUGE:
        raise ValueError(text)
    return int(number)


def _finite(text: str, subject: Column) -> float:
    number = float(Decimal(text))
    largest = LARGEST_FP32 if subject.type == "FLOAT" else sys.float_info.max
    if not abs(number) <= largest:
        raise ValueError(text)
    return number


def _real(subject: Column) -> str:
    # 0.1 as DOUBLE equals no FLOAT; a DECIMAL would round the value to its own scale.
    return "FLOAT" if subject.type == "FLOAT" else "DOUBLE"
