"""What ``make attack`` says at its end: nothing is held to be shown that was not tried."""

from __future__ import annotations

from collections import Counter

import pytest

from attack.report import broken
from attack.run import Outcome, shares
from attack.senders import Found


def outcome(asked: int, sent: int) -> Outcome:
    """Return an attack that the server has borne."""
    found = Found(sent=Counter({"no colon": sent - 1, "HTTP/2: no preface": 1}))
    return Outcome(
        asked, found, seconds=3_600, alive=True, memory_before=100, memory_most=101, memory_after=99
    )


def test_an_attack_that_was_sent_whole_and_borne_breaks_nothing() -> None:
    assert broken(outcome(asked=1_000_000, sent=1_000_000)) == []


def test_an_attack_that_time_has_cut_says_how_much_of_it_was_sent() -> None:
    assert broken(outcome(asked=1_000_000, sent=999_999)) == [
        (
            "only 999,999 of 1,000,000 malformed messages sent in 3,600 s; "
            "give it more seconds, or fewer requests"
        )
    ]


@pytest.mark.parametrize("requests", [0, 1, 2, 3, 3_000, 1_000_000])
def test_the_senders_together_send_all_that_was_asked_for(requests: int) -> None:
    assert sum(shares(requests)) == requests
