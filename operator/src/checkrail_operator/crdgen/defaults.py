"""What the API server fills in by itself, from the defaults of a structural schema."""

from typing import Any


def is_empty(value: Any) -> bool:
    """Answer whether a default says nothing: absent, or no text, list or map (0 says something)."""
    return value is None or value in ("", [], {})


def without_empty(value: Any) -> Any:
    """Return ``value`` without the entries of objects, at any depth, that say nothing."""
    if isinstance(value, dict):
        kept = {key: without_empty(entry) for key, entry in value.items()}
        return {key: entry for key, entry in kept.items() if not is_empty(entry)}
    if isinstance(value, list):
        return [without_empty(entry) for entry in value]
    return value


def filled(schema: dict[str, Any]) -> dict[str, Any]:
    """Return what ``{}`` becomes where ``schema`` stands."""
    return {
        name: field["default"] for name, field in schema["properties"].items() if "default" in field
    }
