"""The ``checkrail`` command of the trainer image: what is done with an artifact after its run.

    checkrail delete-artifact URI --sha256 DIGEST    remove an artifact from its store

Keys come from the environment, as in a run: CHECKRAIL_STORE_AWS_ACCESS_KEY_ID and its siblings, or
else the pod's own identity. Standard output is the result, standard error is the log.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from typing import TYPE_CHECKING

from checkrail_api.object_store import ObjectStore
from checkrail_api.reports import TrainerFailure, termination_message
from checkrail_api.run import ENV_STORE_PREFIX
from checkrail_trainer.deletion import delete_artifact
from checkrail_trainer.environment import read_environment
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.logs import log_to_stderr
from checkrail_trainer.s3 import Bucketeer
from checkrail_trainer.termination import end_on_sigterm, in_pod, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checkrail_trainer.environment import Environment

log = logging.getLogger(__name__)

URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]+/.+")
SHA256 = re.compile(r"[0-9a-f]{64}")
BROKEN = 2
"""Exit code of a bug, and argparse's of wrong arguments."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and answer its exit code."""
    end_on_sigterm()
    log_to_stderr()
    options = parser().parse_args(arguments)
    environment = read_environment(os.environ)
    try:
        code: int = options.run(options, environment)
    except RunFailedError as error:
        log.error("command failed", extra={"reason": error.reason.value, "detail": error.message})  # noqa: TRY400 - the message says it all; a stack would bury it
        failure = TrainerFailure(reason=error.reason, message=error.message)
        _answer(environment, termination_message(failure))
        return error.exit_code
    except Exception:
        log.exception("command crashed: a bug in it, or in a library it uses")
        return BROKEN
    return code


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    whole = argparse.ArgumentParser(prog="checkrail", description=__doc__.partition("\n")[0])
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    delete = commands.add_parser("delete-artifact", help="remove an artifact from its store")
    delete.set_defaults(run=_delete)
    delete.add_argument("uri", type=_matching(URI), help="prefix of the artifact, s3://...")
    delete.add_argument(
        "--sha256",
        type=_matching(SHA256),
        required=True,
        help="digest of its model.onnx; nothing is deleted where the manifest says another one",
    )
    _add_store(delete)
    return whole


def _add_store(command: argparse.ArgumentParser) -> None:
    command.add_argument("--endpoint", help="URL of the service; absent: Amazon S3")
    command.add_argument("--region", help="region that requests are signed for")
    command.add_argument("--addressing-style", choices=("Path", "Virtual"))
    command.add_argument("--ca-file", help="certificate authorities of the endpoint, PEM")


def _delete(options: argparse.Namespace, environment: Environment) -> int:
    store = ObjectStore(
        endpoint=options.endpoint,
        region=options.region,
        addressing_style=options.addressing_style,
    )
    if options.ca_file:
        os.environ["AWS_CA_BUNDLE"] = options.ca_file  # botocore's own setting
    bucketeer = Bucketeer(store, environment.variables, ENV_STORE_PREFIX)
    deleted = delete_artifact(options.uri, options.sha256, bucketeer)
    _answer(environment, deleted.model_dump_json(by_alias=True).encode())
    return 0


def _answer(environment: Environment, message: bytes) -> None:
    """Print the result, and leave it to the kubelet where there is one."""
    sys.stdout.write(f"{message.decode()}\n")
    if in_pod(environment):
        tell(environment, message)


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise argparse.ArgumentTypeError(f"{text!r} is not {pattern.pattern}")
        return text

    return check


if __name__ == "__main__":
    sys.exit(main())
