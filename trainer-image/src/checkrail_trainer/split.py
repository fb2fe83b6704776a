"""Which side of the hold-out a row belongs to, as an SQL expression of the row alone.

Because nothing but the row decides, sides are disjoint, and a row keeps its side when rows are
added or the order changes. With the strategy Hash nothing but its key decides.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, assert_never

from checkrail_api.reasons import Reason
from checkrail_trainer.columns import Column, Kind, Roles
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.filters import Condition
from checkrail_trainer.instants import timestamp_sql, utc, utc_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checkrail_api.data import Holdout

TRAIN = "train"
HOLDOUT = "holdout"
HASH_RANGE = 2**64


def side(holdout: Holdout, roles: Roles, seed: int) -> Condition:
    """Return an expression that is 'train', 'holdout', or null for a row of neither side.

    Raises:
        RunFailedError: InvalidSpec; a column is none that the strategy can use, or a bound is not
            an instant.
    """
    match holdout.strategy:
        case "DateRange":
            return _by_date(holdout, roles.time)
        case "Column":
            return _by_column(roles.holdout)
        case "Hash":
            # Nothing but the key: another seed, other features or more rows move nobody.
            return _by_hash(holdout, [_present(roles.key, "key").sql], ())
        case "Fraction":
            row = [_as_seen(each) for each in (roles.label, *roles.features)]
            return _by_hash(holdout, [roles.key.sql] if roles.key else row, (str(seed),))
        case _:
            assert_never(holdout.strategy)


def _present(column: Column | None, field: str) -> Column:
    if column is None:
        raise RunFailedError(
            Reason.INVALID_SPEC, f"holdout.strategy needs spec.data.{field}, which is not set"
        )
    return column


def _by_column(column: Column | None) -> Condition:
    """Hold out where it is true, train where it is false; a null is on no side."""
    flag = _present(column, "holdout.column")
    if flag.kind is not Kind.FLAG:
        raise RunFailedError(
            Reason.INVALID_SPEC,
            f"holdout.column `{flag.name}` has type {flag.type}; expected BOOLEAN, true in the "
            f"rows held out: derive it in spec.data.query, as with {flag.sql} = 1 AS {flag.sql}",
        )
    return Condition(
        f"CASE WHEN {flag.sql} THEN '{HOLDOUT}' WHEN NOT {flag.sql} THEN '{TRAIN}' END"
    )


def _by_date(holdout: Holdout, time: Column | None) -> Condition:
    """Train before ``from``, hold out from there to before ``to``; a null time is on no side."""
    if time is None or time.kind is not Kind.TIME:
        found = f"`{time.name}` has type {time.type}" if time else "timeColumn is not set"
        cast = f"CAST({time.sql} AS TIMESTAMP) AS {time.sql}" if time else "a column"
        raise RunFailedError(
            Reason.INVALID_SPEC,
            f"holdout.strategy DateRange needs the time of a row, but {found}; expected DATE or "
            f"TIMESTAMP: select {cast} in spec.data.query",
        )
    begin = _instant(holdout.from_ or "", "from")
    end = _instant(holdout.to, "to") if holdout.to else None
    if end is not None and end <= begin:
        raise RunFailedError(
            Reason.INVALID_SPEC,
            f"holdout.to {holdout.to} is not after holdout.from {holdout.from_}; expected a later "
            "instant: correct one of them",
        )
    bound = timestamp_sql(time.type)
    held_out = f"{time.sql} >= {bound}"
    parameters = [utc_text(begin, time.type), utc_text(begin, time.type)]
    if end is not None:
        held_out += f" AND {time.sql} < {bound}"
        parameters.append(utc_text(end, time.type))
    return Condition(
        f"CASE WHEN {time.sql} < {bound} THEN '{TRAIN}' WHEN {held_out} THEN '{HOLDOUT}' END",
        tuple(parameters),
    )


def _as_seen(column: Column) -> str:
    """Return a value without the digits that FP32 does not hold: they decide nothing else."""
    return f"TRY_CAST({column.value_sql} AS FLOAT)" if column.kind is Kind.REAL else column.sql


def _by_hash(holdout: Holdout, values: Sequence[str], salt: tuple[str, ...]) -> Condition:
    """Hold out the rows whose MD5 lies in the lowest ``fraction`` of its range.

    What is hashed is the key, so that all rows of one key are on one side; without a key it is
    the whole row as the model sees it, so that equal rows are.
    """
    texts = [
        f"CASE WHEN {each} IS NULL THEN 'null' ELSE '=' || CAST({each} AS VARCHAR) END"
        for each in values
    ]
    parts = ", ".join(["?"] * len(salt) + texts)
    share = Decimal(holdout.fraction or "0")
    return Condition(
        f"CASE WHEN md5_number_lower(concat_ws(chr(31), {parts})) < CAST(? AS UBIGINT) "
        f"THEN '{HOLDOUT}' ELSE '{TRAIN}' END",
        (*salt, int(share * HASH_RANGE)),
    )


def _instant(text: str, field: str) -> datetime:
    try:
        return utc(text)
    except ValueError as error:
        raise RunFailedError(
            Reason.INVALID_SPEC,
            f"holdout.{field} is {text!r} ({error}); expected a date or an instant in ISO 8601, "
            "such as 2026-06-01 or 2026-06-01T00:00:00Z",
        ) from error
