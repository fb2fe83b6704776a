"""The only clocks of the operator."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

UtcNow = Callable[[], datetime]

monotonic = time.monotonic
"""Seconds that only ever grow: delays, ages, the Lease."""


def utc_now() -> datetime:
    """Return the time of day in UTC."""
    return datetime.now(UTC)


def whole_second() -> datetime:
    """Return the time of day in UTC, whole seconds, as a pass sees it and a status writes it."""
    return utc_now().replace(microsecond=0)
