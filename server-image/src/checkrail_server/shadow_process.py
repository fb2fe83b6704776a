"""The process of a candidate: ``python -m checkrail_server.shadow_process``, started by the server.

Everything that an unproven model may do, it does here: fill the memory, crash, compute for ever.
The socket to the server is the standard input; its end is the end of the process.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import socket
import sys
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checkrail_api.shadow import Candidate
from checkrail_server import artifact, logs, model, settings
from checkrail_server.errors import LoadError, StoreUnavailableError
from checkrail_server.shadow_frames import FrameReader, frame, unpacked
from checkrail_server.shadow_link import ANSWERED
from checkrail_server.shadow_tally import Opinion, Tally, opinion
from checkrail_server.store import open_store
from checkrail_server.trial_ending import NO_MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checkrail_server.model import Feeds
    from checkrail_server.tensors import Array, TensorSpec

STORE_PAUSE_SECONDS = 5.0
REPORT_SECONDS = 0.5
"""So long after a comparison, or up to twice as long, the server knows of it."""
MOST_PAUSE_SECONDS = 10.0
"""Between two batches, however long the first one waited for a core."""
CPU_SHARE = 0.1
"""Of the time, for computing, however long a batch takes: a pod's CPU limit is for both models."""
RECEIVED = 1 << 20


class RefusedError(Exception):
    """The candidate is not compared, for ``reason``."""

    def __init__(self, reason: str, message: str) -> None:
        """Say why, in one word and in a sentence."""
        super().__init__(message)
        self.reason = reason


