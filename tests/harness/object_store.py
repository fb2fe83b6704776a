"""A real S3 server, versitygw, in a temporary folder, ready in a tenth of a second.

with ObjectStoreServer(tmp_path) as server:
    server.make_bucket("lake")
    server.put("s3://lake/flights.parquet", body)
"""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config

from harness.control_plane import free_ports
from harness.process import Child
from local_cluster.build import build
from local_cluster.modules import binary, chosen

if TYPE_CHECKING:
    import signal
    from pathlib import Path
    from types import TracebackType

READY_SECONDS = 30.0


class ObjectStoreServer:
    """versitygw over a folder; every bucket is open to one pair of keys."""

    region = "us-east-1"
    access_key = "checkrail-tests"
    secret_key = "not-a-secret"  # noqa: S105 - it opens a folder of the tests

    def __init__(
        self,
        folder: Path,
        *,
        tls: bool = False,
        read_only: bool = False,
        virtual_domain: str | None = None,
    ) -> None:
        """Describe a server that keeps its objects below ``folder``; `with` starts it.

        Args:
            folder: Where to keep objects, metadata and the log.
            tls: Serve HTTPS under a certificate that signs itself, see `certificate`.
            read_only: Deny every write; objects may be there from another server's time.
            virtual_domain: What of a host's name is not the bucket's; other hosts name none.
        """
        self.folder = folder
        self.tls = tls
        self.read_only = read_only
        self.virtual_domain = virtual_domain
        self.port = free_ports(1)[0]
        self._child: Child | None = None

    @property
    def endpoint(self) -> str:
        """The server's URL; it stays the same over restarts."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """With TLS: what a client has to trust."""
        return self.folder / "tls.crt"

    @property
    def credentials(self) -> dict[str, str]:
        """The keys under the AWS variable names."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}

    def start(self) -> None:
        """Start it and return once it takes connections.

        Raises:
            ChildDiedError: It ended or did not become ready; its log's tail says why.
        """
        build(chosen(("versitygw",)))
        for name in ("objects", "metadata"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        command: list[str | Path] = [
            binary("versitygw"),
            f"--port=127.0.0.1:{self.port}",
            f"--region={self.region}",
            "--keep-alive",
            *(self._certificate_flags() if self.tls else ()),
            *(("--readonly",) if self.read_only else ()),
            *((f"--virtual-domain={self.virtual_domain}",) if self.virtual_domain else ()),
            "posix",
            f"--sidecar={self.folder / 'metadata'}",
            self.folder / "objects",
        ]
        environment = {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret_key}
        self._child = Child(command, log=self.folder / "versitygw.log", env=environment)
        self._child.wait_until(self._answers, READY_SECONDS)

    def stop(self) -> None:
        """End it; objects stay. Idempotent."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal: with SIGSTOP it takes connections and answers nothing until SIGCONT."""
        assert self._child is not None, "it does not run"
        self._child.send(number)

    def client(self) -> Any:
        """A boto3 client with the right keys."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            verify=str(self.certificate) if self.tls else None,
            config=Config(
                s3={"addressing_style": "path"}, request_checksum_calculation="when_required"
            ),
        )

    def make_bucket(self, name: str) -> None:
        """Create a bucket."""
        self.client().create_bucket(Bucket=name)

    def put(self, uri: str, body: bytes) -> None:
        """Write one object."""
        bucket, key = _split(uri)
        self.client().put_object(Bucket=bucket, Key=key, Body=body)

    def get(self, uri: str) -> bytes:
        """Read one object."""
        bucket, key = _split(uri)
        body: bytes = self.client().get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def keys(self, uri: str) -> list[str]:
        """Keys below a prefix, relative to it, sorted; at most 1,000."""
        bucket, prefix = _split(uri)
        answer = self.client().list_objects_v2(Bucket=bucket, Prefix=prefix)
        return sorted(each["Key"].removeprefix(prefix) for each in answer.get("Contents", []))

    def modified(self, uri: str) -> dict[str, str]:
        """When each key below a prefix was written last; at most 1,000."""
        bucket, prefix = _split(uri)
        answer = self.client().list_objects_v2(Bucket=bucket, Prefix=prefix)
        return {each["Key"]: str(each["LastModified"]) for each in answer.get("Contents", [])}

    def _certificate_flags(self) -> tuple[str, str]:
        key = self.folder / "tls.key"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1"
        names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run([*command.split(), *names, *files], check=True, capture_output=True)
        return f"--cert={self.certificate}", f"--key={key}"

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
