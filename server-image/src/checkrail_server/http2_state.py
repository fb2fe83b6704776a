"""HTTP/2's state of one connection, within bounds that h2 does not set."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import DenialOfServiceError, FrameTooLargeError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import DataFrame

from checkrail_server.http2_budget import FrameBudget

if TYPE_CHECKING:
    from h2.events import Event
    from hyperframe.frame import Frame

    from checkrail_server.limits import Limits

SIZE_BYTES = 3
"""Of a frame, in which it says how large it is (RFC 9113, section 4.1)."""


class Http2State(H2Connection):
    """Without a long memory of streams that have ended, and with a budget of frames."""

    MAX_CLOSED_STREAMS = 1_024

    def __init__(self, limits: Limits) -> None:
        """Begin now; what a client is told of ``limits`` is not sent yet."""
        super().__init__(
            H2Configuration(
                client_side=False,
                header_encoding=None,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: limits.pipelined,
                SettingCodes.MAX_HEADER_LIST_SIZE: limits.header_bytes,
            },
        )
        self.decoder.max_header_list_size = limits.header_bytes
        self.budget = FrameBudget(time.perf_counter())
        self.frames = 0
        """Whole ones that have come, those of refused calls too, of which h2 tells no event."""

    def receive_data(self, data: bytes) -> list[Event]:  # type: ignore[override]  # bytes are all that is read
        """Take what has come.

        Raises:
            ProtocolError: It ends the connection, and what tells the client why is to be sent.
        """
        found = super().receive_data(data)
        # h2 looks at a frame's size only when all of the frame is there
        rest = self.incoming_buffer._data  # noqa: SLF001
        if int.from_bytes(rest[:SIZE_BYTES], "big") > self.max_inbound_frame_size:
            self._terminate_connection(ErrorCodes.FRAME_SIZE_ERROR)
            raise FrameTooLargeError("a frame is larger than it may be")
        return found

    def _receive_frame(self, frame: Frame) -> list[Event]:
        self.frames += 1
        size = len(frame.data) if isinstance(frame, DataFrame) else 0
        if not self.budget.take(size, time.perf_counter()):
            raise DenialOfServiceError("too many frames for the calls that they make")
        return super()._receive_frame(frame)
