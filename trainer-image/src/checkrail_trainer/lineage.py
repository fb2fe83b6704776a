"""Which column of which source a feature is read or computed from.

sqlglot reads the query, with the columns of the sources as its schema. Only what it is sure of is
told: a feature of one column of one source. Anything else, a constant, a count of rows, a table
function, a query that it reads otherwise than DuckDB, has no origin; a wrong one would be worse.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from checkrail_api.record import Origin
from checkrail_trainer.columns import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlglot.lineage import Node

    from checkrail_api.data import Data

log = logging.getLogger(__name__)


def origins(
    data: Data, sources: Mapping[str, Sequence[str]], joined: Sequence[str]
) -> dict[str, Origin]:
    """Return the origin of each column of the joined table that has one.

    Args:
        data: The spec.
        sources: Mapping[str, Sequence[str]] of the sources.
        joined: Columns of the joined table, as DuckDB names them.
    """
    if data.query is None:
        return {
            name: Origin(source=data.sources[0].name, column=name)
            for name in joined
            if len(name) <= MAX_NAME
        }
    try:
        return _of_query(data.query, sources, joined)
    except Exception as error:  # noqa: BLE001 - reading SQL of another program: whatever it stumbles over, the run goes on
        log.info("origins of features unknown", extra={"error": type(error).__name__})
        return {}


def _of_query(
    query: str, sources: Mapping[str, Sequence[str]], joined: Sequence[str]
) -> dict[str, Origin]:
    # Imported here: a run without query needs none of it.
    from sqlglot import exp, parse_one  # noqa: PLC0415
    from sqlglot.lineage import lineage  # noqa: PLC0415
    from sqlglot.optimizer.qualify import qualify  # noqa: PLC0415
    from sqlglot.optimizer.scope import build_scope  # noqa: PLC0415

    parsed = parse_one(query, dialect="duckdb")
    aliases = parsed.find_all(exp.TableAlias)
    if any(each.columns and isinstance(each.parent, exp.Table) for each in aliases):
        return {}  # sqlglot does not rename the columns of a table, DuckDB does
    schema: dict[str, object] = {
        name: dict.fromkeys(columns, "UNKNOWN") for name, columns in sources.items()
    }
    read = qualify(
        parsed,
        dialect="duckdb",
        schema=schema,
        validate_qualify_columns=False,
        identify=False,
    )
    if not isinstance(read, exp.Query):
        return {}
    names = read.named_selects
    if [each.casefold() for each in names] != [each.casefold() for each in joined]:
        return {}  # it reads the query otherwise than DuckDB does
    scope = build_scope(read)
    if scope is None or any(each.external_columns for each in scope.traverse()):
        return {}  # a value depends on columns that a correlated subquery only compares with
    found = {}
    for name, column in zip(joined, names, strict=True):
        node = lineage(
            column, read, schema, dialect="duckdb", scope=scope, trim_selects=False, copy=False
        )
        if isinstance(node, dict):
            continue
        if origin := _one([each for each in node.walk() if not each.downstream], sources):
            found[name] = origin
    return found


def _one(leaves: Sequence[Node], sources: Mapping[str, Sequence[str]]) -> Origin | None:
    """Answer the one column that all leaves are, or None."""
    from sqlglot import exp, parse_one  # noqa: PLC0415

    if any(not isinstance(each.source, exp.Table) for each in leaves):
        return None
    named = {(each.source.name.casefold(), parse_one(each.name).name.casefold()) for each in leaves}
    known = {
        (source.casefold(), column.casefold()): Origin(source=source, column=column)
        for source, columns in sources.items()
        for column in columns
        if len(column) <= MAX_NAME
    }
    return known.get(named.pop()) if len(named) == 1 else None
