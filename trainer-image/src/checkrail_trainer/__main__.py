"""One run: the resolved spec in, the result as termination message and exit code.

    python -m checkrail_trainer

Standard output is progress, standard error is the log.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from pydantic import ValidationError

from checkrail_api.exit_codes import ExitCode
from checkrail_api.reasons import Reason
from checkrail_api.reports import TrainerFailure, termination_message
from checkrail_api.run import Run
from checkrail_trainer.environment import read_environment
from checkrail_trainer.failures import RunFailedError, first_lines
from checkrail_trainer.logs import log_to_stderr
from checkrail_trainer.memory import peak_rss_bytes
from checkrail_trainer.progress import Progress, own_stdout
from checkrail_trainer.run import execute
from checkrail_trainer.secrecy import close_to_other_processes
from checkrail_trainer.termination import CRASHED, end_on_sigterm, tell

if TYPE_CHECKING:
    from checkrail_trainer.environment import Environment

log = logging.getLogger("checkrail_trainer")


def main() -> int:
    """Run once and answer the exit code."""
    close_to_other_processes()
    end_on_sigterm()
    log_to_stderr()
    environment = read_environment(os.environ)
    try:
        with own_stdout() as out, Progress(out) as progress:
            result = execute(read_run(environment), environment, progress)
    except RunFailedError as error:
        log.error("run failed", extra={"reason": error.reason.value, "detail": error.message})  # noqa: TRY400 - the message says it all; a stack would bury it
        failure = TrainerFailure(
            reason=error.reason,
            message=error.message,
            metrics=error.metrics,
            gates=error.gates,
            parity=error.parity,
        )
        tell(environment, termination_message(failure))
        return error.exit_code
    except Exception:
        log.exception("run crashed: a bug in the trainer, or in a library it uses")
        return CRASHED
    finally:
        log.info("run ended", extra={"peak_rss_bytes": peak_rss_bytes()})
    tell(environment, termination_message(result))
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


if __name__ == "__main__":
    sys.exit(main())
