"""Published versions that gates compare with: fetched, verified, and scored on the rows held out.

    before data is read     model.onnx by digest; its inputs, so that their columns are read as well
    before training         its scores: a version that cannot be compared with costs no training

A model is opened by a limited process of its own (`baseline_process.py`), never by this one.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from checkrail_api.artifact import MODEL_FILE
from checkrail_api.reasons import Reason
from checkrail_api.run import baseline_prefix
from checkrail_trainer.failures import RunFailedError, out_of_memory
from checkrail_trainer.s3 import Bucketeer, s3_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checkrail_api.run import BaselineModel, Run
    from checkrail_trainer.environment import Environment

log = logging.getLogger(__name__)

PROCESS = "checkrail_trainer.baseline_process"
SECONDS = 900
"""How long a baseline may take to open, or to score the rows held out."""
LARGEST_BYTES = 2**31
"""What one ONNX file can be."""
CHUNK_BYTES = 2**20
MEMORY_SHARE = 2
"""The process gets the container's memory divided by this; the table of the run has the rest."""
LEAST_MEMORY_BYTES = 2**29
KILLED_FOR_MEMORY = {signal.SIGKILL, signal.SIGABRT}
"""By the kernel, or by itself where C++ finds none."""
MEMORY_BYTES = 2**32
"""What it gets where the container has no limit."""


@dataclass(frozen=True)
class Port:
    """An input or output of a model."""

    name: str
    type: str
    """As ONNX Runtime writes it: tensor(float)."""
    shape: tuple[int | str | None, ...]


@dataclass(frozen=True)
class Baseline:
    """A published version whose model lies in ``folder`` and has the digest it should have."""

    given: BaselineModel
    folder: Path
    memory_bytes: int
    """What its process may use."""
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def bad(self, what: str) -> RunFailedError:
        """Return the failure of a version that cannot be compared with."""
        return bad_baseline(self.given, what)


def bad_baseline(given: BaselineModel, what: str) -> RunFailedError:
    """Return the failure of a version that cannot be compared with."""
    return RunFailedError(
        Reason.BAD_BASELINE,
        f"ModelVersion {given.version}, which a gate compares with (notWorseThan "
        f"{given.reference}), {what}. Nothing was trained. If that cannot be mended, name another "
        "ModelVersion in notWorseThan, or leave the gate out",
    )


@contextmanager
def open_baselines(run: Run, environment: Environment) -> Iterator[list[Baseline]]:
    """Fetch the versions that the gates of ``run`` compare with, in a folder gone at the end.

    One that serves and is named as well, or serves twice, is fetched once.

    Raises:
        RunFailedError: InvalidSpec if it does not say what serves; BadBaseline, BucketNotFound,
            AccessDenied or StoreUnavailable.
    """
    wanted = {gate.not_worse_than for gate in run.evaluation.gates} - {None}
    if wanted and run.baselines is None:
        raise RunFailedError(
            Reason.INVALID_SPEC,
            "a gate has notWorseThan, and the run file has no baselines: expected the versions to "
            "compare with, or an empty list if nothing serves. Create the TrainingJob again",
        )
    environment.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=environment.scratch, prefix="baselines-") as name:
        known: dict[str, Baseline] = {}
        found = []
        for number, given in enumerate(run.baselines or ()):
            if given.reference not in wanted:
                continue
            if given.sha256 not in known:
                folder = Path(name) / str(number)
                folder.mkdir()
                store = Bucketeer(given.store, environment.variables, baseline_prefix(number))
                _fetch(given, store, folder / MODEL_FILE)
                known[given.sha256] = opened(given, folder, memory_for(environment))
                log.info("baseline fetched", extra={"model_version": given.version})
            found.append(replace(known[given.sha256], given=given))
        yield found


def columns_of(baselines: Sequence[Baseline]) -> list[str]:
    """Return the names of all inputs, each once."""
    return list(dict.fromkeys(port.name for each in baselines for port in each.inputs))


def _fetch(given: BaselineModel, store: Bucketeer, path: Path) -> None:
    """Write the model to ``path``; nothing looks into it before its digest is known."""
    bucket, _, prefix = given.uri.removeprefix("s3://").partition("/")
    key = f"{prefix.rstrip('/')}/{MODEL_FILE}"
    digest, size = hashlib.sha256(), 0
    with s3_errors(store, bucket), path.open("wb") as file:
        try:
            body = store.client.get_object(Bucket=bucket, Key=key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                raise bad_baseline(
                    given, f"has no object s3://{bucket}/{key} at {store.where}"
                ) from error
            raise
        for chunk in iter(lambda: body.read(CHUNK_BYTES), b""):
            size += len(chunk)
            if size > LARGEST_BYTES:
                raise bad_baseline(given, f"has more than {LARGEST_BYTES} bytes")
            digest.update(chunk)
            file.write(chunk)
    if digest.hexdigest() != given.sha256:
        raise bad_baseline(
            given,
            f"is not what s3://{bucket}/{key} holds: expected SHA-256 {given.sha256}, found "
            f"{digest.hexdigest()}. Somebody replaced the file: look before you trust it",
        )


def memory_for(environment: Environment) -> int:
    """Answer what the process of a baseline may use, bytes."""
    limit = environment.memory_limit_bytes
    return max(limit // MEMORY_SHARE, LEAST_MEMORY_BYTES) if limit else MEMORY_BYTES


def opened(given: BaselineModel, folder: Path, memory_bytes: int) -> Baseline:
    """Let the limited process look into the verified model in ``folder``.

    Raises:
        RunFailedError: BadBaseline; ONNX Runtime cannot open it.
    """
    answer = in_own_process("describe", given, folder, memory_bytes)
    inputs, outputs = (
        tuple(Port(each["name"], each["type"], tuple(each["shape"])) for each in answer[side])
        for side in ("inputs", "outputs")
    )
    return Baseline(given, folder, memory_bytes, inputs, outputs)


def in_own_process(
    command: str, given: BaselineModel, folder: Path, memory_bytes: int
) -> dict[str, Any]:
    """Let the limited process do ``command`` on ``folder``.

    What ONNX Runtime says goes to the log only: it may hold values of the data.

    Raises:
        RunFailedError: BadBaseline; or OOMKilled, for the ladder's next rung.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", PROCESS, command, str(folder), str(memory_bytes)],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            cwd=folder,
            env=without_credentials(os.environ),
        )
    except subprocess.TimeoutExpired as error:
        what = f"took more than {SECONDS} s to {command}"
        raise bad_baseline(given, what) from error
    lines = done.stdout.splitlines() if done.returncode == 0 else []
    answer: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    if answer and "error" not in answer:
        return answer
    log.warning(
        "baseline's process failed",
        extra={
            "model_version": given.version,
            "code": done.returncode,
            "said": done.stderr[-4000:],
        },
    )
    if -done.returncode in KILLED_FOR_MEMORY or _out_of_memory(answer.get("detail", "")):
        raise out_of_memory(
            f"ModelVersion {given.version}, which a gate compares with, needs more than the "
            f"{memory_bytes} bytes that are left for it: raise the memory in spec.resources.ladder"
        )
    raise bad_baseline(
        given,
        f"is a model that ONNX Runtime cannot {command} ({answer.get('error', 'it crashed')}; the "
        "trainer's log says more)",
    )


def without_credentials(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that a foreign model may meet."""
    return {key: value for key, value in variables.items() if "AWS_" not in key}


def _out_of_memory(detail: str) -> bool:
    return any(each in detail for each in ("bad_alloc", "out of memory", "Failed to allocate"))
