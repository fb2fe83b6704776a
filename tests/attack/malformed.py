"""What is sent: a message, what it is, and what a server may say to it."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Maker(Protocol):
    """A production of a grammar, broken."""

    __name__: str

    def __call__(self, random: Random) -> Malformed:
        """Return a message of this kind."""


@dataclass(frozen=True)
class Malformed:
    """One malformed message."""

    kind: str
    """What is wrong with it: the row of the report that counts it."""
    data: bytes
    whole: bool = True
    """Whether a server must refuse it with 4xx. If not it is garbled at random: it may be a request
    by chance, or end too early; then a server may answer it, or close when it has ended."""


def endless(makers: Sequence[Maker], seed: str) -> Iterator[Malformed]:
    """Return messages without an end, the same ones for the same ``seed``."""
    random = Random(seed)
    while True:
        yield random.choice(makers)(random)
