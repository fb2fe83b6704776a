"""The side of a row follows from the row alone."""

from __future__ import annotations

import duckdb
import pytest

from checkrail_api.data import Holdout
from checkrail_api.reasons import Reason
from checkrail_trainer.columns import Column, Roles
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.split import side

ROLES = Roles(
    label=Column("late", "BOOLEAN"),
    features=(Column("distance", "INTEGER"),),
    key=Column("id", "BIGINT"),
    time=Column("day", "DATE"),
)
FIFTH = Holdout(strategy="Fraction", fraction="0.2")


def sides(holdout: Holdout, rows: str, roles: Roles = ROLES, seed: int = 7) -> dict[int, str]:
    """Answer the side of each id; ``rows`` is a query of id, distance, late and day."""
    chosen = side(holdout, roles, seed)
    query = f"SELECT id, {chosen.sql} FROM ({rows})"  # noqa: S608 - what is tested
    found = duckdb.connect().execute(query, list(chosen.parameters)).fetchall()
    return dict(found)


def numbered(first: int, last: int) -> str:
    return (
        f"SELECT range AS id, range % 97 AS distance, range % 3 = 0 AS late, "  # noqa: S608 - numbers
        f"DATE '2026-01-01' + range::INTEGER AS day FROM range({first}, {last})"
    )


HASHED = Holdout(strategy="Hash", fraction="0.2")
BY_COLUMN = Roles(
    label=ROLES.label,
    features=ROLES.features,
    key=ROLES.key,
    holdout=Column("held", "BOOLEAN"),
)
STRATEGIES = [
    pytest.param(FIFTH, ROLES, id="Fraction"),
    pytest.param(
        Holdout.model_validate({"strategy": "DateRange", "from": "2026-06-01"}),
        ROLES,
        id="DateRange",
    ),
    pytest.param(HASHED, ROLES, id="Hash"),
    pytest.param(Holdout(strategy="Column", column="held"), BY_COLUMN, id="Column"),
]


@pytest.mark.parametrize(("holdout", "roles"), STRATEGIES)
def test_no_row_and_no_key_is_on_both_sides(holdout: Holdout, roles: Roles) -> None:
    """Each key has three rows, of one day and one flag."""
    rows = (
        "SELECT id, (r + id) % 97 AS distance, r = 1 AS late, day, id % 5 = 0 AS held "  # noqa: S608 - numbers
        f"FROM ({numbered(0, 400)}) AS t(id, d, l, day), range(3) AS r(r)"
    )
    chosen = side(holdout, roles, 7)
    query = f"SELECT id, {chosen.sql} FROM ({rows})"  # noqa: S608 - what is tested
    found = duckdb.connect().execute(query, list(chosen.parameters)).fetchall()

    train = {key for key, name in found if name == "train"}
    held_out = {key for key, name in found if name == "holdout"}
    assert len(found) == 1200
    assert train | held_out == set(range(400))
    assert train & held_out == set()
    assert train
    assert held_out


def test_a_hashed_key_keeps_its_side_for_ever() -> None:
    """Whatever the seed, the features and the label are, and however many rows there are."""
    few = sides(HASHED, numbered(0, 1000))
    others = Roles(
        label=Column("distance", "INTEGER"), features=(Column("late", "BOOLEAN"),), key=ROLES.key
    )

    again = sides(HASHED, f"SELECT * FROM ({numbered(0, 5000)}) ORDER BY id DESC", others, seed=8)  # noqa: S608 - numbers

    assert few == {key: value for key, value in again.items() if key < 1000}
    assert 0.17 < list(few.values()).count("holdout") / len(few) < 0.23


def test_the_keys_that_are_held_out_by_hash_are_written_down() -> None:
    """A new release may not move anybody to the other side."""
    found = sides(Holdout(strategy="Hash", fraction="0.5"), numbered(0, 12))

    assert "".join(value[0] for value in found.values()) == "hhthhhhthhhh"


def test_a_larger_share_by_hash_takes_nobody_back() -> None:
    fifth = sides(HASHED, numbered(0, 2000))
    half = sides(Holdout(strategy="Hash", fraction="0.5"), numbered(0, 2000))

    assert {key for key, name in fifth.items() if name == "holdout"} <= {
        key for key, name in half.items() if name == "holdout"
    }


def test_a_row_without_a_flag_is_on_no_side() -> None:
    rows = "SELECT * FROM (VALUES (1, true), (2, false), (3, NULL)) AS t(id, held)"

    found = sides(Holdout(strategy="Column", column="held"), rows, BY_COLUMN)

    assert found == {1: "holdout", 2: "train", 3: None}


def test_a_column_that_is_no_flag_is_refused() -> None:
    roles = Roles(label=ROLES.label, features=ROLES.features, holdout=Column("held", "INTEGER"))

    with pytest.raises(RunFailedError, match='as with "held" = 1 AS "held"') as caught:
        side(Holdout(strategy="Column", column="held"), roles, 0)

    assert caught.value.reason is Reason.INVALID_SPEC


def test_a_fraction_of_the_rows_is_held_out() -> None:
    found = list(sides(FIFTH, numbered(0, 20_000)).values())

    assert 0.19 < found.count("holdout") / len(found) < 0.21
    assert set(found) == {"train", "holdout"}


