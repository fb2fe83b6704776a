"""``python -m checkrail_decision_writer``: write what the server spools, until its input ends."""

from __future__ import annotations

import fcntl
import io
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from checkrail_api.decision_log import DecisionLogSettings
from checkrail_api.serving import ENV_DECISION_LOG
from checkrail_decision_writer.destination import open_destination
from checkrail_decision_writer.table import by_date, table_of, texts_of
from checkrail_server import logs
from checkrail_server.decisions.spool import claim, refuse, release

if TYPE_CHECKING:
    from checkrail_decision_writer.destination import Destination

STANDARD_INPUT = 0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
LAST_PAUSE_SECONDS = 0.25
FINISH_SECONDS = 8.0
"""After the end of the input: how long a store that does not answer is asked again."""
NICENESS = 5
"""Requests go first; of a core that both want, this is a quarter."""


def main() -> int:
    """Return the exit code: 0 when all is written, 1 when something is left in the spool."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends after the server, when its input does
    os.nice(NICENESS)
    logs.configure()
    settings = DecisionLogSettings.model_validate_json(os.environ[ENV_DECISION_LOG])
    folder = Path(settings.spool)
    lock = os.open(folder / "writer.lock", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # the writer of a server that was killed may finish first
    destination = open_destination(settings)
    pause = write_all(folder, destination, 0.0)
    while is_open(pause):
        pause = write_all(folder, destination, pause)
    deadline = time.monotonic() + FINISH_SECONDS
    while (pause := write_all(folder, destination, pause)) and time.monotonic() < deadline:
        time.sleep(LAST_PAUSE_SECONDS)
    return 1 if pause else 0


def write_all(folder: Path, destination: Destination, pause: float) -> float:
    """Write what is closed; return how long to wait before the next try, 0 when all is written."""
    try:
        while path := claim(folder):
            write(path, destination)
    except Exception as error:  # noqa: BLE001 - of whatever store: it is asked again
        if not pause:
            logs.error("decision log not written", error=str(error))
        return min(max(pause * 2, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
    if pause:
        logs.info("decision log written again")
    return 0.0


def is_open(pause: float) -> bool:
    """Wait for ``pause`` seconds, or if it is 0 until there is a word; False: the input ended."""
    until = time.monotonic() + pause
    while True:
        left = max(0.0, until - time.monotonic()) if pause else None
        ready, _, _ = select.select([STANDARD_INPUT], [], [], left)
        if not ready:
            return True
        if not os.read(STANDARD_INPUT, 4_096):
            return False
        if not pause:
            return True


def write(path: Path, destination: Destination) -> None:
    """Write a claimed segment and forget it.

    A file's name follows from the segment's: written twice, it is there once.
    """
    try:
        files = files_of(path.read_bytes(), path.stem.partition("-")[0])
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it keeps no other waiting
        where = traceback.format_tb(
            error.__traceback__
        )  # and not its words: records may be in them
        kind = type(error).__name__
        logs.error(
            "segment of the decision log not readable", segment=path.name, error=kind, where=where
        )
        refuse(path)
        return
    for name, content in files.items():
        destination.write(name, content)
    release(path)


def files_of(content: bytes, started: str) -> dict[str, bytes]:
    """Return the Parquet files of a segment by their names, see ``table.table_of``."""
    header, table = table_of(content, started)
    files = {}
    for date, rows in by_date(table).items():
        file = io.BytesIO()
        pq.write_table(rows, file, compression="zstd", use_dictionary=texts_of(rows))
        folder = f"date={date}/model={header.model}/version={header.version}"
        files[f"{folder}/{header.pod}-{started}.parquet"] = file.getvalue()
    return files


if __name__ == "__main__":
    sys.exit(main())
