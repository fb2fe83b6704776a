"""Dates and instants of the spec."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(text: str) -> datetime:
    """Return an ISO 8601 date or instant in UTC; without an offset it is UTC.

    Raises:
        ValueError: It is neither.
    """
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def timestamp_sql(type_name: str) -> str:
    """Return the SQL of one parameter that holds ``utc_text``, comparable with this type.

    DATE and TIMESTAMP carry no offset and are read as UTC.
    """
    aware = type_name == "TIMESTAMP WITH TIME ZONE"
    return "CAST(? AS TIMESTAMP WITH TIME ZONE)" if aware else "CAST(? AS TIMESTAMP)"


def utc_text(instant: datetime, type_name: str) -> str:
    """Return the parameter for ``timestamp_sql``."""
    aware = type_name == "TIMESTAMP WITH TIME ZONE"
    return (instant if aware else instant.replace(tzinfo=None)).isoformat(sep=" ")
