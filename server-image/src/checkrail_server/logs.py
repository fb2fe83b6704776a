"""Logs: one JSON object a line, a constant message and its fields; never a body or a secret."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import orjson

LOGGER = logging.getLogger("checkrail.server")


class JsonFormatter(logging.Formatter):
    """Writes a record and the fields given as ``extra={"fields": {...}}``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line of JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def configure() -> None:
    """Send our records of INFO and above, and warnings of libraries, to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    LOGGER.setLevel(logging.INFO)


def info(message: str, **fields: object) -> None:
    """Say that something changed."""
    LOGGER.info(message, extra={"fields": fields})


def warning(message: str, **fields: object) -> None:
    """Say that something is not as it should be, and that it is done without."""
    LOGGER.warning(message, extra={"fields": fields})


def error(message: str, **fields: object) -> None:
    """Say that something failed."""
    LOGGER.error(message, extra={"fields": fields})


def bug(message: str, failure: BaseException, **fields: object) -> None:
    """Say that this program met what it did not expect, with the traceback."""
    LOGGER.error(message, exc_info=failure, extra={"fields": fields})
