"""The server's end of the socket to the candidate's process: one batch at a time goes out."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, cast

from checkrail_server import logs
from checkrail_server.shadow_frames import FrameReader, frame, packed
from checkrail_server.tensors import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checkrail_server.inference_queue import Run
    from checkrail_server.model import Feeds, Model
    from checkrail_server.scoring import Answered

BATCH = 16
"""Requests that wait; more are dropped. Packing so many takes less than 0.2 ms."""
GATHER_SECONDS = 0.01
"""How long requests are gathered before a batch goes out."""
ANSWERED = ""
"""Name of the tensor with what was answered; no input of a model has it."""


class ShadowLink(asyncio.Protocol):
    """Keeps the first rows of answered requests until the candidate's process is free."""

    def __init__(
        self, model: Model, output: int, take_report: Callable[[dict[str, object]], None]
    ) -> None:
        """Send what ``model`` answered as output number ``output``; hand on what is reported."""
        self._output = output
        self._take_report = take_report
        sizes = [spec.shape for spec in (*model.inputs, model.outputs[output])]
        alike = all(shape[:1] == (ANY,) and ANY not in shape[1:] for shape in sizes)
        self._batch = BATCH if alike else 1
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._waiting: list[tuple[list[str | None], Feeds]] = []
        self._room_taken = 0
        self._free = False
        self._gathering: asyncio.TimerHandle | None = None
        self.dropped = 0
        """Requests that found no room."""

    async def open(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        """Connect, and return the other end."""
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        await loop.create_unix_connection(lambda: self, sock=ours)
        return theirs

    def start(self, head: dict[str, object]) -> None:
        """Say what is to be loaded."""
        if self._transport:
            self._transport.write(frame(head))

    def offer(self, run: Run, answered: Sequence[Answered]) -> None:
        """Keep the first rows of requests that picked no version, or drop them.

        A row is never larger than a request's body. Most requests are dropped while the loop is
        busy, which is when every microsecond of it counts: those are only counted.
        """
        kept: list[tuple[str | None, int]] = []
        room = self._batch - self._room_taken
        for job, rows, _ in answered:
            if job.exchange.picked:
                continue
            if len(kept) < room:
                kept.append((job.told_id, rows.start))
            else:
                self.dropped += 1
        if kept:
            self._room_taken += len(kept)
            self._waiting.append(([name for name, _ in kept], self._rows(run, kept)))
            self._gather()

    def _rows(self, run: Run, kept: Sequence[tuple[str | None, int]]) -> Feeds:
        """Return the rows that are kept, and what was answered, as tensors of their own."""
        feeds = {**run.feeds, ANSWERED: run.outputs[self._output]}
        if len(feeds[ANSWERED]) == 1:
            return feeds
        places = [place for _, place in kept]
        return {name: values[places] for name, values in feeds.items()}

    def close(self) -> None:
        """End; the process at the other end ends with it."""
        if self._gathering:
            self._gathering.cancel()
        if self._transport:
            self._transport.abort()
        self._waiting.clear()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of no such class

    def data_received(self, data: bytes) -> None:
        """Take reports, and learn that there is room."""
        try:
            for head, _ in self._reader.feed(data):
                if fields := head.get("report"):
                    self._take_report(fields)
                    self._free |= fields.get("state") == "Comparing"
                if head.get("done"):
                    self._free = True
            self._gather()
        except Exception as error:  # noqa: BLE001 - what that process says must not end this one
            logs.bug("candidate's process not understood", error)
            self.close()

    def _gather(self) -> None:
        if self._free and self._waiting and self._gathering is None:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(GATHER_SECONDS, self._send)

    def _send(self) -> None:
        self._gathering = None
        if not self._transport or self._transport.is_closing():
            return
        waiting, self._waiting = self._waiting, []
        self._room_taken, self._free = 0, False
        described, content = packed([feeds for _, feeds in waiting])
        ids = [name for names, _ in waiting for name in names]
        head: dict[str, Any] = {"ids": ids, "tensors": described}
        self._transport.write(frame(head, content))
