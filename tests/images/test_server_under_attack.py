"""A short attack: no crash, no growth, all that is malformed refused, all good traffic served.

How long a refusal takes is not asserted, as it is the machine's business too; ``make attack`` is
the same with a million messages and four times the slow connections, and asserts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from attack.report import broken, lines
from attack.run import Plan, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.images


def test_a_server_under_attack_refuses_and_serves(tmp_path: Path) -> None:
    outcome = run(Plan(requests=6_000, connections=500, seconds=300), tmp_path)

    assert broken(outcome) == [], "\n".join(lines(outcome))
    assert outcome.attacked.requests > 50
