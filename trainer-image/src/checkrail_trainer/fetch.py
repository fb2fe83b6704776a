"""Sources as tables of the query, and the query's result as one table, not yet run.

    objects -> one view or table a source -> the query's view `JOINED` -> `reading.py`

The query runs when its rows are read, so that only the columns and rows that a run needs are.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from checkrail_api.reasons import Reason
from checkrail_api.reports import DataUsed
from checkrail_trainer.columns import quoted
from checkrail_trainer.database import close_the_rest, literal
from checkrail_trainer.duckdb_failures import duckdb_errors
from checkrail_trainer.failures import RunFailedError, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checkrail_api.data import Data
    from checkrail_trainer.sources import Located

log = logging.getLogger(__name__)

JOINED = "checkrail_joined"
"""View of the query's rows."""
FORMATS = {"parquet": "Parquet", "csv": "CSV", "jsonl": "JSON lines"}
COMPRESSIONS = {"gz": "gzip", "zst": "zstd"}
_PARTITION = re.compile(r"([^=]+)=[^=]*")


def join(
    database: duckdb.DuckDBPyConnection, data: Data, located: Sequence[Located]
) -> tuple[dict[str, str], list[DataUsed]]:
    """Make the sources tables and the query over them the view ``JOINED``.

    The query reads the located objects and nothing else: other files and hosts are closed to it,
    so what is reported as used is all that was used.

    Returns:
        The view's columns in order, DuckDB's type by name; and what is read.

    Raises:
        RunFailedError: SourceUnreadable, EmptyData, NotASelect, QueryFailed, DuplicateColumn,
            AccessDenied or StoreUnavailable.
    """
    used = [_add_source(database, each) for each in located]
    close_the_rest(database, located)
    query = data.query or f"SELECT * FROM {quoted(data.sources[0].name)}"  # noqa: S608 - an identifier, quoted
    with query_errors(data):
        joined = _bound(database, _one_select(database, query))
        _check_names(joined.columns)
        joined.create_view(JOINED)
        described = database.execute(f"DESCRIBE {JOINED}").fetchall()
    return {row[0]: row[1] for row in described}, used


def columns_of_sources(database: duckdb.DuckDBPyConnection, data: Data) -> dict[str, list[str]]:
    """Answer the columns of each source, by its name."""
    return {each.name: database.sql(f"FROM {quoted(each.name)}").columns for each in data.sources}


@contextmanager
def query_errors(data: Data) -> Iterator[None]:
    """Translate what DuckDB raises while it binds or runs the query, and shows the place in it.

    Raises:
        RunFailedError: QueryFailed, SourceUnreadable, AccessDenied, StoreUnavailable or OOMKilled.
    """
    what = "spec.data.query does not run" if data.query else "the source cannot be read"
    advice = "Correct it; it is DuckDB's SQL" if data.query else "Check its objects"
    with duckdb_errors(Reason.QUERY_FAILED, what, advice, data.query or ""):
        yield


def _add_source(database: duckdb.DuckDBPyConnection, located: Located) -> DataUsed:
    """Make the source a table of the query.

    Parquet stays where it is: the query reads the columns it needs. Texts are read once, whole; the
    types of their columns are taken from all of their rows, and only an empty field of a CSV file
    is null.
    """
    source = located.source
    kind, reader = _reader(located)
    with duckdb_errors(
        Reason.SOURCE_UNREADABLE,
        f"source `{source.name}` ({source.uri}) cannot be read as {FORMATS[kind]}, the format of "
        "its suffix",
        "Check the object, or give it the suffix of its format",
    ):
        name = quoted(source.name)
        create = "VIEW" if kind == "parquet" else "TABLE"
        database.execute(f"CREATE {create} {name} AS FROM {reader}")
        rows = database.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]  # noqa: S608 - an identifier, quoted
    if not rows:
        raise RunFailedError(
            Reason.EMPTY_DATA,
            f"source `{source.name}` ({source.uri}) has no rows in {len(located.objects)} "
            "objects; expected at least one: was its data written?",
        )
    log.info("source read", extra={"source": source.name, "uri": source.uri, "rows": rows})
    return DataUsed(
        source=source.name,
        uri=source.uri,
        etag=located.etag,
        bytes=sum(each.bytes for each in located.objects),
        rows=rows,
    )


