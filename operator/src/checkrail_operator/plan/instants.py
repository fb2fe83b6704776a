"""Instants as Kubernetes writes them: RFC 3339, UTC, whole seconds."""

from datetime import UTC, datetime, timedelta

SECOND = timedelta(seconds=1)


def rfc3339(instant: datetime) -> str:
    """Return ``instant`` as ``2026-11-23T03:15:00Z``, its fraction of a second dropped."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str | None) -> datetime | None:
    """Return the instant that ``text`` writes, or None when it writes none."""
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def whole_second(now: datetime) -> datetime:
    """Return ``now`` rounded up to what status can hold, so that no hold is cut short."""
    whole = now.replace(microsecond=0)
    return whole if whole == now else whole + SECOND
