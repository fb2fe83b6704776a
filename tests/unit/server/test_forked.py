"""What comes from a child process is whole, or the child is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from checkrail_server.forked import received

if TYPE_CHECKING:
    import socket


class Interrupted:
    """A socket whose calls end early, as signals make them; the kernel does so when it likes."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = iter(pieces)
        self.asked: list[int] = []

    def recv(self, size: int, _: int) -> bytes:
        self.asked.append(size)
        return next(self._pieces)


@pytest.mark.parametrize(
    ("pieces", "content", "asked"),
    [
        pytest.param([b"hello"], b"hello", [5], id="at once"),
        pytest.param([b"hel", b"lo"], b"hello", [5, 2], id="in two pieces, after a signal"),
        pytest.param([b"hel", b""], b"hel", [5, 2], id="the other end goes"),
        pytest.param([b""], b"", [5], id="the other end is gone"),
    ],
)
def test_a_call_that_ends_early_is_no_end(
    pieces: list[bytes], content: bytes, asked: list[int]
) -> None:
    channel = Interrupted(*pieces)

    assert received(cast("socket.socket", channel), 5) == content
    assert channel.asked == asked


def test_nothing_is_asked_for_nothing() -> None:
    assert received(cast("socket.socket", Interrupted()), 0) == b""
