"""What is in the cluster's S3 server, read by a program inside the cluster's network."""

import json

from demo import cluster, system
from demo.cluster import PYTHON

CLIENT = """
import json, os, sys
from demo.flights import s3_client
env = os.environ
s3 = s3_client(
    env["CHECKRAIL_S3_ENDPOINT"], env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]
)
bucket, key = sys.argv[1].removeprefix("s3://").split("/", 1)
"""
READ = 'sys.stdout.buffer.write(s3.get_object(Bucket=bucket, Key=key)["Body"].read())'
WRITE = "s3.put_object(Bucket=bucket, Key=key, Body=sys.stdin.buffer.read())"
LIST = """
found = s3.list_objects_v2(Bucket=bucket, Prefix=key + "/").get("Contents", [])
print(json.dumps([each["Key"].removeprefix(key + "/") for each in found]))
"""


def read_object(uri: str) -> bytes:
    """Return an object."""
    return _run(READ, uri)


def write_object(uri: str, content: bytes) -> None:
    """Write an object."""
    _run(WRITE, uri, content)


def names_under(uri: str) -> list[str]:
    """Return the paths of the objects below a prefix, from there on, sorted."""
    names: list[str] = json.loads(_run(LIST, uri))
    return names


def _run(program: str, uri: str, content: bytes | None = None) -> bytes:
    environment = [f"{name}={value}" for name, value in system.store_keys().items()]
    command = ("env", *environment, PYTHON, "-c", CLIENT + program, uri)
    return cluster.run_bytes(*command, stdin=content)
