"""What was answered, gathered by the event loop and handed to the spool's thread."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from checkrail_server import logs
from checkrail_server.decisions.gathered import Gathered, Requests, size_of
from checkrail_server.tensors import DTYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Buffer

    from checkrail_server.decisions.frames import Column
    from checkrail_server.decisions.spool import Spool
    from checkrail_server.model import Feeds
    from checkrail_server.tensors import Array

CHUNK_BYTES = 256 << 10
CHUNK_REQUESTS = 1024
"""So much is handed over at once; less with the next tick, a quarter of a second at the most."""
BUFFER_BYTES = 16 << 20
"""What may wait for a disk that does not take it; what comes beyond it is dropped."""


class DecisionLog:
    """The records of one model's answers. All methods are called from the event loop."""

    def __init__(
        self,
        spool: Spool,
        inputs: Sequence[Column],
        outputs: Sequence[Column],
        ratio: float,
    ) -> None:
        """Record ``ratio`` of the requests.

        Args:
            spool: Where records go; nobody else uses it from now on.
            inputs: Those that are recorded.
            outputs: All of the model's, in its order.
            ratio: Share of the requests, 1 for all.
        """
        self._spool = spool
        self._inputs = tuple(column.name for column in inputs)
        self._pick = _picker(self._inputs)
        columns = (*inputs, *outputs)
        plain = [(place, each) for place, each in enumerate(columns) if each.is_plain]
        self._odd = [place for place, each in enumerate(columns) if not each.is_plain]
        self._pick_plain = _picker([place for place, _ in plain]) if self._odd else None
        self._row_bytes = sum(DTYPES[each.datatype].itemsize * each.width for _, each in plain)
        self._ratio = ratio
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="decision-log")
        self._handed: list[tuple[bytes, int]] = []
        self._handed_bytes = 0
        self._under_way = 0
        self._busy: asyncio.Future[None] | None = None
        self._dropped = 0
        self._gathered = Gathered(len(self._odd))

    # figures

    @property
    def written(self) -> int:
        """Requests whose records are in the object store."""
        return self._spool.written

    @property
    def dropped(self) -> int:
        """Requests whose records are lost."""
        return self._dropped + self._spool.dropped

    @property
    def pending(self) -> int:
        """Requests whose records wait."""
        handed = sum(requests for _, requests in self._handed)
        return self._gathered.requests + handed + self._under_way + self._spool.pending

    # requests

    def take(self, feeds: Feeds, outputs: Sequence[Array], answered: Requests) -> None:
        """Record requests that were inferred together; it raises nothing and waits for nothing.

        Args:
            feeds: The model's inputs, each ``(rows, ...)``.
            outputs: All of its outputs, in its order, each ``(rows, ...)``.
            answered: The requests, none left out.
        """
        try:
            self._take(feeds, outputs, answered)
        except Exception as error:  # noqa: BLE001 - a record that fails must fail no request
            self._dropped += len(answered.ids)
            logs.bug("decision not recorded", error)

    def tick(self) -> None:
        """Hand over what waits; called a few times a second."""
        self._end_chunk()
        self._hand_over()

    async def flush(self) -> None:
        """Return when everything is on disk."""
        self._end_chunk()
        while self._handed or self._busy:
            self._hand_over()
            if self._busy:
                await asyncio.wait([self._busy])

    async def close(self) -> None:
        """Return when everything is on disk, and the last segment is closed."""
        await self.flush()
        await self._in_thread(self._spool.close)

    async def look(self) -> None:
        """Bring the figures up to date after ``close``."""
        await self._in_thread(self._spool.look)

    # inside

    async def _in_thread(self, action: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, action)

    def _take(self, feeds: Feeds, outputs: Sequence[Array], answered: Requests) -> None:
        if self._ratio < 1 or not all(answered.recorded):
            feeds, outputs, answered = self._drawn(feeds, outputs, answered)
            if not answered.ids:
                return
        columns = (*self._pick(feeds), *outputs)
        values = _joined(self._pick_plain(columns) if self._pick_plain else columns)
        if len(values) != (rows := sum(answered.rows)) * self._row_bytes:
            raise ValueError(f"{len(values)} bytes of values for {rows} rows")
        odd = [columns[place].ravel().tolist() for place in self._odd]
        size = size_of(answered, values, odd)
        if size > CHUNK_BYTES:
            self._end_chunk()  # if this is too large, it is lost alone
        self._gathered.add(answered, values, odd, size)
        if self._gathered.size >= CHUNK_BYTES or self._gathered.requests >= CHUNK_REQUESTS:
            self._end_chunk()
            self._hand_over()

    def _drawn(
        self, feeds: Feeds, outputs: Sequence[Array], answered: Requests
    ) -> tuple[Feeds, Sequence[Array], Requests]:
        """Return what is to be recorded of a batch."""
        # not by the request's id: whoever sends it would choose what is recorded
        keep = [each and random.random() < self._ratio for each in answered.recorded]  # noqa: S311
        if all(keep):
            return feeds, outputs, answered
        rows = np.repeat(keep, answered.rows)
        return (
            {name: feeds[name][rows] for name in self._inputs},
            [values[rows] for values in outputs],
            answered.only(keep),
        )

    def _end_chunk(self) -> None:
        gathered, requests = self._gathered, self._gathered.requests
        if not requests:
            return
        self._gathered = Gathered(len(self._odd))
        # not the oldest: whoever sends much would delete what others were answered before
        if self._handed_bytes + gathered.size > BUFFER_BYTES:
            self._dropped += requests
            return
        try:
            frame = gathered.frame()
        except Exception as error:  # noqa: BLE001 - these records are lost, not all that follow
            self._dropped += requests
            logs.bug("decisions not encoded", error)
            return
        self._handed.append((frame, requests))
        self._handed_bytes += len(frame)

    def _hand_over(self) -> None:
        """Have the thread write what waits, unless it still does."""
        if self._busy:
            return
        frames, self._handed, self._handed_bytes = self._handed, [], 0
        self._under_way = sum(requests for _, requests in frames)
        loop = asyncio.get_running_loop()
        self._busy = loop.run_in_executor(self._thread, self._write, frames)
        self._busy.add_done_callback(self._written_to_disk)

    def _write(self, frames: list[tuple[bytes, int]]) -> None:
        for frame, requests in frames:
            self._spool.append(frame, requests)
        self._spool.look()

    def _written_to_disk(self, done: asyncio.Future[None]) -> None:
        if error := done.exception():
            logs.bug("decisions not spooled", error)
            self._dropped += self._under_way
        self._under_way = 0
        self._busy = None


def _picker(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what picks the values of ``keys``; itemgetter gives a tuple of several only."""
    match keys:
        case ():
            return lambda _: ()
        case (key,):
            return lambda found: (found[key],)
        case _:
            return itemgetter(*keys)


def _joined(columns: Sequence[Array]) -> bytes:
    buffers = cast("Sequence[Buffer]", columns)  # they are: NumPy's stubs do not say so in 3.11
    try:
        # a fifth of what concatenating thirty arrays of one value takes
        return b"".join(buffers)
    except TypeError:  # one is a view that skips values
        return b"".join([each.tobytes() for each in columns])
