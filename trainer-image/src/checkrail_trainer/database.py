"""DuckDB as a run uses it: bounded, closed to the world, and able to open the sources."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import duckdb

from checkrail_trainer.authorities import bundle
from checkrail_trainer.duckdb_failures import MEMORY_SHARE_PERCENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checkrail_trainer.environment import Environment
    from checkrail_trainer.s3 import Bucketeer
    from checkrail_trainer.sources import Located


@contextmanager
def open_database(
    environment: Environment, located: Sequence[Located], threads: int
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory that spills to a folder on the scratch volume, gone at the end.

    It never fetches an extension: httpfs comes from a locked wheel.
    """
    environment.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=environment.scratch, prefix="duckdb-") as folder:
        config: dict[str, Any] = {
            "threads": threads,
            "memory_limit": f"{memory_for_rows(environment)}B",
            "temp_directory": str(Path(folder) / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "errors_as_json": True,
            # What is read once needs no copy: 118 MiB less for 1,000,000 rows of 30 numbers.
            "enable_external_file_cache": False,
        }
        with duckdb.connect(config=config) as database:
            if environment.scratch_limit_bytes:
                # Given to connect(), DuckDB 1.5.5 shows this limit and does not keep to it.
                limit = f"{environment.scratch_limit_bytes}B"
                database.execute(f"SET max_temp_directory_size = '{limit}'")
            database.execute(f"LOAD '{httpfs()}'")
            database.execute("SET TimeZone = 'UTC'")
            database.execute("SET enable_progress_bar = false")
            trusted = literal(str(bundle(environment.variables)))
            database.execute(f"SET ca_cert_file = {trusted}")
            _open_services(database, located)
            yield database


def memory_for_rows(environment: Environment) -> int:
    """Answer what DuckDB may use, bytes: its share of the container's memory, or the machine's."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return (environment.memory_limit_bytes or machine) * MEMORY_SHARE_PERCENT // 100


def httpfs() -> Path:
    """Answer where the locked wheel keeps DuckDB's S3 extension."""
    spec = importlib.util.find_spec("duckdb_extension_httpfs")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("duckdb-extension-httpfs is not installed beside duckdb")
    version = f"v{duckdb.__version__}"
    return Path(spec.origin).parent / "extensions" / version / "httpfs.duckdb_extension"


def close_the_rest(database: duckdb.DuckDBPyConnection, located: Sequence[Located]) -> None:
    """Close all files and hosts but the located objects, for good."""
    paths = [each.uri for source in located for each in source.objects]
    folder = database.execute("SELECT current_setting('temp_directory')").fetchall()[0][0]
    database.execute(f"SET allowed_paths = [{', '.join(map(literal, paths))}]")
    database.execute(f"SET allowed_directories = [{literal(str(Path(folder).parent))}]")
    database.execute("SET enable_external_access = false")
    # For `one_thread`, `spilling` and `reading`; a SELECT sets nothing.
    ours = ["threads", "memory_limit", "max_temp_directory_size"]
    database.execute(f"SET allowed_configs = [{', '.join(map(literal, ours))}]")
    database.execute("SET lock_configuration = true")


@contextmanager
def one_thread(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let statements run on one thread meanwhile.

    Several threads take rows as they come: sums of floats end in other bits, and ``any_value`` in
    another row, from one run to the next.
    """
    [(threads,)] = database.execute("SELECT current_setting('threads')").fetchall()
    database.execute("SET threads = 1")
    try:
        yield
    finally:
        database.execute(f"SET threads = {threads}")


def literal(text: str) -> str:
    """Return ``text`` as an SQL string."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _open_services(database: duckdb.DuckDBPyConnection, located: Sequence[Located]) -> None:
    """Hand over the keys of each service, for its objects only where there are several."""
    services = list(dict.fromkeys(each.service for each in located if each.service))
    for number, service in enumerate(services):
        objects = [found for each in located if each.service is service for found in each.objects]
        buckets = {each.uri.removeprefix("s3://").partition("/")[0] for each in objects}
        secret = _secret(service, path_style=service.path_style(buckets))
        if len(services) > 1:
            secret["scope"] = [each.uri for each in objects]
        settings = ", ".join(f"{key} ?" for key in secret)
        database.execute(
            f"CREATE SECRET source_{number} (TYPE s3, {settings})", list(secret.values())
        )


def _secret(service: Bucketeer, *, path_style: bool) -> dict[str, Any]:
    keys = service.keys()
    secret: dict[str, Any] = {
        "key_id": keys.access_key,
        "secret": keys.secret_key,
        "session_token": keys.token,
        "region": service.region,
        "url_style": "path" if path_style else "vhost",
    }
    if service.store.endpoint:
        url = urlsplit(service.store.endpoint)
        secret |= {"endpoint": url.netloc, "use_ssl": url.scheme == "https"}
    return {key: value for key, value in secret.items() if value is not None}
