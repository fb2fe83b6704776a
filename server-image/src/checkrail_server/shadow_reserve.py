"""How much memory a candidate in shadow leaves to those beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkrail_server.limits import Limits

RUN_BYTES = 24 << 20
"""For runs of the served model and their answers."""
READ_TIMES = 40
"""What one body may take in memory while its JSON is read, for each of its bytes: 38 for lists of
lists, 15 for numbers (orjson, measured 2026-11-29)."""
WRITER_BYTES = 176 << 20
"""For the process that writes the decision log: 102 MiB at rest, 167 MiB at most with records of up
to 14 MiB (measured 2026-11-29)."""


def reserve(limits: Limits, writer_bytes: int | None) -> int:
    """Return how many bytes of those that are free now a candidate must leave.

    By default 128 MiB: 24 MiB for runs, 40 MiB to read one body of 1 MiB, 64 MiB for bodies that
    wait. With a decision log also what its writer may still take, 74 MiB while it is at rest.

    Args:
        limits: Of the server.
        writer_bytes: What the writer has already; None: there is no decision log.
    """
    server = RUN_BYTES + READ_TIMES * limits.body_bytes + limits.held_bytes
    writer = 0 if writer_bytes is None else max(0, WRITER_BYTES - writer_bytes)
    return server + writer
