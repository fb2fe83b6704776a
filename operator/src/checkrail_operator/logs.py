"""Logs: JSON, one event a line, a constant message plus fields."""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any

OURS = "checkrail_operator"
MAX_DETAIL = 1000
"""Characters kept of a library's sentence; kopf's may hold whole answers."""


class JsonLines(logging.Formatter):
    """One JSON object a line.

    Our own records carry their values in ``fields`` and a constant message; a library's sentence
    becomes a field of ``library message``, so that every line can be counted by its message.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname, "logger": record.name}
        if record.name.startswith(OURS):
            line["message"] = record.getMessage()
            line |= getattr(record, "fields", {})
        else:
            line |= {"message": "library message", "detail": record.getMessage()[:MAX_DETAIL]}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str) -> None:
    """Send everything to standard error; libraries from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(OURS).setLevel(level)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_died


def _thread_died(died: threading.ExceptHookArgs) -> None:
    exc = died.exc_value
    logging.getLogger(OURS).error(
        "thread died",
        extra={"fields": {"thread": died.thread.name if died.thread else None}},
        exc_info=exc if exc is not None else True,
    )
