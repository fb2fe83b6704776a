"""Large reads take turns: one connection reads on in a turn of the event loop."""

from __future__ import annotations

import asyncio

from checkrail_server.turns import BUFFER_BYTES, Turns, TurnTaker


class Tap(asyncio.Transport):
    """A transport that can be open or closed, with nothing behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.open = True

    def pause_reading(self) -> None:
        self.open = False

    def resume_reading(self) -> None:
        self.open = True

    def is_closing(self) -> bool:
        return False


class Reader(TurnTaker):
    """Keeps what it reads."""

    def __init__(self, turns: Turns) -> None:
        super().__init__(turns)
        self.tap = self._transport = Tap()
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data

    def read(self, data: bytes) -> None:
        """Do what an event loop does when ``data`` has come."""
        self.get_buffer(-1)[: len(data)] = data
        self.buffer_updated(len(data))


LARGE = b"a" * BUFFER_BYTES


async def test_a_small_read_does_not_wait() -> None:
    reader = Reader(Turns())
    reader.read(LARGE[1:])

    assert (reader.received, reader.tap.open) == (LARGE[1:], True)


async def test_of_those_who_fill_the_buffer_one_reads_on_in_each_turn_of_the_loop() -> None:
    turns = Turns()
    readers = [Reader(turns) for _ in range(3)]
    for reader in readers:
        reader.read(LARGE)
    opened = []
    for _ in range(5):
        opened.append([reader.tap.open for reader in readers])
        if readers[0].tap.open:
            readers[0].read(LARGE)  # the first has more: it goes to the end
        await asyncio.sleep(0)

    assert opened == [
        [False, False, False],
        [True, False, False],
        [False, True, False],
        [False, True, True],
        [True, True, True],
    ]


async def test_who_has_paused_itself_reads_neither_in_its_turn_nor_before() -> None:
    reader = Reader(Turns())
    reader.read(LARGE)
    reader.keep_reading(wanted=False)
    await asyncio.sleep(0)
    after_turn = reader.tap.open
    reader.keep_reading(wanted=True)
    after_pause = reader.tap.open
    reader.read(LARGE)
    reader.keep_reading(wanted=False)
    reader.keep_reading(wanted=True)

    assert (after_turn, after_pause, reader.tap.open) == (False, True, False)


async def test_who_has_left_is_not_waited_for() -> None:
    turns = Turns()
    gone, here = Reader(turns), Reader(turns)
    for reader in (gone, here):
        reader.read(LARGE)
    turns.leave(gone)
    await asyncio.sleep(0)

    assert (gone.tap.open, here.tap.open) == (False, True)
