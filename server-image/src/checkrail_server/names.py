"""Names that a client got wrong, and the nearest right one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN = 64
"""Characters of a client's text that an answer repeats; comparing longer names takes long."""


def with_nearest(name: str, known: Iterable[str]) -> str:
    """Return ``name`` in quotes, and which of ``known`` was probably meant.

    >>> with_nearest("carier", ["carrier", "distance"])
    "'carier'; did you mean 'carrier'?"
    """
    nearest = difflib.get_close_matches(name[:SHOWN], list(known), n=1)
    return repr(name[:SHOWN]) + (f"; did you mean {nearest[0]!r}?" if nearest else "")
