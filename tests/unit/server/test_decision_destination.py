"""Where the decision writer puts files: what a bucket with Object Lock asks of them."""

from __future__ import annotations

import base64
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from checkrail_api.decision_log import DecisionLogSettings
from checkrail_decision_writer.destination import open_destination

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSAL = b"""<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP
header is required for Put Object requests with Object Lock parameters</Message></Error>"""


class LockedBucket(BaseHTTPRequestHandler):
    """Refuses an object without the digest of its content, as AWS does."""

    objects: dict[str, bytes]

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        taken = self.headers["content-md5"] == digest
        if taken:
            self.objects[self.path] = content
        self.send_response(200 if taken else 400)
        self.send_header("content-length", str(0 if taken else len(REFUSAL)))
        self.end_headers()
        if not taken:
            self.wfile.write(REFUSAL)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture
def locked() -> Iterator[HTTPServer]:
    """A store whose bucket is locked."""
    LockedBucket.objects = {}
    with HTTPServer(("127.0.0.1", 0), LockedBucket) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_file_comes_into_a_bucket_with_object_lock(
    locked: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "test")
    settings = DecisionLogSettings.model_validate(
        {
            "uri": "s3://audit/decisions",
            "endpoint": f"http://127.0.0.1:{locked.server_port}",
            "region": "us-east-1",
            "revision": "r1",
            "spool": "/nowhere",
        }
    )
    open_destination(settings).write("date=2026-11-29/a.parquet", b"PAR1")

    assert LockedBucket.objects == {"/audit/decisions/date%3D2026-11-29/a.parquet": b"PAR1"}
