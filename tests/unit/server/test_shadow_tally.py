"""What is counted of pairs of opinions, and how rows travel to the candidate's process."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pytest

from checkrail_api.shadow import DIFFERENCE_EDGES, ShadowReport
from checkrail_server.shadow_frames import FrameError, FrameReader, frame, packed, unpacked
from checkrail_server.shadow_tally import TENTHS, Opinion, Tally, opinion

if TYPE_CHECKING:
    from checkrail_server.tensors import Array


def report(tally: Tally) -> ShadowReport:
    return ShadowReport.model_validate({"state": "Comparing", **tally.report()})


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param([[0.25]], Opinion(0.25, -1), id="one column is the score"),
        pytest.param([0.25], Opinion(0.25, -1), id="so is one number"),
        pytest.param([[0.25, 0.75]], Opinion(0.75, -1), id="of two classes the second"),
        pytest.param([[0.25, 0.5, 0.25]], Opinion(0.5, 1), id="of more the likeliest"),
    ],
)
def test_an_opinion_is_the_score_that_rollouts_count(output: object, expected: Opinion) -> None:
    assert opinion(np.array(output)) == expected


@pytest.mark.parametrize(
    ("stable", "candidate", "flips"),
    [
        pytest.param(Opinion(0.4, -1), Opinion(0.6, -1), [0, 1], id="across one threshold"),
        pytest.param(Opinion(0.2, -1), Opinion(0.9, -1), [1, 1], id="across both"),
        pytest.param(Opinion(0.5, -1), Opinion(0.4, -1), [0, 0], id="a threshold is not above it"),
        pytest.param(Opinion(0.6, 1), Opinion(0.7, 2), [1, 1], id="another class"),
        pytest.param(Opinion(0.2, 1), Opinion(0.1, 2), [0, 0], id="another class, undecided"),
    ],
)
def test_a_flip_is_another_decision(stable: Opinion, candidate: Opinion, flips: list[int]) -> None:
    tally = Tally(["0.3", "0.5"], TENTHS)
    tally.add(None, stable, candidate)
    assert [each.flips for each in report(tally).flips] == flips


def test_a_failure_flips_everything_and_has_no_score() -> None:
    tally = Tally(["0.3", "0.5"], TENTHS)
    tally.fail(Opinion(0.5, -1))
    tally.add(None, Opinion(0.5, -1), Opinion(nan, -1))
    found = report(tally)
    assert (found.compared, found.failed, [each.flips for each in found.flips]) == (2, 2, [2, 2])
    assert sum(found.scores.stable) == sum(found.scores.candidate) == 0


def test_a_stable_version_without_a_score_says_nothing_of_the_candidate() -> None:
    tally = Tally(["0.5"], TENTHS)
    tally.add(None, Opinion(nan, -1), Opinion(0.5, -1))
    assert report(tally).compared == 0


def test_the_ten_largest_differences_are_remembered_the_largest_first() -> None:
    tally = Tally(["0.5"], TENTHS)
    for number in range(100):
        tally.add(f"{number}" * 200, Opinion(0.0, -1), Opinion(number / 100, -1))
    found = report(tally)
    assert [each.candidate for each in found.worst] == [n / 100 for n in range(99, 89, -1)]
    assert found.worst[0].id == ("99" * 200)[:128]
    assert len(found.differences.counts) == len(DIFFERENCE_EDGES) + 1


def test_rows_arrive_as_they_were_sent_in_pieces_too() -> None:
    rows: list[dict[str, Array]] = [
        {
            "number": np.array([[0.1]], dtype=np.float32),
            "whole": np.array([[7]], dtype=np.int64),
            "text": np.array([["ü"]], dtype=object),
            "truth": np.array([True]),
        }
    ] * 2
    described, content = packed(rows)
    sent = frame({"tensors": described}, content) * 2

    reader, arrived = FrameReader(), []
    for place in range(0, len(sent), 7):
        arrived += reader.feed(sent[place : place + 7])

    assert len(arrived) == 2
    for head, rest in arrived:
        found = unpacked(head["tensors"], rest)
        for name, values in rows[0].items():
            assert found[name].dtype == values.dtype
            assert found[name].tolist() == [*values.tolist(), *values.tolist()]


def test_a_frame_that_claims_too_much_is_none() -> None:
    with pytest.raises(FrameError, match="expected at most"):
        FrameReader().feed(b"\xff" * 8)