def _reader(located: Located) -> tuple[str, str]:
    """Return the format of a source and the SQL that reads it."""
    uri, compression = located.source.uri, "uncompressed"
    for suffix, name in COMPRESSIONS.items():
        if uri.endswith(f".{suffix}"):
            uri, compression = uri.removesuffix(f".{suffix}"), name
    kind = uri.rpartition(".")[2]
    files = len(located.objects)
    settings = {
        "parquet": "",
        "csv": f", compression = '{compression}', sample_size = -1, files_to_sniff = {files}",
        "jsonl": f", compression = '{compression}', sample_size = -1, "
        f"maximum_sample_files = {files}, format = 'newline_delimited'",
    }[kind]
    function = {"parquet": "read_parquet", "csv": "read_csv", "jsonl": "read_json"}[kind]
    uris = ", ".join(literal(each.uri) for each in located.objects)
    partitioned = "true" if _partitions(located) else "false"
    return kind, f"{function}([{uris}], hive_partitioning = {partitioned}{settings})"


def _partitions(located: Located) -> list[str]:
    """Answer the names of a source's Hive partitions: of the folders ``name=value`` of its keys.

    Raises:
        RunFailedError: SourceUnreadable; objects differ in them.
    """
    found: dict[tuple[str, ...], str] = {}
    for each in located.objects:
        folders = each.key.split("/")[:-1]
        names = tuple(match[1] for folder in folders if (match := _PARTITION.fullmatch(folder)))
        found.setdefault(names, each.key)
    if len(found) > 1:
        keys = " and ".join(repr(each[:200]) for each in list(found.values())[:2])
        raise RunFailedError(
            Reason.SOURCE_UNREADABLE,
            f"source `{located.source.name}` ({located.source.uri}) has objects of different "
            f"partitions: {keys}; expected the same folders `name=value` in every key, because "
            "they become columns: narrow the uri, or move the objects",
        )
    return list(next(iter(found)))


def _one_select(database: duckdb.DuckDBPyConnection, query: str) -> duckdb.Statement:
    """Parse the query. As a parsed statement its comments and semicolons cannot reach our SQL."""
    statements = database.extract_statements(query)
    kinds = [each.type.name for each in statements]
    if kinds != ["SELECT"]:
        raise RunFailedError(
            Reason.NOT_A_SELECT,
            f"spec.data.query holds {', '.join(kinds) or 'no statement'}; expected one SELECT: "
            "use WITH for intermediate tables",
        )
    return statements[0]


def _bound(
    database: duckdb.DuckDBPyConnection, statement: duckdb.Statement
) -> duckdb.DuckDBPyRelation:
    """Find the tables and columns that the statement names, without running it."""
    unbound = (duckdb.BinderException, duckdb.CatalogException)
    try:
        return database.sql(statement)
    except unbound as error:
        try:
            # The same error again, before any row is read, but with its place in the query.
            database.execute(statement)
        except unbound:
            raise
        except duckdb.Error:
            raise error from None
        raise


def _check_names(names: Sequence[str]) -> None:
    """Refuse columns of one name: DuckDB would rename all but the first, silently."""
    folded = [each.casefold() for each in names]
    if len(set(folded)) == len(folded):
        return
    twice = dict.fromkeys(name for name in names if folded.count(name.casefold()) > 1)
    raise RunFailedError(
        Reason.DUPLICATE_COLUMN,
        f"the joined table has more than one column named {listed(list(twice))}; expected "
        "different names, in whatever case: join with USING, select with EXCLUDE, or rename "
        "them with AS",
    )
