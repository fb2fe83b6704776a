"""One run: the resolved spec in, the result as termination message and exit code.

    python -m checkrail_trainer

Standard output is progress, standard error is the log.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from pydantic import ValidationError

from checkrail_api.exit_codes import ExitCode
from checkrail_api.reasons import Reason
from checkrail_api.reports import TrainerFailure, termination_message
from checkrail_api.run import Run
from checkrail_trainer.environment import Environment, read_environment
from checkrail_trainer.failures import RunFailedError, first_lines
from checkrail_trainer.logs import log_to_stderr
from checkrail_trainer.progress import Progress
from checkrail_trainer.run import execute

if TYPE_CHECKING:
    from checkrail_api.reports import TrainerSuccess

log = logging.getLogger("checkrail_trainer")

CRASHED = 1
TERMINATED = 128 + signal.SIGTERM


def main() -> int:
    """Run once and answer the exit code."""
    end_on_sigterm()
    log_to_stderr()
    environment = read_environment(os.environ)
    try:
        with Progress() as progress:
            result = execute(read_run(environment), environment, progress)
    except RunFailedError as error:
        log.error("run failed", extra={"reason": error.reason.value, "detail": error.message})  # noqa: TRY400 - the message says it all; a stack would bury it
        _tell(environment, TrainerFailure(reason=error.reason, message=error.message))
        return error.exit_code
    except Exception:
        log.exception("run crashed: a bug in the trainer, or in a library it uses")
        return CRASHED
    _tell(environment, result)
    return ExitCode.PUBLISHED


def read_run(environment: Environment) -> Run:
    """Read the resolved spec.

    Raises:
        RunFailedError: InvalidSpec; it is missing or not what this trainer understands.
    """
    try:
        return Run.model_validate_json(environment.run_file.read_bytes())
    except (OSError, ValidationError) as error:
        raise RunFailedError(
            Reason.INVALID_SPEC,
            f"{environment.run_file} is no run that this trainer understands: "
            f"{first_lines(error)}. Operator and trainer image must be of one release",
        ) from error


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


def _tell(environment: Environment, result: TrainerSuccess | TrainerFailure) -> None:
    body = termination_message(result)
    try:
        environment.termination_log.write_bytes(body)
    except OSError as error:
        log.exception("result not written", extra={"path": str(environment.termination_log)})
        raise SystemExit(CRASHED) from error


if __name__ == "__main__":
    sys.exit(main())