def test_a_row_keeps_its_side_when_rows_are_added() -> None:
    few = sides(FIFTH, numbered(0, 1000))
    many = sides(FIFTH, numbered(0, 5000))

    assert few == {key: value for key, value in many.items() if key < 1000}


def test_another_seed_draws_other_rows() -> None:
    assert sides(FIFTH, numbered(0, 1000)) != sides(FIFTH, numbered(0, 1000), seed=8)


def test_rows_of_one_key_share_a_side() -> None:
    twice = f"SELECT 1 AS id, distance, late, day FROM ({numbered(0, 100)})"  # noqa: S608 - numbers
    chosen = side(FIFTH, ROLES, 7)

    query = f"SELECT DISTINCT {chosen.sql} FROM ({twice})"  # noqa: S608 - what is tested
    assert len(duckdb.connect().execute(query, list(chosen.parameters)).fetchall()) == 1


def test_equal_rows_share_a_side_where_there_is_no_key() -> None:
    keyless = Roles(label=ROLES.label, features=ROLES.features, key=None, time=None)
    rows = f"SELECT id, id % 50 AS distance, id % 2 = 0 AS late, day FROM ({numbered(0, 500)})"  # noqa: S608 - numbers

    found = sides(FIFTH, rows, keyless)

    assert all(found[each] == found[each % 50] for each in found)
    assert set(found.values()) == {"train", "holdout"}


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT", "DECIMAL(38, 20)"])
def test_a_row_without_key_keeps_its_side_when_bits_change_that_the_model_does_not_see(
    kind: str,
) -> None:
    """The last bits of a mean depend on the order in which it is added up."""
    keyless = Roles(Column("late", kind), (Column("distance", kind),))
    rows = f"SELECT id, CAST(id / 7 AS {kind}) AS distance, distance AS late FROM range(500) t(id)"  # noqa: S608 - numbers
    moved = f"SELECT id, distance + 1e-14::{kind} AS distance, distance AS late FROM ({rows})"  # noqa: S608 - numbers

    found = sides(FIFTH, rows, keyless)

    assert found == sides(FIFTH, moved, keyless)
    assert set(found.values()) == {"train", "holdout"}


def test_the_fraction_that_was_drawn_is_the_same_for_ever() -> None:
    """Sides of the first rows, written down: a new DuckDB may not draw others."""
    found = sides(Holdout(strategy="Fraction", fraction="0.5"), numbered(0, 12))

    assert "".join(value[0] for value in found.values()) == "thhhhhttttht"


@pytest.mark.parametrize(
    ("time", "begin", "end", "want"),
    [
        pytest.param(
            "DATE", "2026-01-03", "2026-01-05", "ttthh.", id="from is held out, to is not"
        ),
        pytest.param("DATE", "2026-01-03", None, "ttthhh", id="without to there is no end"),
        pytest.param("TIMESTAMP", "2026-01-03T12:00", None, "tttthh", id="instants order"),
        pytest.param(
            "TIMESTAMP WITH TIME ZONE", "2026-01-03T02:00:00+02:00", None, "ttthhh", id="offset"
        ),
    ],
)
def test_a_range_of_dates_is_held_out(time: str, begin: str, end: str | None, want: str) -> None:
    holdout = Holdout.model_validate({"strategy": "DateRange", "from": begin, "to": end})
    roles = Roles(ROLES.label, ROLES.features, ROLES.key, Column("day", time))
    rows = f"SELECT id, day::{time} AS day FROM ({numbered(0, 5)})"  # noqa: S608 - numbers
    first = f"SELECT -1 AS id, (DATE '2025-12-31')::{time} AS day"
    chosen = side(holdout, roles, 0)

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.execute(
        f"SELECT {chosen.sql} FROM ({first} UNION ALL {rows}) ORDER BY id",  # noqa: S608 - what is tested
        list(chosen.parameters),
    ).fetchall()

    assert "".join((row[0] or ".")[0] for row in found) == want


def test_a_row_without_time_is_on_no_side() -> None:
    holdout = Holdout.model_validate({"strategy": "DateRange", "from": "2026-01-03"})

    assert sides(holdout, "SELECT 1 AS id, NULL::DATE AS day") == {1: None}


@pytest.mark.parametrize(
    ("time", "holdout", "said"),
    [
        pytest.param(
            Column("day", "VARCHAR"),
            {"from": "2026-01-03"},
            'select CAST("day" AS TIMESTAMP)',
            id="text is no time",
        ),
        pytest.param(Column("day", "DATE"), {"from": "2026-02-30"}, "ISO 8601", id="no such day"),
        pytest.param(
            Column("day", "DATE"),
            {"from": "2026-01-03", "to": "2026-01-03"},
            "is not after",
            id="an empty range",
        ),
    ],
)
def test_a_range_that_cannot_be_is_refused(
    time: Column, holdout: dict[str, str], said: str
) -> None:
    wanted = Holdout.model_validate({"strategy": "DateRange", **holdout})

    with pytest.raises(RunFailedError) as caught:
        side(wanted, Roles(ROLES.label, ROLES.features, None, time), 0)

    assert caught.value.reason is Reason.INVALID_SPEC
    assert said in caught.value.message
