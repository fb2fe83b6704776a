"""Sources from S3 into one table, joined by DuckDB out of core."""

from __future__ import annotations

import importlib.util
import logging
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import botocore
import duckdb

from checkrail_api.reasons import Reason
from checkrail_api.reports import DataUsed
from checkrail_trainer.columns import quoted
from checkrail_trainer.failures import (
    RunFailedError,
    first_lines,
    out_of_memory,
    unavailable,
)
from checkrail_trainer.s3 import S3Object, etag_of
from checkrail_trainer.source_keys import check_keys, check_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checkrail_api.data import Data, Source
    from checkrail_trainer.environment import Environment
    from checkrail_trainer.s3 import Bucketeer

log = logging.getLogger(__name__)

MEMORY_SHARE_PERCENT = 60
"""DuckDB's share of the container's memory; Arrow, Python and the allocator need the rest."""
JOINED = "checkrail_joined"
"""Table of the query's rows."""
_NETWORK = re.compile(r"connect|curl|timed? ?out|HTTP|SSL|network|resolve", re.IGNORECASE)


@dataclass(frozen=True)
class Located:
    """A source and the objects that its uri names now."""

    source: Source
    objects: list[S3Object]


def locate(data: Data, bucketeer: Bucketeer) -> list[Located]:
    """Find every object of every source before any of them is read.

    Raises:
        RunFailedError: SourceNotFound, BucketNotFound, AccessDenied or StoreUnavailable;
            SourceUnreadable where a name would be read as more than a name.
    """
    for source in data.sources:
        check_uri(source)
    located = [Located(source, bucketeer.find(source.uri)) for source in data.sources]
    for each in located:
        check_keys(each.source, each.objects)
    return located


@contextmanager
def open_database(
    environment: Environment, bucketeer: Bucketeer, threads: int
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in a folder of its own on the scratch volume; both are gone at the end.

    It never fetches an extension: httpfs comes from a locked wheel.
    """
    environment.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=environment.scratch, prefix="duckdb-") as name:
        folder = Path(name)
        config: dict[str, Any] = {
            "threads": threads,
            "temp_directory": str(folder / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
        }
        if environment.memory_limit_bytes:
            share = environment.memory_limit_bytes * MEMORY_SHARE_PERCENT // 100
            config["memory_limit"] = f"{share}B"
        with duckdb.connect(str(folder / "run.duckdb"), config=config) as database:
            if environment.scratch_limit_bytes:
                # Given to connect(), DuckDB 1.5.5 shows this limit and does not keep to it.
                limit = f"{environment.scratch_limit_bytes}B"
                database.execute(f"SET max_temp_directory_size = '{limit}'")
            database.execute(f"LOAD '{httpfs()}'")
            database.execute("SET TimeZone = 'UTC'")
            database.execute("SET enable_progress_bar = false")
            database.execute(f"SET ca_cert_file = {_literal(str(authorities(environment)))}")
            _open_s3(database, bucketeer)
            yield database


def httpfs() -> Path:
    """Answer where the locked wheel keeps DuckDB's S3 extension."""
    spec = importlib.util.find_spec("duckdb_extension_httpfs")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("duckdb-extension-httpfs is not installed beside duckdb")
    version = f"v{duckdb.__version__}"
    return Path(spec.origin).parent / "extensions" / version / "httpfs.duckdb_extension"


def authorities(environment: Environment) -> Path:
    """Answer the certificate authorities that botocore trusts, so that DuckDB trusts the same.

    The image holds no other ones.
    """
    given = environment.variables.get("AWS_CA_BUNDLE")
    return Path(given) if given else Path(botocore.__file__).parent / "cacert.pem"


def join(
    database: duckdb.DuckDBPyConnection, data: Data, located: Sequence[Located]
) -> tuple[dict[str, str], list[DataUsed]]:
    """Run the query over the sources and keep its rows as the table ``JOINED``.

    The query reads the located objects and nothing else: other files and hosts are closed to it,
    so what is reported as used is all that was used.

    Returns:
        The table's columns in order, DuckDB's type by name; and what was read.

    Raises:
        RunFailedError: SourceUnreadable, QueryFailed, AccessDenied or StoreUnavailable.
    """
    used = [_add_source(database, each) for each in located]
    _close_the_rest(database, located)
    query = data.query or f"SELECT * FROM {quoted(data.sources[0].name)}"  # noqa: S608 - an identifier, quoted
    with duckdb_errors(
        Reason.QUERY_FAILED, "spec.data.query does not run", "Correct it; it is DuckDB's SQL"
    ):
        # As a parsed statement: pasted into SQL of ours, its comments and semicolons would count.
        database.sql(_one_select(database, query)).create(JOINED)
        described = database.execute(f"DESCRIBE {JOINED}").fetchall()
    return {row[0]: row[1] for row in described}, used


def check_unchanged(data: Data, bucketeer: Bucketeer, located: Sequence[Located]) -> None:
    """Make sure that no object was replaced while it was read.

    Raises:
        RunFailedError: SourceUnreadable, retried: what was read is a mixture.
    """
    for before, now in zip(located, locate(data, bucketeer), strict=True):
        if before.objects != now.objects:
            error = unavailable(
                f"objects of source `{before.source.name}` ({before.source.uri}) changed while "
                "they were read; the run is retried"
            )
            error.reason = Reason.SOURCE_UNREADABLE
            raise error


def _open_s3(database: duckdb.DuckDBPyConnection, bucketeer: Bucketeer) -> None:
    keys = bucketeer.keys()
    secret: dict[str, Any] = {
        "key_id": keys.access_key,
        "secret": keys.secret_key,
        "session_token": keys.token,
        "region": bucketeer.region,
        "url_style": "path" if bucketeer.store.addressing_style == "Path" else "vhost",
    }
    if bucketeer.store.endpoint:
        url = urlsplit(bucketeer.store.endpoint)
        secret |= {"endpoint": url.netloc, "use_ssl": url.scheme == "https"}
    given = {key: value for key, value in secret.items() if value is not None}
    settings = ", ".join(f"{key} ?" for key in given)
    database.execute(f"CREATE SECRET sources (TYPE s3, {settings})", list(given.values()))


def _add_source(database: duckdb.DuckDBPyConnection, located: Located) -> DataUsed:
    """Make the source a table of the query.

    Parquet stays where it is: the query reads the columns it needs. CSV is read once, whole; the
    types of its columns are taken from all of its rows, and only an empty field is null.
    """
    source = located.source
    uris = ", ".join(_literal(each.uri) for each in located.objects)
    if source.uri.endswith(".parquet"):
        create, reader = "VIEW", f"read_parquet([{uris}])"
    else:
        create, reader = "TABLE", f"read_csv([{uris}], sample_size = -1)"
    expected = "Parquet" if create == "VIEW" else "CSV"
    with duckdb_errors(
        Reason.SOURCE_UNREADABLE,
        f"source `{source.name}` ({source.uri}) cannot be read as {expected}, the format of its "
        "suffix",
        "Check the object, or give it the suffix of its format",
    ):
        name = quoted(source.name)
        database.execute(f"CREATE {create} {name} AS FROM {reader}")
        rows = database.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]  # noqa: S608 - an identifier, quoted
    log.info("source read", extra={"source": source.name, "uri": source.uri, "rows": rows})
    return DataUsed(
        source=source.name,
        uri=source.uri,
        etag=etag_of(located.objects),
        bytes=sum(each.bytes for each in located.objects),
        rows=rows,
    )


