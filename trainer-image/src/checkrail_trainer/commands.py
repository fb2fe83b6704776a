"""The ``checkrail`` command of the trainer image: what is done with an artifact after its run.

    checkrail replay SOURCE                          run it again and compare
    checkrail delete-artifact URI --sha256 DIGEST    remove it from its store

Keys come from the environment, as in a run: CHECKRAIL_STORE_AWS_ACCESS_KEY_ID and its siblings for
the store, CHECKRAIL_DATA_AWS_... for sources, or else the pod's own identity. Standard output is
the result, standard error is the log.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import tempfile
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from checkrail_api.object_store import ObjectStore
from checkrail_api.reports import TrainerFailure, termination_message
from checkrail_api.run import ENV_STORE_PREFIX
from checkrail_trainer.authorities import VARIABLE
from checkrail_trainer.deletion import delete_artifact
from checkrail_trainer.environment import ENV_SCRATCH_DIR, read_environment
from checkrail_trainer.failures import RunFailedError
from checkrail_trainer.logs import log_to_stderr
from checkrail_trainer.progress import Progress, own_stdout
from checkrail_trainer.recorded import read_artifact
from checkrail_trainer.replay_source import read_source
from checkrail_trainer.s3 import Bucketeer
from checkrail_trainer.secrecy import close_to_other_processes
from checkrail_trainer.termination import end_on_sigterm, in_pod, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checkrail_trainer.environment import Environment

log = logging.getLogger(__name__)

URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]+/.+")
SHA256 = re.compile(r"[0-9a-f]{64}")
NAMED_URL = re.compile(r"[a-z_][a-z0-9_]*=https?://[^/]+")
DIVERGED = 1
"""Exit code of a replay that gives another model, as of programs that compare."""
BROKEN = 2
"""Exit code of a bug, and argparse's of wrong arguments."""


def main() -> int:
    """Carry out the command of the command line and answer its exit code."""
    close_to_other_processes()
    end_on_sigterm()
    log_to_stderr()
    options = parser().parse_args()
    with own_stdout() as out:
        return carry_out(options, out)


def carry_out(options: argparse.Namespace, out: TextIO) -> int:
    """Carry out what ``parser`` read, write its result to ``out`` and answer the exit code."""
    if options.ca_file:
        os.environ[VARIABLE] = options.ca_file  # boto3 reads it from there
    environment = read_environment(os.environ)
    try:
        code: int = options.run(options, environment, out)
    except RunFailedError as error:
        log.error("command failed", extra={"reason": error.reason.value, "detail": error.message})  # noqa: TRY400 - the message says it all; a stack would bury it
        failure = TrainerFailure(reason=error.reason, message=error.message)
        _answer(environment, out, termination_message(failure))
        return error.exit_code
    except Exception:
        log.exception("command crashed: a bug in it, or in a library it uses")
        return BROKEN
    return code


def parser() -> argparse.ArgumentParser:
    """Return the command line's grammar."""
    whole = argparse.ArgumentParser(prog="checkrail", description=__doc__.partition("\n")[0])
    commands = whole.add_subparsers(required=True, metavar="COMMAND")
    _add_replay(commands.add_parser("replay", help="run a published run again and compare"))
    _add_delete(commands.add_parser("delete-artifact", help="remove an artifact from its store"))
    return whole


def _add_replay(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_replay)
    command.add_argument(
        "source",
        help="file with a ModelVersion in YAML or JSON, - for standard input, or the address of an "
        "artifact, s3://.../<sha256>",
    )
    _add_service(
        command,
        "",
        "of the sources; and of the store, where neither --store-... nor a "
        "ModelVersion says another one",
    )
    _add_service(command, "store-", "of the store")
    command.add_argument(
        "--source-endpoint",
        metavar="NAME=URL",
        type=_matching(NAMED_URL),
        action="append",
        default=[],
        help="service of one source; its keys are CHECKRAIL_SOURCE_<place, from 0>_AWS_...",
    )
    command.add_argument("--ca-file", help="certificate authorities of all services, PEM")
    command.add_argument(
        "--threads",
        type=int,
        help="another number of threads than the recorded one; sums may then differ",
    )


def _add_delete(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_delete)
    command.add_argument("uri", type=_matching(URI), help="prefix of the artifact, s3://...")
    command.add_argument(
        "--sha256",
        type=_matching(SHA256),
        required=True,
        help="digest of its model.onnx; nothing is deleted where the manifest says another one",
    )
    _add_service(command, "", "of the store")
    command.add_argument("--ca-file", help="certificate authorities of the endpoint, PEM")


def _add_service(command: argparse.ArgumentParser, prefix: str, what: str) -> None:
    command.add_argument(f"--{prefix}endpoint", help=f"URL {what}; absent: Amazon S3")
    command.add_argument(f"--{prefix}region", help=f"region {what}")
    command.add_argument(f"--{prefix}addressing-style", choices=("Path", "Virtual"))


def _service(options: argparse.Namespace, prefix: str, known: ObjectStore) -> ObjectStore:
    """Return the service that the options name, filled up with what is known of it."""
    given = {
        field: found
        for field in ("endpoint", "region", "addressing_style")
        if (found := getattr(options, f"{prefix}{field}")) is not None
    }
    return ObjectStore.model_validate(known.model_dump(exclude_none=True) | given)


def _replay(options: argparse.Namespace, environment: Environment, out: TextIO) -> int:
    source = read_source(options.source)
    sources = _service(options, "", ObjectStore())
    named = dict(each.split("=", 1) for each in options.source_endpoint)
    where = _service(options, "store_", source.store if source.store.dump() else sources)
    store = Bucketeer(where, environment.variables, ENV_STORE_PREFIX)
    recorded = read_artifact(source.uri, source.sha256, source.components, store)
    _set(recorded.run.env or {})
    # Only now: it brings DuckDB, which a deletion needs not, and libraries that read variables when
    # they are loaded.
    replay = import_module("checkrail_trainer.replay")
    with Progress(sys.stderr) as progress:
        replayed = replay.replay(
            recorded.read_from(sources, named),
            options.threads or recorded.run.threads,
            with_scratch(environment),
            progress,
        )
    out.write(f"{replayed.model_dump_json(by_alias=True, exclude_none=True)}\n")
    return DIVERGED if replayed.verdict is replay.Verdict.DIVERGED else 0


def _set(env: Mapping[str, str]) -> None:
    """Set the variables that the run's spec declared."""
    os.environ.update(env)
    time.tzset()  # for TZ, which the C library has read already
    if env:
        log.info("variables of the run are set", extra={"names": sorted(env)})


def _delete(options: argparse.Namespace, environment: Environment, out: TextIO) -> int:
    store = _service(options, "", ObjectStore())
    bucketeer = Bucketeer(store, environment.variables, ENV_STORE_PREFIX)
    deleted = delete_artifact(options.uri, options.sha256, bucketeer)
    _answer(environment, out, deleted.model_dump_json(by_alias=True).encode())
    return 0


def with_scratch(environment: Environment) -> Environment:
    """Return the surroundings; outside a pod, where nobody says otherwise, /tmp is for scratch."""
    if ENV_SCRATCH_DIR in environment.variables or environment.scratch.exists():
        return environment
    return replace(environment, scratch=Path(tempfile.gettempdir()))


def _answer(environment: Environment, out: TextIO, message: bytes) -> None:
    """Write the result, and leave it to the kubelet where there is one."""
    out.write(f"{message.decode()}\n")
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