def main() -> int:
    """Load the candidate, compare until the server goes."""
    logs.configure()
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # runs when nobody else wants to
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    link = socket.socket(fileno=0)
    frames = _frames(link)
    start = next((head for head, _ in frames if head), None)
    if start is None:
        return 0
    resource.setrlimit(resource.RLIMIT_DATA, (start["memory"], start["memory"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        comparison = _load(link, start)
    except RefusedError as error:
        _tell(link, state="Refused", reason=error.reason, message=str(error))
        return 0
    comparison.run(frames)
    return 0


def _frames(link: socket.socket) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield what the server says, until it goes; nothing, ``({}, b"")``, when it is silent."""
    reader = FrameReader()
    while True:
        if not select.select([link], [], [], REPORT_SECONDS)[0]:
            yield {}, b""
            continue
        data = link.recv(RECEIVED)
        if not data:
            return
        yield from reader.feed(data)


def _tell(link: socket.socket, **fields: object) -> None:
    with contextlib.suppress(OSError):  # the server is gone, and so is this process soon
        link.sendall(frame({"report": fields}))


def _load(link: socket.socket, start: dict[str, Any]) -> Comparison:
    """Return the comparison with the candidate loaded.

    Raises:
        RefusedError: The candidate cannot be compared.
    """
    candidate = Candidate.model_validate(start["candidate"])
    own = settings.from_environment(os.environ)
    try:
        fetched = _fetch(link, candidate, own)
        with _processor_seconds(own.trial_seconds):
            loaded = model.load(candidate.version, fetched, threads=1)
    except LoadError as error:
        if _is_of_memory(error):
            raise _too_large(start) from error
        raise RefusedError("NotLoaded", str(error)) from error
    except MemoryError as error:
        raise _too_large(start) from error
    except Exception as error:  # whatever an artifact causes refuses it
        logs.bug("candidate not loaded", error)
        raise RefusedError("NotLoaded", f"{type(error).__name__}: {error}") from error
    _compare("input", start["inputs"], loaded.inputs, more_is_fine=False)
    _compare("output", start["outputs"], loaded.outputs, more_is_fine=True)
    return Comparison(link, candidate, loaded, start, own.trial_seconds)


@contextlib.contextmanager
def _processor_seconds(most: int) -> Iterator[None]:
    """Let the block compute for so long beyond what was computed before, or end the process."""
    limit = int(time.process_time()) + most
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
    yield
    resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _fetch(link: socket.socket, candidate: Candidate, own: settings.Settings) -> artifact.Artifact:
    opened = cache(open_store)
    place = replace(own, artifact_uri=candidate.uri, sha256=candidate.sha256)
    while True:
        try:
            return artifact.fetch(opened(place), candidate.sha256)
        except StoreUnavailableError as error:  # no fault of the candidate's
            _tell(link, state="Loading", message=f"the store does not answer: {error}")
        if select.select([link], [], [], STORE_PAUSE_SECONDS)[0]:
            sys.exit(0)  # nothing is sent to who loads: this is the end


def _is_of_memory(error: BaseException) -> bool:
    return any(words in str(error) for words in NO_MEMORY)


def _too_large(start: dict[str, Any]) -> RefusedError:
    left = start["memory"] >> 20
    return RefusedError(
        "OutOfMemory",
        f"it does not fit into the {left} MiB that are left beside the served model: raise"
        " server.resources.limits.memory",
    )


def _compare(
    side: str, wanted: Sequence[dict[str, Any]], found: Sequence[TensorSpec], *, more_is_fine: bool
) -> None:
    """Refuse a candidate whose tensors are others than those of the served model."""
    has = {spec.name: spec.described() for spec in found}
    asked = {each["name"]: each for each in wanted}
    differing = [name for name in asked if has.get(name) != asked[name]]
    differing += [] if more_is_fine else sorted(has.keys() - asked.keys())
    if differing:
        name = differing[0]
        raise RefusedError(
            "SignatureDiffers",
            f"its {side} {name!r} is {_words(has.get(name))}, the served model's is"
            f" {_words(asked.get(name))}",
        )


def _words(tensor: dict[str, Any] | None) -> str:
    return f"{tensor['datatype']} {tensor['shape']}" if tensor else "none"


class Comparison:
    """A loaded candidate and what is known of it."""

    def __init__(
        self,
        link: socket.socket,
        candidate: Candidate,
        loaded: model.Model,
        start: dict[str, Any],
        seconds: int,
    ) -> None:
        """Compare over ``link``, computing for a share of the time, at most ``seconds`` a batch."""
        self._link = link
        self._model = loaded
        self._share: float = start["share"]
        self._seconds = seconds
        self._output = loaded.output_names.index(start["output"])
        self._tally = Tally(candidate.thresholds, start["edges"])
        self._told_at = time.monotonic()
        self._is_told = True
        _tell(link, state="Comparing", message="", **self._tally.report())

    def run(self, frames: Iterator[tuple[dict[str, Any], bytes]]) -> None:
        """Score what comes, and report."""
        for head, content in frames:
            if head:
                self._take(head, content)
            else:
                self._report(0)

    def _take(self, head: dict[str, Any], content: bytes) -> None:
        """Score a batch, and rest before the next one is asked for."""
        began, computed = time.monotonic(), time.process_time()
        feeds = unpacked(head["tensors"], content)
        answered = feeds.pop(ANSWERED)
        with _processor_seconds(self._seconds):
            self._count(head["ids"], answered, self._scored(feeds))
        # not only the time on a core: while it waits for one, it takes every pause of whoever has
        # it, who then finds the caches filled with something else
        taken, used = time.monotonic() - began, time.process_time() - computed
        rest = max(min(taken / self._share - taken, MOST_PAUSE_SECONDS), used / CPU_SHARE - used)
        self._report(rest)
        time.sleep(rest)
        with contextlib.suppress(OSError):
            self._link.sendall(frame({"done": len(answered)}))

    def _count(self, ids: list[str | None], answered: Array, scored: list[Opinion | None]) -> None:
        for row, (name, candidate) in enumerate(zip(ids, scored, strict=True)):
            stable = opinion(answered[row : row + 1])
            if candidate is None:
                self._tally.fail(stable)
            else:
                self._tally.add(name, stable, candidate)
        self._is_told = False

    def _report(self, silent: float) -> None:
        """Tell what is not told, unless there is time for it after the next ``silent`` seconds."""
        now = time.monotonic()
        if not self._is_told and now + silent - self._told_at >= REPORT_SECONDS:
            self._told_at, self._is_told = now, True
            _tell(self._link, **self._tally.report())

    def _scored(self, feeds: Feeds) -> list[Opinion | None]:
        """Return what the candidate thinks of each row; None where it fails."""
        rows = len(next(iter(feeds.values())))
        if rows > 1 and not self._model.joins_rows:
            return self._one_by_one(feeds, rows)
        try:
            output = self._model.run(feeds)[self._output]
        except Exception:  # noqa: BLE001 - ONNX Runtime's exceptions have no base
            return self._one_by_one(feeds, rows) if rows > 1 else [None]
        return [opinion(output[row : row + 1]) for row in range(rows)]

    def _one_by_one(self, feeds: Feeds, rows: int) -> list[Opinion | None]:
        each = ({name: v[row : row + 1] for name, v in feeds.items()} for row in range(rows))
        return [self._scored(one)[0] for one in each]


if __name__ == "__main__":
    sys.exit(main())
