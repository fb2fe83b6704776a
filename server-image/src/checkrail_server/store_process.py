"""The S3 client, in a child process of its own: what only a start needs ends with it.

    main ── fork ── imports all the rest ──── a thread that loads ──────────── the child's end
             │                                    │          ▲
             │                     name, most ──> │          │ <── pieces; or what is wrong
             └─ child: imports botocore ──────────┴──────────┘

botocore and its client take 20 MB, and a third of the time of a start; in a child they are got
while this process imports NumPy and ONNX Runtime, where there is a second core.
"""

from __future__ import annotations

import contextlib
import signal
import struct
from functools import cache, partial
from typing import TYPE_CHECKING, Self

from checkrail_server import logs
from checkrail_server.errors import LoadError, StoreUnavailableError
from checkrail_server.forked import Forked, received
from checkrail_server.store import S3Store

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from checkrail_server.settings import Settings

REQUEST = struct.Struct("<QI")
"""Most bytes of the file, bytes of its name, which follows."""
REPLY = struct.Struct("<cI")
"""What it is, bytes of it, which follow."""
PIECE, END, REFUSED, UNAVAILABLE = b"+", b".", b"!", b"?"


class StoreProcess:
    """Implements ``store.Store``; files are read by one thread, until ``close``."""

    def __init__(self, child: Forked, uri: str) -> None:
        """Take a child; ``fork`` makes one."""
        self._child = child
        self._uri = uri

    @classmethod
    def fork(cls, settings: Settings) -> Self:
        """Fork the child; to be called while this process has one thread."""
        return cls(Forked(lambda channel: _answer(channel, settings)), settings.artifact_uri)

    def read(self, name: str, max_bytes: int) -> bytes:
        """Return a file, see ``Store``; LoadError also where the child is gone."""
        told = name.encode()
        pieces = []
        try:
            self._child.channel.sendall(REQUEST.pack(max_bytes, len(told)) + told)
            while (reply := self._reply())[0] == PIECE:
                pieces.append(reply[1])
        except OSError:
            raise LoadError(self._ending(name)) from None
        kind, content = reply
        if kind == END:
            return b"".join(pieces)
        raise (StoreUnavailableError if kind == UNAVAILABLE else LoadError)(content.decode())

    def close(self) -> None:
        """End the child, if it has not ended."""
        self._child.reap(kill=True)

    def _reply(self) -> tuple[bytes, bytes]:
        """Return what the child says next; OSError: it has ended."""
        kind, size = REPLY.unpack(self._whole(REPLY.size))
        return kind, self._whole(size)

    def _whole(self, size: int) -> bytes:
        content = received(self._child.channel, size)
        if len(content) < size:
            raise ConnectionResetError
        return content

    def _ending(self, name: str) -> str:
        """Return why the child is gone."""
        code, _ = self._child.reap(kill=False)
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        why = "see the log: kubectl logs --previous"
        if code == -signal.SIGKILL:
            why = "probably for want of memory: raise server.resources.limits.memory"
        return (
            f"{self._uri}/{name} cannot be read: the process that asks the store ended {how}, {why}"
        )


def _answer(channel: socket.socket, settings: Settings) -> None:
    """Be the child: answer until the parent is gone."""
    opened = cache(partial(S3Store, settings))
    with contextlib.suppress(Exception):  # told when something is asked
        opened()
    while len(request := received(channel, REQUEST.size)) == REQUEST.size:
        max_bytes, size = REQUEST.unpack(request)
        name = received(channel, size).decode()
        for kind, content in _replies(opened, f"{settings.artifact_uri}/{name}", name, max_bytes):
            channel.sendall(REPLY.pack(kind, len(content)) + content)


def _replies(
    opened: Callable[[], S3Store], where: str, name: str, max_bytes: int
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the replies to one request."""
    try:
        for piece in opened().pieces(name, max_bytes):
            yield PIECE, piece
    except LoadError as error:
        yield REFUSED, str(error).encode()
    except StoreUnavailableError as error:
        yield UNAVAILABLE, str(error).encode()
    except Exception as error:  # noqa: BLE001 - what the client's libraries raise has no base
        logs.bug("store not read", error)
        yield REFUSED, f"{where} cannot be read: {type(error).__name__}: {error}".encode()
    else:
        yield END, b""
