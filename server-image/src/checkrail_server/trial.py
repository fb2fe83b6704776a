"""A child process in which a model is loaded and run first, so that a bad one harms only it.

    main ── imports ── fork ──────────── event loop, and a thread that loads: fetch, verify
                        │                               │
                        │                               │ model.onnx, limits
                        └─ child: waits ────────────────┤
                           looks, loads, answers rows   │
                                                        │ findings, or a refusal,
                           ended, or ended by a limit ──┘ or nothing: then how it ended says why

The child is forked after ONNX Runtime is imported, so it shares those pages and starts at once. It
tries one model and ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import struct
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Self

from checkrail_server import container_memory, heap, logs, store_keys
from checkrail_server.errors import LoadError
from checkrail_server.forked import Forked, received
from checkrail_server.trial_ending import (
    MIB,
    Ending,
    TrialLimits,
    refusal_of_ending,
    refusal_of_report,
)

if TYPE_CHECKING:
    import socket
    from types import TracebackType

    from checkrail_server.model import Findings

REQUEST = struct.Struct("<QQII")
"""Bytes of the model, bytes of memory, seconds, threads."""
REPORT_BYTES = 16 << 20
"""Labels of classes are in it."""
TOO_LONG = (
    f"the labels of the model's classes take more than {REPORT_BYTES >> 20} MiB; use shorter ones"
)
STDERR_BYTES = 64 << 10
CHUNK_BYTES = 1 << 18
THREAD_BYTES = 9 * MIB
"""Address space that glibc reserves for the stack of a thread, used or not."""


class Trial:
    """The child, from its fork to its end. ``run`` may be called once, from any thread."""

    def __init__(self, child: Forked, stderr: int) -> None:
        """Take a child; ``fork`` makes one."""
        self._child = child
        self._channel = child.channel
        self._stderr = stderr

    @classmethod
    def fork(cls) -> Self:
        """Fork the child; to be called while this process has one thread."""
        from checkrail_server import model  # noqa: PLC0415 - NumPy, ONNX Runtime

        model.import_runtime()
        stderr = os.memfd_create("trial-stderr")
        return cls(Forked(_try, stderr), stderr)

    def run(self, model: bytes, threads: int, limits: TrialLimits) -> Findings:
        """Try ``model`` with so many threads of an inference.

        Raises:
            LoadError: It is refused, or the child did not survive it.
        """
        from checkrail_server.model import Findings  # noqa: PLC0415 - imported by now

        started = time.monotonic()
        report = bytearray()
        late = False
        try:
            self._converse(model, threads, limits, report)
        except TimeoutError:
            late = True
        except OSError:
            pass  # it has ended meanwhile; how, is its status
        too_long = len(report) > REPORT_BYTES
        status, peak_bytes = self._child.reap(kill=late or too_long)  # it may wait for us to read
        seconds = time.monotonic() - started
        logs.info("tried", seconds=round(seconds, 3), peak_mebibytes=peak_bytes // MIB)
        if too_long:
            raise LoadError(TOO_LONG)
        *stages, last = report.decode("utf-8", "replace").split("\n")
        if status or late:
            stage = stages[-1] if stages else ""
            ending = Ending(stage, None if late else status, self._last_words(), peak_bytes)
            raise LoadError(refusal_of_ending(ending, limits))
        outcome = json.loads(last)
        if isinstance(outcome, str):
            raise LoadError(refusal_of_report(outcome, limits))
        return Findings(tuple(outcome["class_labels"]), outcome["loop_rows"], outcome["joins_rows"])

    def close(self) -> None:
        """End the child, if it has not ended."""
        self._child.reap(kill=True)

    def _converse(self, model: bytes, threads: int, limits: TrialLimits, report: bytearray) -> None:
        """Send the model and gather the report.

        Raises:
            TimeoutError: The time is over.
            OSError: The child has ended and does not listen.
        """
        deadline = time.monotonic() + limits.seconds
        request = REQUEST.pack(len(model), limits.memory_bytes, limits.seconds, threads)
        self._channel.settimeout(limits.seconds)
        with contextlib.suppress(BrokenPipeError):  # it has ended; it may have reported before
            self._channel.sendall(request)
            self._channel.sendall(model)
        while len(report) <= REPORT_BYTES:
            self._channel.settimeout(max(deadline - time.monotonic(), 1e-3))
            chunk = self._channel.recv(CHUNK_BYTES)
            if not chunk:
                return
            report += chunk

    def _last_words(self) -> str:
        """Return what C++ wrote before it gave up."""
        text = os.pread(self._stderr, STDERR_BYTES, 0).decode("utf-8", "replace")
        os.close(self._stderr)
        return text

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _try(channel: socket.socket) -> None:
    """Report what a model is like, or why it is refused, as JSON: an object or a text."""
    from checkrail_server import graph  # noqa: PLC0415 - imported by now
    from checkrail_server.model import try_out  # noqa: PLC0415 - imported by now

    store_keys.forget()
    graph.prepare()  # while the parent fetches the model
    request = received(channel, REQUEST.size)
    if len(request) < REQUEST.size:
        return  # the parent needs no trial any more
    size, memory_bytes, seconds, threads = REQUEST.unpack(request)
    heap.share_one_arena()
    _limit(memory_bytes + (threads - 1) * THREAD_BYTES, seconds * threads)
    outcome: dict[str, object] | str
    try:
        content = received(channel, size)
        outcome = asdict(
            try_out(content, threads, lambda stage: channel.sendall(stage.encode() + b"\n"))
        )
    except LoadError as error:
        outcome = str(error)
    # what the model holds must not keep this process from telling
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    channel.sendall(json.dumps(outcome).encode())


def _limit(memory_bytes: int, processor_seconds: int) -> None:
    """Let this process take so much more memory, so much time, and no file."""
    address_space = container_memory.mapped() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (address_space, resource.RLIM_INFINITY))
    # at the hard limit the kernel kills, as it does without memory; at the soft one it says why
    resource.setrlimit(resource.RLIMIT_CPU, (processor_seconds, processor_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (STDERR_BYTES, STDERR_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
