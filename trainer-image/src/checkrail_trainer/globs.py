"""Globs of sources: ``*`` and ``?`` stay within a path segment, ``**`` crosses them, ``[...]``."""

from __future__ import annotations

import re

GLOB = re.compile(r"[*?\[]")
"""Where a glob begins to be one."""
_PARTS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_TOKENS = re.compile(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])")


def glob_pattern(glob: str) -> re.Pattern[str]:
    """Return the expression that the keys which ``glob`` names match.

    Raises:
        ValueError: A class is empty, or a range in it runs backwards.
    """
    text = "".join(
        _PARTS.get(each) or (_class(each[1:-1]) if each[:1] == "[" else re.escape(each))
        for each in _TOKENS.split(glob)
    )
    return re.compile(text)


def _class(inside: str) -> str:
    """Translate what stands between brackets: characters and ranges, ``!`` in front negates."""
    negated = inside.startswith("!")
    rest = inside.removeprefix("!")
    if not rest:
        raise ValueError(f"the class `[{inside}]`, which is empty")
    ranges = re.findall(r"(.)-(.)|(.)", rest)
    if wrong := next((each for each in ranges if each[0] > each[1]), None):
        raise ValueError(f"the range `{wrong[0]}-{wrong[1]}`, which runs backwards")
    written = [
        f"{re.escape(low)}-{re.escape(high)}" if low else re.escape(one)
        for low, high, one in ranges
    ]
    return f"[{'^' if negated else ''}{''.join(written)}]"
