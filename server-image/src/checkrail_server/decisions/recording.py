"""A server's decision log from its start to its end."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from checkrail_api.decision_log import DecisionLogSettings
from checkrail_api.serving import ENV_DECISION_LOG
from checkrail_server import logs
from checkrail_server.decisions.frames import Header, column_of
from checkrail_server.decisions.log import DecisionLog
from checkrail_server.decisions.spool import Spool
from checkrail_server.decisions.writer_process import WriterProcess
from checkrail_server.errors import LoadError

if TYPE_CHECKING:
    from checkrail_server.model import Model
    from checkrail_server.settings import Settings

FINISH_SECONDS = 8.0
"""For what is not written when the server ends. With 5 s until gateways have heard, 5 s of drain
and 10 s for the longest request it stays within the pod's grace period of 30 s."""


class Recording:
    """The log, its spool, and its writer. Made and used in the event loop."""

    def __init__(self, log: DecisionLog, writer: WriterProcess) -> None:
        """Start the writer."""
        self.log = log
        self._writer = writer
        self._running = asyncio.create_task(writer.run())

    @property
    def writer_bytes(self) -> int:
        """Resident memory of the writer."""
        return self._writer.resident

    async def finish(self) -> None:
        """Write everything, or say what is left."""
        await self.log.close()
        await self._writer.finish(FINISH_SECONDS)
        self._running.cancel()
        await self.log.look()
        tell = logs.error if self.log.pending or self.log.dropped else logs.info
        tell(
            "decision log ended",
            written=self.log.written,
            dropped=self.log.dropped,
            not_written=self.log.pending,
        )


def record(settings: Settings, model: Model) -> Recording | None:
    """Start to record the answers of ``model``; None: nobody asked for it.

    Raises:
        LoadError: The settings are none, or there is no place to spool.
    """
    if settings.decision_log is None:
        return None
    try:
        wanted = DecisionLogSettings.model_validate_json(settings.decision_log)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "document"
        raise LoadError(f"{ENV_DECISION_LOG} is not valid: {place}: {first['msg']}") from None
    inputs = tuple(column_of(spec) for spec in model.inputs)
    if wanted.columns is not None:
        _tell_unknown(wanted.columns, model)
        inputs = tuple(column for column in inputs if column.name in wanted.columns)
    outputs = tuple(column_of(spec) for spec in model.outputs)
    header = Header(
        namespace=settings.namespace,
        model=settings.model,
        version=settings.short_digest,
        sha256=settings.sha256,
        revision=wanted.revision,
        pod=os.environ.get("HOSTNAME") or socket.gethostname(),
        inputs=inputs,
        outputs=outputs,
    )
    loop = asyncio.get_running_loop()
    writer = WriterProcess(wanted, os.environ)
    try:
        spool = Spool(
            Path(wanted.spool),
            header.frame(),
            limit=wanted.spool_bytes,
            seconds=wanted.max_delay_seconds,
            closed=lambda: loop.call_soon_threadsafe(writer.wake),
        )
    except OSError as error:
        raise LoadError(f"the decision log cannot spool to {wanted.spool}: {error}") from error
    return Recording(DecisionLog(spool, inputs, outputs, float(wanted.sample_ratio)), writer)


def _tell_unknown(columns: list[str], model: Model) -> None:
    if unknown := [name for name in columns if name not in model.inputs_by_name]:
        logs.warning(
            "columns of the decision log that the model has not",
            columns=unknown,
            inputs=list(model.inputs_by_name),
        )
