"""What cannot be read of the API server's answers is a reason to ask again, not a bug."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checkrail_operator.plan.errors import TransientError
from checkrail_operator.shell.kube import _json


class Answer:
    """An answer with a body."""

    def __init__(self, body: str) -> None:
        self._body = body

    async def json(self) -> Any:
        """Read the body."""
        return json.loads(self._body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"items": [', id="cut off"),
        pytest.param('{"a":' * 100_000, id="nested too deep"),
    ],
)
async def test_an_answer_that_cannot_be_read(body: str) -> None:
    with pytest.raises(TransientError, match="no JSON we can read"):
        await _json(Answer(body))
