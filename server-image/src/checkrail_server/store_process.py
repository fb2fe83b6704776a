"""The S3 client, in a child process of its own: what only a start needs ends with it.

    main ── fork ── imports all the rest ──── a thread that loads ──────────── the child's end
             │                                    │          ▲
             │                     name, most ──> │          │ <── pieces; or what is wrong
             └─ child: imports botocore ──────────┴──────────┘

botocore and its client take 20 MB, and a third of the time of a start; in a child they are got
while this process imports NumPy and ONNX Runtime, where there is a second core.
"""

from __future__ import annotations

import signal
import socket
import struct
from typing import TYPE_CHECKING, Self

from checkrail_server.errors import LoadError, StoreUnavailableError
from checkrail_server.forked import Forked
from checkrail_server.store import S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        kind, size = REPLY.unpack(_whole(self._child.channel, REPLY.size))
        return kind, _whole(self._child.channel, size)

    def _ending(self, name: str) -> str:
        """Return why the child is gone."""
        code, _ = self._child.reap(kill=False)
        where = f"{self._uri}/{name} cannot be read: the process that asks the store ended"
        if code == -signal.SIGKILL:
            return f"{where} by SIGKILL: probably there is too little memory"
        return f"{where} with exit code {code}; it says why in the log"


def _whole(channel: socket.socket, size: int) -> bytes:
    """Return ``size`` bytes; ConnectionResetError: there are fewer."""
    content = channel.recv(size, socket.MSG_WAITALL) if size else b""
    if len(content) < size:
        raise ConnectionResetError
    return content


def _answer(channel: socket.socket, settings: Settings) -> None:
    """Be the child: answer until the parent is gone."""
    store: S3Store | str
    try:
        store = S3Store(settings)
    except Exception as error:  # noqa: BLE001 - botocore's and its libraries', of what it is told
        store = f"{settings.artifact_uri} cannot be read: {error}"
    while request := channel.recv(REQUEST.size, socket.MSG_WAITALL):
        max_bytes, size = REQUEST.unpack(request)
        name = _whole(channel, size).decode()
        for kind, content in _replies(store, name, max_bytes):
            channel.sendall(REPLY.pack(kind, len(content)) + content)


def _replies(store: S3Store | str, name: str, max_bytes: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the replies to one request; ``store`` may be why there is none."""
    try:
        if isinstance(store, str):
            raise LoadError(store)  # noqa: TRY301 - told as any other
        for piece in store.pieces(name, max_bytes):
            yield PIECE, piece
    except LoadError as error:
        yield REFUSED, str(error).encode()
    except StoreUnavailableError as error:
        yield UNAVAILABLE, str(error).encode()
    else:
        yield END, b""
