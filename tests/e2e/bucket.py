"""What is in the cluster's S3 server, read by a program inside the cluster's network."""

import base64
import json
from collections.abc import Mapping

from demo import cluster, system
from demo.cluster import PYTHON

CLIENT = """
import base64, json, os, sys
from demo.flights import s3_client
env = os.environ
s3 = s3_client(
    env["CHECKRAIL_S3_ENDPOINT"], env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]
)
bucket, key = sys.argv[1].removeprefix("s3://").split("/", 1)
"""
READ = 'sys.stdout.buffer.write(s3.get_object(Bucket=bucket, Key=key)["Body"].read())'
WRITE = "s3.put_object(Bucket=bucket, Key=key, Body=sys.stdin.buffer.read())"
WRITE_ALL = """
for name, content in json.load(sys.stdin).items():
    s3.put_object(Bucket=bucket, Key=f"{key}/{name}", Body=base64.b64decode(content))
"""
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


def write_objects(uri: str, files: Mapping[str, bytes]) -> None:
    """Write the objects below a prefix, one after the other."""
    encoded = {name: base64.b64encode(content).decode() for name, content in files.items()}
    _run(WRITE_ALL, uri, json.dumps(encoded).encode())


def names_under(uri: str) -> list[str]:
    """Return the paths of the objects below a prefix, from there on, sorted."""
    names: list[str] = json.loads(_run(LIST, uri))
    return names


def _run(program: str, uri: str, content: bytes | None = None) -> bytes:
    environment = [f"{name}={value}" for name, value in system.store_keys().items()]
    command = ("env", *environment, PYTHON, "-c", CLIENT + program, uri)
    return cluster.run_bytes(*command, stdin=content)
