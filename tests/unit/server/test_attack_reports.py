"""What ``make attack`` says at its end: nothing is held to be shown that was not tried."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from attack.giants import Told
from attack.good_traffic import Answered
from attack.report import broken, late
from attack.run import Outcome, shares
from attack.senders import Found

SENT = Found(sent=Counter({"no colon": 999_999, "HTTP/2: no preface": 1}))
TOLD = Told(Counter({"100 MB announced: 413": 1, "100 MB in chunks: closed": 9}), seconds=[1.0])
BORNE = Outcome(
    asked=1_000_000,
    connections=2_000,
    found=SENT,
    crowd=Counter({"opened": 9_000, "most at a time": 1_800, "408": 7_000}),
    giants=[TOLD, Told(Counter({"100 MB in chunks: 413": 1}), seconds=[0.1])],
    attacked=Answered(requests=100),
    seconds=3_600,
    alive=True,
    memory_before=100,
    memory_most=120,
    memory_after=99,
)
"""An attack that the server has borne: no bound is broken, and some are all but broken."""


def test_an_attack_that_was_sent_whole_and_borne_breaks_nothing() -> None:
    assert broken(BORNE) + late(BORNE) == []


@pytest.mark.parametrize(
    ("outcome", "want"),
    [
        pytest.param(
            replace(BORNE, asked=1_000_001),
            "only 1,000,000 of 1,000,001 malformed messages sent in 3,600 s; "
            "give it more seconds, or fewer requests",
            id="too few sent",
        ),
        pytest.param(
            replace(BORNE, alive=False), "the server does not answer any more", id="a dead server"
        ),
        pytest.param(
            replace(BORNE, bugs=["KeyError", "OSError"]),
            "2 errors in the server's log, first: KeyError",
            id="bugs logged",
        ),
        pytest.param(
            replace(BORNE, memory_most=121),
            "memory grew to 1.21 times, at most 1.2 is allowed",
            id="memory grew under attack",
        ),
        pytest.param(
            replace(BORNE, memory_after=121),
            "memory grew to 1.21 times, at most 1.2 is allowed",
            id="memory grew after it",
        ),
        pytest.param(
            replace(BORNE, attacked=Answered(failures=2, failed=["a row: (500, b'')"])),
            "2 failures: [\"a row: (500, b'')\"]",
            id="failures of good traffic",
        ),
        pytest.param(
            replace(BORNE, found=replace(SENT, wrong=["no colon: 200 for b'x'"])),
            "no colon: 200 for b'x'",
            id="a malformed message answered",
        ),
        pytest.param(
            replace(BORNE, floods=Found(wrong=["flood: 200 for b'x'"])),
            "flood: 200 for b'x'",
            id="a flood answered",
        ),
        pytest.param(
            replace(BORNE, found=replace(SENT, late=Counter({"no colon": 3}))),
            "3 of no colon refused after more than 1 s",
            id="malformed messages late",
        ),
        pytest.param(
            replace(BORNE, floods=Found(late=Counter({"flood": 3}))),
            "3 of flood refused after more than 1 s",
            id="floods late",
        ),
        pytest.param(
            replace(BORNE, giants=[replace(TOLD, seconds=[1.1, 0.1]), *BORNE.giants]),
            "1 of large bodies refused after more than 1 s",
            id="giants late",
        ),
        pytest.param(
            replace(BORNE, giants=[TOLD]),
            "giants: 100 MB in chunks, never told 413",
            id="giants never told 413",
        ),
        pytest.param(
            replace(BORNE, giants=[*BORNE.giants, Told(Counter({"100 MB announced: 200": 3}))]),
            "giants: 100 MB announced: 200, 3 times",
            id="giants served",
        ),
        pytest.param(
            replace(BORNE, crowd=BORNE.crowd - Counter({"most at a time": 1})),
            "at most 1,799 of 2,000 slow connections at a time, at least 90% are needed",
            id="a crowd too small",
        ),
        pytest.param(
            replace(BORNE, crowd=BORNE.crowd + Counter({"503": 3})),
            "slow connections: 3 times 503",
            id="a crowd that found a fault",
        ),
    ],
)
def test_a_bound_that_is_broken_is_named_alone(outcome: Outcome, want: str) -> None:
    assert broken(outcome) + late(outcome) == [want]


@pytest.mark.parametrize("requests", [0, 1, 2, 3, 3_000, 1_000_000])
def test_the_senders_together_send_all_that_was_asked_for(requests: int) -> None:
    assert sum(shares(requests)) == requests
