"""A store that loses connections: no real one can be told to, in the middle of one answer."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from checkrail_api.artifact import MODEL_FILE

Broken = Callable[[BaseHTTPRequestHandler, bytes], None]
"""Sends part of an object's content, and not the rest."""


def resets(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    """Send half, and reset the connection."""
    handler.wfile.write(content[: len(content) // 2])
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def ends(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    """Send half, and end the connection as if that were all."""
    handler.wfile.write(content[: len(content) // 2])
    handler.close_connection = True


def stalls(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    """Send half, and nothing more until the client is gone."""
    handler.wfile.write(content[: len(content) // 2])
    with contextlib.suppress(OSError):
        handler.connection.recv(1)
    handler.close_connection = True


@contextlib.contextmanager
def breaking_store(files: dict[str, bytes], how: Broken, times: int) -> Iterator[str]:
    """Serve ``files`` as any prefix's, and break the first ``times`` answers with the model.

    Yields:
        Its URL.
    """
    left = iter(range(times))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = unquote(self.path).rpartition("/")[2]
            self.send_response(200)
            self.send_header("Content-Length", str(len(files[name])))
            self.end_headers()
            if name == MODEL_FILE and next(left, None) is not None:
                how(self, files[name])
            else:
                self.wfile.write(files[name])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
