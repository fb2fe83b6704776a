"""How many bytes of request bodies the whole process holds."""

from __future__ import annotations


class BodyBudget:
    """Bytes that exchanges take while their bodies arrive, and give back when they need none."""

    __slots__ = ("held", "limit")

    def __init__(self, limit: int) -> None:
        """Let all exchanges together hold ``limit`` bytes."""
        self.limit = limit
        self.held = 0
        """Bytes taken and not yet given back."""

    def take(self, size: int) -> bool:
        """Take ``size`` bytes; False, and none taken, if fewer are left."""
        if self.held + size > self.limit:
            return False
        self.held += size
        return True

    def give_back(self, size: int) -> None:
        """Give back bytes that were taken."""
        self.held -= size
