"""What ``make attack`` sends, without a network: refused, and never a fault of the server."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from attack import body_grammar, frame_grammar, http_grammar
from attack.senders import is_right, told_in_frames
from checkrail_server import http2  # noqa: F401 - a preface is then taken up at once
from checkrail_server import model as models
from checkrail_server.artifact import Artifact
from harness.raw_http import statuses
from harness.scoring_server import MODEL, flight_model
from harness.wire import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attack.malformed import Maker
    from checkrail_server.model import Model

SAMPLES = 30


def sorted_by_name(makers: Sequence[Maker]) -> list[Maker]:
    return sorted(set(makers), key=lambda maker: maker.__name__)


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(MODEL, Artifact(flight_model(), None, None), threads=1)


@pytest.mark.parametrize(
    "maker",
    [
        pytest.param(each, id=each.__name__)
        for each in sorted_by_name(http_grammar.MAKERS + body_grammar.MAKERS)
    ],
)
async def test_a_malformed_request_is_refused(model: Model, maker: Maker) -> None:
    for seed in range(SAMPLES):
        message = maker(Random(seed))
        found = statuses(await told(model, [message.data]))
        if message.whole:
            assert len(found) == 1, message
            assert 400 <= found[0] < 500, message
        else:
            assert max(found, default=400) < 500, message


@pytest.mark.parametrize(
    "maker", [pytest.param(each, id=each.__name__) for each in sorted_by_name(frame_grammar.MAKERS)]
)
async def test_malformed_frames_end_their_connection_or_their_call(
    model: Model, maker: Maker
) -> None:
    for seed in range(SAMPLES):
        message = maker(Random(seed))
        answer = told_in_frames(await told(model, [message.data]))
        assert is_right(message, answer or "closed"), message
