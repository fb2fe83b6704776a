"""The decision writer's process: what happens where none can be started."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import pytest

from checkrail_api.decision_log import DecisionLogSettings
from checkrail_server import logs
from checkrail_server.decisions.writer_process import WriterProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_STARTED, ENDED = "decision writer not started", "decision writer ended"


class Said(logging.Handler):
    """What the server logs, as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.put_nowait(record.getMessage())

    async def next(self) -> str:
        return await asyncio.wait_for(self._messages.get(), 10)


@pytest.fixture
def said() -> Iterator[Said]:
    handler = Said()
    logs.LOGGER.addHandler(handler)
    yield handler
    logs.LOGGER.removeHandler(handler)


def writer_of(command: Path) -> WriterProcess:
    settings = DecisionLogSettings.model_validate(
        {"uri": "s3://audit", "revision": "r1", "spool": str(command.parent)}
    )
    return WriterProcess(settings, {}, (str(command),))


async def test_a_writer_that_cannot_be_started_is_tried_again(tmp_path: Path, said: Said) -> None:
    command = tmp_path / "writer"
    running = asyncio.create_task(writer_of(command).run())
    try:
        assert await said.next() == NOT_STARTED
        prepared = tmp_path / "prepared"
        prepared.write_text("#!/bin/sh\nexit 3\n")
        prepared.chmod(0o700)
        prepared.rename(command)
        while (message := await said.next()) == NOT_STARTED:
            pass
        assert message == ENDED
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_what_a_writer_takes_is_known_while_it_runs(tmp_path: Path) -> None:
    command = tmp_path / "writer"
    command.write_text("#!/bin/sh\nexec cat\n")
    command.chmod(0o700)
    writer = writer_of(command)
    before = writer.resident
    running = asyncio.create_task(writer.run())
    async with asyncio.timeout(10):
        while not (found := writer.resident):  # noqa: ASYNC110 - it signals no such moment
            await asyncio.sleep(0)
        await writer.finish(10)
        await running

    assert (before, found > 0, writer.resident) == (0, True, 0)


async def test_at_the_end_a_writer_that_cannot_be_started_is_told(
    tmp_path: Path, said: Said
) -> None:
    await writer_of(tmp_path / "writer").finish(1)

    assert await said.next() == NOT_STARTED
