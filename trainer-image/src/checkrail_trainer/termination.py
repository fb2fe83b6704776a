"""How a process of the trainer image ends: at once on SIGTERM, and with a last word."""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import TYPE_CHECKING

from checkrail_trainer.environment import ENV_TERMINATION_LOG

if TYPE_CHECKING:
    from checkrail_trainer.environment import Environment

log = logging.getLogger(__name__)

CRASHED = 1
TERMINATED = 128 + signal.SIGTERM


def end_on_sigterm() -> None:
    """End at once on SIGTERM, also inside a library's long call.

    As process 1 of a container we would otherwise ignore the signal, and Python runs handlers
    only between its own instructions. So the signal wakes a thread, through a pipe that the
    interpreter writes to from C. Nothing needs tidying: without a manifest nothing is published.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGTERM, lambda *_: None)

    def wait() -> None:
        while signal.SIGTERM not in os.read(reading, 16):
            pass
        os._exit(TERMINATED)

    threading.Thread(target=wait, daemon=True, name="sigterm").start()


def in_pod(environment: Environment) -> bool:
    """Answer whether somebody reads a termination message: a kubelet made the file for it."""
    return ENV_TERMINATION_LOG in environment.variables or environment.termination_log.exists()


def tell(environment: Environment, message: bytes) -> None:
    """Write the termination message.

    Raises:
        SystemExit: It cannot be written; whoever waits for it must not take silence for success.
    """
    try:
        environment.termination_log.write_bytes(message)
    except OSError as error:
        log.exception("result not written", extra={"path": str(environment.termination_log)})
        raise SystemExit(CRASHED) from error
