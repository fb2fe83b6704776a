"""Records on disk, until the writer has them in the object store.

    0017…-open  --close-->  0017…-closed  --writer-->  0017…-claimed  --written-->  gone
                                 |                           |
                                 +-- dropped, oldest first   +-- no segment: 0017…-broken

A segment's name is the time of its first record, in microseconds, and how many requests it has. Its
states follow each other in one direction and a rename is atomic, so server and writer agree without
a word: whoever takes a closed segment first has it.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from checkrail_server import logs
from checkrail_server.decisions.frames import FrameError, read_chunk, read_frames, read_header

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPEN, CLOSED, CLAIMED, BROKEN = "open", "closed", "claimed", "broken"
SEGMENT_BYTES = 4 << 20
"""A full segment. The writer holds one in memory, about eight times."""
FEW = 16
"""So many segments may be small; with more waiting, the next ones are filled."""


@dataclass
class Segment:
    """A closed segment that was not written when it was last looked at."""

    stem: str
    requests: int
    size: int


class Spool:
    """A folder of segments. All methods are called from one thread; the figures from any."""

    def __init__(
        self,
        folder: Path,
        header: bytes,
        *,
        limit: int,
        seconds: float,
        closed: Callable[[], object],
    ) -> None:
        """Take over what is in ``folder``, which is made if need be.

        Args:
            folder: Where.
            header: First frame of every segment.
            limit: Bytes that all segments may take.
            seconds: Age at which a segment is closed.
            closed: Called when one is.

        Raises:
            OSError: The folder cannot be used.
        """
        self._folder = folder
        self._header = header
        self._limit = limit
        self._segment_bytes = min(SEGMENT_BYTES, limit // 8)
        self._seconds = seconds
        self._closed = closed
        self._file: BinaryIO | None = None
        self._started = 0
        self._requests = 0
        self._size = 0
        self._failing = False
        self.written = 0
        """Requests in the object store."""
        self.dropped = 0
        """Requests that are lost."""
        folder.mkdir(parents=True, exist_ok=True)
        self._segments = self._found()

    @property
    def pending(self) -> int:
        """Requests on disk."""
        return self._requests + sum(segment.requests for segment in tuple(self._segments))

    def append(self, frame: bytes, requests: int) -> None:
        """Write the records of some requests; what cannot be written is dropped."""
        try:
            file = self._file or self._opened()
            _write(file, frame)
        except OSError as error:
            if not self._failing:
                logs.error("spool of the decision log not writable", error=str(error))
            self._failing = True
            self.dropped += requests
            self.close()  # its end may be cut, and nothing is read behind a cut
            return
        self._failing = False
        self._requests += requests
        self._size += len(frame)
        if self._size >= self._segment_bytes:
            self.close()

    def look(self) -> None:
        """Close what is due, count what was written, and keep within the limit."""
        if self._file and self._is_due():
            self.close()
        waiting = []
        for segment in self._segments:
            # in the order of the states: a rename meanwhile is seen in the later one
            if any(self._path(segment, state).exists() for state in (CLOSED, CLAIMED)):
                waiting.append(segment)
            elif (broken := self._path(segment, BROKEN)).exists():
                with contextlib.suppress(OSError):
                    broken.unlink()
                self.dropped += segment.requests
            else:
                self.written += segment.requests
        self._segments = waiting
        self._drop_oldest()

    def close(self) -> None:
        """Hand the open segment to the writer."""
        file, self._file = self._file, None
        if file is None:
            return
        with contextlib.suppress(OSError):  # nothing is buffered
            file.close()
        segment = Segment(f"{self._started:016d}-{self._requests}", self._requests, self._size)
        path = self._folder / f"{self._started:016d}.{OPEN}"
        try:
            if segment.requests:
                path.rename(self._path(segment, CLOSED))
                self._segments.append(segment)
                self._closed()
            else:
                path.unlink()
        except OSError as error:
            logs.error("segment of the decision log not closed", error=str(error))
            self.dropped += segment.requests
            with contextlib.suppress(OSError):  # what is counted as dropped is not written later
                path.unlink()
        finally:
            self._requests = self._size = 0

    def _opened(self) -> BinaryIO:
        self._started = max(time.time_ns() // 1_000, self._started + 1)
        path = self._folder / f"{self._started:016d}.{OPEN}"
        self._file = path.open("xb", buffering=0)
        _write(self._file, self._header)
        self._size = len(self._header)
        return self._file

    def _is_due(self) -> bool:
        old = time.time_ns() // 1_000 - self._started >= self._seconds * 1e6
        return old and len(self._segments) < FEW

    def _drop_oldest(self) -> None:
        over = self._size + sum(segment.size for segment in self._segments) - self._limit
        for segment in tuple(self._segments):
            if over <= 0:
                return
            with contextlib.suppress(FileNotFoundError):  # the writer has it
                self._path(segment, CLOSED).unlink()
                self._segments.remove(segment)
                self.dropped += segment.requests
                over -= segment.size

    def _found(self) -> list[Segment]:
        """Return what another process left, which ended or was killed."""
        for path in self._folder.glob(f"*.{OPEN}"):
            path.rename(path.with_name(f"{path.stem}-{_requests_in(path)}.{CLOSED}"))
        return [
            Segment(path.stem, int(path.stem.partition("-")[2]), path.stat().st_size)
            for path in sorted(self._folder.iterdir())
            if path.suffix in (f".{CLOSED}", f".{CLAIMED}")
        ]

    def _path(self, segment: Segment, state: str) -> Path:
        return self._folder / f"{segment.stem}.{state}"


def _write(file: BinaryIO, content: bytes) -> None:
    if file.write(content) != len(content):
        raise OSError("the disk is full")


def _requests_in(path: Path) -> int:
    frames = read_frames(path.read_bytes())
    try:
        read_header(next(frames, memoryview(b"")))
    except FrameError:
        return 0
    return sum(len(read_chunk(content).ids) for content in frames)


def claim(folder: Path) -> Path | None:
    """Return the oldest segment for the writer, renamed so that nobody drops it; None: none."""
    for path in sorted(folder.iterdir()):
        if path.suffix == f".{CLAIMED}":  # by a writer before this one
            return path
        if path.suffix == f".{CLOSED}":
            claimed = path.with_suffix(f".{CLAIMED}")
            with contextlib.suppress(FileNotFoundError):  # dropped meanwhile
                path.rename(claimed)
                return claimed
    return None


def release(path: Path) -> None:
    """Forget a claimed segment: it is written."""
    path.unlink()


def refuse(path: Path) -> None:
    """Say that a claimed segment cannot be read."""
    path.rename(path.with_suffix(f".{BROKEN}"))
