r"""Which uris and keys of sources are safe to read: DuckDB is given keys inside s3 URLs.

Whoever may write one object below a globbed prefix chooses a key, so a key must be unable to say
anything but its own name. Measured with DuckDB 1.5.5 and its httpfs:

``?``            begins settings: ``?s3_endpoint=…`` sends the request, and with it the session's
                 token, to another host
``* [ \``        are expanded once more: an object is read twice, or not found
``.`` ``..``     as a segment are folded away before the request is sent: another object is read,
                 even one of another bucket

``]``, ``{``, ``#`` and control characters are read as they are; they are refused as well, because
other versions, and other readers of an s3 URL, give them a meaning.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.globs import glob_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_api.data import Source
    from checkrail_trainer.source_object import SourceObject

REFUSED = frozenset("?*[]{#\\")
"""Characters that no key may hold, beside control characters."""
SHOWN = 200
"""Characters of a name in a message; a key has up to 1,024 and somebody else chose it."""
_GLOBS = re.compile(r"\*|\?|\[[^\[\]{#\\\x00-\x1f\x7f-\x9f]+\]")
"""What makes a uri a glob; a class of refused characters is none."""


def check_uri(source: Source) -> None:
    """Make sure that the uri of a spec is a key or a glob and nothing else.

    Raises:
        RunFailedError: SourceUnreadable.
    """
    key = source.uri.partition("://")[2].partition("/")[2]
    wrong = _first_refused(_GLOBS.sub("x", key))
    try:
        glob_pattern(key)
    except ValueError as error:
        wrong = wrong or str(error)
    if wrong:
        raise RunFailedError(
            Reason.SOURCE_UNREADABLE,
            f"source `{source.name}`: the uri {_shown(source.uri)} holds {wrong}; expected a key, "
            "or a glob of `*`, `**`, `?` and classes such as `[ab]`. Correct spec.data.sources; "
            "objects with such keys must be renamed",
        )


def check_keys(source: Source, objects: Sequence[SourceObject]) -> None:
    """Make sure that every key which the source's uri matched is only a name.

    Raises:
        RunFailedError: SourceUnreadable.
    """
    for each in objects:
        if wrong := _first_refused(each.key):
            raise RunFailedError(
                Reason.SOURCE_UNREADABLE,
                f"source `{source.name}` ({_shown(source.uri)}) matches the object "
                f"{_shown(each.key)}, whose key holds {wrong}; it would be read as more than a "
                "name, so nothing was read. Rename or delete the object and find out who wrote "
                "it, or make the uri match fewer objects",
            )


def _first_refused(key: str) -> str | None:
    """Answer what a key may not hold, in words, or None."""
    for each in key:
        if each in REFUSED:
            return f"the character `{each}`"
        if unicodedata.category(each) == "Cc":
            return f"the control character U+{ord(each):04X}"
    dots = next((each for each in key.split("/") if each in (".", "..")), None)
    return f"the segment `{dots}`" if dots else None


def _shown(name: str) -> str:
    """Quote a name with its control characters escaped, at most ``SHOWN`` characters of it."""
    return repr(name if len(name) <= SHOWN else f"{name[:SHOWN]}…")
