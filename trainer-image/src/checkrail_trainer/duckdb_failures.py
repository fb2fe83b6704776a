"""What DuckDB raises, as failures of a run that show none of the data's values.

DuckDB's messages quote what they stumbled over: a text that is no number, a line of a CSV file. A
status is read by more people than the data, so of an error that rows can cause only what is known
to be harmless is told: its kind, the place in the query, the column, the line of the file.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError, first_lines, out_of_memory, unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY_SHARE_PERCENT = 60
"""DuckDB's share of the container's memory; Arrow, Python and the allocator need the rest."""
SHOWN_AROUND = 60
"""Characters of a long line of the query on each side of the place."""

_BEFORE_ROWS = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.PermissionException,
    duckdb.NotImplementedException,
)
"""Raised over the statement alone: their words are the query's and the schema's."""
_OVER_VALUES = (duckdb.ConversionException, duckdb.OutOfRangeException)
"""Raised over a value: what they quote may look like anything."""
_HARMLESS = re.compile(
    r"when casting from source column [^\n]+"
    r"|Overflow in \w+ of \w+"
    r"|More than one row returned by a subquery used as an expression"
    r"|Malformed JSON in file \"[^\"\n]*\", at byte \d+ in line \d+"
    r"|CSV Error on Line: \d+"
    r"|Invalid unicode \(byte sequence mismatch\) detected"
    r"|No magic bytes found at end of file"
    r"|Footer length error in file"
    r"|too small to be a Parquet file"
    r"|Input is not a GZIP stream"
    r"|Unknown frame descriptor"
)
_DAMAGED = re.compile(
    r"parquet|magic bytes|thrift|know what type|decompress|snappy|zstd|gzip|frame descriptor"
    r"|page header|out of buffer|CSV Error|Malformed JSON in file",
    re.IGNORECASE,
)
"""What errors say that come from a file rather than from the query."""
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_KIND = re.compile(r"[A-Z][A-Za-z ]+ Error")
_NETWORK = re.compile(r"connect|curl|timed? ?out|HTTP|SSL|network|resolve", re.IGNORECASE)


class _Said(NamedTuple):
    """An error of DuckDB's, with ``errors_as_json``."""

    kind: str
    text: str
    position: int | None
    """Where in the query: characters for the parser, else bytes."""


@contextmanager
def duckdb_errors(reason: Reason, what: str, advice: str, query: str = "") -> Iterator[None]:
    """Translate what DuckDB raises: the network's troubles, memory, a file's damage, or ``reason``.

    Args:
        reason: Why the run fails where nothing else is the matter.
        what: What was under way, in the user's words.
        advice: What to do about it.
        query: The user's statement, to show the place in it.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise _memory(error, what) from error
    except duckdb.HTTPException as error:
        raise _from_http(error, what) from error
    except (duckdb.InternalException, duckdb.FatalException):
        raise  # a bug, not the user's
    except duckdb.Error as error:
        said = _said(error)
        if isinstance(error, duckdb.IOException) and _NETWORK.search(said.text):
            raise unavailable(f"{what}: {first_lines(error)}") from error
        words = _QUOTED.sub("", said.text.partition("\n")[0])
        if not isinstance(error, _BEFORE_ROWS + _OVER_VALUES) and _DAMAGED.search(words):
            raise _damaged(error, what, reason) from error
        raise RunFailedError(reason, f"{what}: {told(error, query)}\n{advice}") from error


def told(error: duckdb.Error, query: str = "") -> str:
    """Answer what an error says without any value of the data, and the place in ``query``."""
    said = _said(error)
    if isinstance(error, _BEFORE_ROWS):
        lines = [f"{said.kind}: {first_lines(ValueError(said.text), 3)}"]
    else:
        harmless = [each.group() for each in _HARMLESS.finditer(said.text)]
        lines = [f"{said.kind}{': ' if harmless else ''}{', '.join(harmless)}"]
    if query and said.position is not None:
        lines.append(place(query, said.position, in_bytes=_counts_bytes(error)))
    return "\n".join(lines)


def place(query: str, position: int, *, in_bytes: bool) -> str:
    """Answer the line of the query around ``position``, and a caret below it."""
    if in_bytes:
        position = len(query.encode()[:position].decode(errors="ignore"))
    before = query[:position]
    start = before.rfind("\n") + 1
    line, column = query[start:].split("\n", maxsplit=1)[0], position - start
    head = f"LINE {before.count(chr(10)) + 1}: "
    cut = max(0, column - SHOWN_AROUND)
    if cut:
        head += "..."
    shown = line[cut : column + SHOWN_AROUND].replace("\t", " ")
    return f"{head}{shown}\n{' ' * (len(head) + column - cut)}^"


def _counts_bytes(error: duckdb.Error) -> bool:
    return not isinstance(error, duckdb.ParserException)


def _said(error: duckdb.Error) -> _Said:
    kind, found, rest = str(error).partition(": ")
    if not (found and _KIND.fullmatch(kind)):
        return _Said("Error", str(error), None)
    try:
        parts = json.loads(rest)
        position = parts.get("position")
        text = str(parts["exception_message"])
    except (ValueError, KeyError, AttributeError, TypeError):
        return _Said(kind, rest, None)
    return _Said(kind, text, int(position) if position is not None else None)


def _memory(error: duckdb.OutOfMemoryException, what: str) -> RunFailedError:
    text = first_lines(ValueError(_said(error).text), 1)
    if "max_temp_directory_size" in text or "max_temp_directory_size" in str(error):
        return out_of_memory(
            f"{what}: {text}. DuckDB spills to the scratch volume what {MEMORY_SHARE_PERCENT} % of "
            "the memory limit cannot hold, and has filled its share of it: select fewer rows or "
            "columns in spec.data.query, or raise the memory in spec.resources.ladder, so that "
            "less is spilled"
        )
    return out_of_memory(
        f"{what}: {text}. DuckDB may use {MEMORY_SHARE_PERCENT} % of the memory limit and the "
        "scratch volume: raise the memory in spec.resources.ladder"
    )


def _damaged(error: duckdb.Error, what: str, reason: Reason) -> RunFailedError:
    if reason is Reason.SOURCE_UNREADABLE:
        return RunFailedError(
            reason,
            f"{what}: {told(error)}\nCheck the object, or give it the suffix of its format",
        )
    return RunFailedError(
        Reason.SOURCE_UNREADABLE,
        f"an object of a source is damaged: {told(error)}\nUpload it again; reading it alone "
        "says which it is",
    )


def _from_http(error: duckdb.HTTPException, what: str) -> RunFailedError:
    status = getattr(error, "status_code", 0)
    text = f"{what}: {first_lines(ValueError(_said(error).text), 1)}"
    if status in (401, 403):
        return RunFailedError(
            Reason.ACCESS_DENIED, f"{text}. The identity must be allowed to read its objects"
        )
    return unavailable(text)