def _close_the_rest(database: duckdb.DuckDBPyConnection, located: Sequence[Located]) -> None:
    paths = [each.uri for source in located for each in source.objects]
    folder = database.execute("SELECT current_setting('temp_directory')").fetchall()[0][0]
    database.execute(f"SET allowed_paths = [{', '.join(map(_literal, paths))}]")
    database.execute(f"SET allowed_directories = [{_literal(str(Path(folder).parent))}]")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")


def _one_select(database: duckdb.DuckDBPyConnection, query: str) -> duckdb.Statement:
    statements = database.extract_statements(query)
    kinds = [each.type.name for each in statements]
    if kinds != ["SELECT"]:
        raise RunFailedError(
            Reason.QUERY_FAILED,
            f"spec.data.query holds {', '.join(kinds) or 'no statement'}; expected one SELECT: "
            "use WITH for intermediate tables",
        )
    return statements[0]


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


@contextmanager
def duckdb_errors(reason: Reason, what: str, advice: str) -> Iterator[None]:
    """Translate what DuckDB raises: the network's troubles, memory, or else ``reason``."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        if "max_temp_directory_size" in str(error):
            raise out_of_memory(
                f"{what}: {first_lines(error, 1)}. DuckDB spills to the scratch volume what "
                f"{MEMORY_SHARE_PERCENT} % of the memory limit cannot hold, and has filled its "
                "share of it: select fewer rows or columns in spec.data.query, or raise the "
                "memory in spec.resources.ladder, so that less is spilled"
            ) from error
        raise out_of_memory(
            f"{what}: {first_lines(error, 1)}. DuckDB may use {MEMORY_SHARE_PERCENT} % of the "
            "memory limit and the scratch volume: raise them in spec.resources.ladder"
        ) from error
    except duckdb.HTTPException as error:
        raise _from_http(error, what) from error
    except (duckdb.InternalException, duckdb.FatalException):
        raise  # a bug, not the user's
    except duckdb.Error as error:
        text = first_lines(error)
        if isinstance(error, duckdb.IOException) and _NETWORK.search(text):
            raise unavailable(f"{what}: {text}") from error
        raise RunFailedError(reason, f"{what}: {text}\n{advice}") from error


def _from_http(error: duckdb.HTTPException, what: str) -> RunFailedError:
    status = getattr(error, "status_code", 0)
    text = f"{what}: {first_lines(error, 1)}"
    if status in (401, 403):
        return RunFailedError(
            Reason.ACCESS_DENIED, f"{text}. The identity must be allowed to read its objects"
        )
    return unavailable(text)
