"""The trainer as a process: a resolved spec in, exit code, report and published files out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checkrail_api.record import read_record
from checkrail_api.reports import Phase, ProgressEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from checkrail_api.record import Record
    from harness.object_store import ObjectStoreServer

TIMEOUT_SECONDS = 120
CASES: dict[str, Any] = {
    "sources": [{"name": "cases", "uri": "s3://lake/breast-cancer.parquet"}],
    "label": "kind",
    "key": "id",
    "holdout": {"strategy": "Fraction", "fraction": "0.3"},
}
"""Data of a small run."""
FILES = [
    "manifest.json",
    "metrics.json",
    "model.onnx",
    "native/model.ubj",
    "profile.json",
    "provenance.intoto.jsonl",
    "signature.json",
]
"""What a run of XGBoost publishes."""


@dataclass(frozen=True)
class Ended:
    """How a run of the trainer ended."""

    code: int
    report: dict[str, Any]
    """The termination message; empty if there is none."""
    message_bytes: int
    lines: list[str]
    """Its standard output."""
    log: str

    @property
    def progress(self) -> list[dict[str, Any]]:
        """Its progress events."""
        events = [json.loads(line) for line in self.lines]
        return [each for each in events if each["event"] == "progress"]

    @property
    def record(self) -> Record | None:
        """The record that its report vouches for."""
        return read_record(self.lines, self.report["recordSha256"])

    @property
    def failure(self) -> tuple[int, str]:
        """Exit code and reason."""
        return self.code, self.report["reason"]


def where(store: ObjectStoreServer) -> dict[str, str]:
    """Answer how ``store`` is reached, as a spec says it."""
    return {"endpoint": store.endpoint, "region": store.region, "addressingStyle": "Path"}


def run_spec(lake: ObjectStoreServer, **parts: Any) -> dict[str, Any]:
    """Answer a resolved spec over ``lake``; ``parts`` replace whole fields."""
    spec: dict[str, Any] = {
        "job": {"namespace": "team-a", "name": "run", "uid": "0-0", "generation": 1},
        "attempt": 1,
        "model": "model",
        "train": {"workflow": "xgboost-classifier", "params": {"n_estimators": 10}, "seed": 7},
        "evaluation": {"metrics": ["roc_auc", "log_loss"]},
        "store": {**where(lake), "uri": "s3://models/team-a"},
        "threads": 1,
        "image": "checkrail-trainer:test",
    } | parts
    spec["data"] = {"objectStore": where(lake), **spec["data"]}
    return spec


def start(
    spec: Mapping[str, Any],
    store: ObjectStoreServer,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start the trainer on ``spec`` with the right keys for data and store."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(spec))
    variables = {
        **os.environ,
        "CHECKRAIL_RUN_FILE": str(folder / "run.json"),
        "CHECKRAIL_TERMINATION_LOG": str(folder / "termination-log"),
        "CHECKRAIL_SCRATCH_DIR": str(folder / "scratch"),
        "CHECKRAIL_MEMORY_LIMIT_BYTES": str(2 * 2**30),
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": "/proc/none",  # as in the image: nowhere to write
        "CI": "",  # ONNX Runtime keeps its telemetry to itself where this is set
        "ORT_DISABLE_TELEMETRY": "",
        "PYTHONWARNINGS": "error",
        **{f"CHECKRAIL_DATA_{key}": value for key, value in store.credentials.items()},
        **{f"CHECKRAIL_STORE_{key}": value for key, value in store.credentials.items()},
        **(environment or {}),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "checkrail_trainer"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={key: value for key, value in variables.items() if value},
        cwd=folder,
    )


def wait_for_phase(process: subprocess.Popen[str], phase: Phase, *, percent: int = 0) -> None:
    """Read its progress until it is in ``phase`` and has done ``percent`` of the run."""
    for event in _events(process):
        if event.phase is phase and event.percent >= percent:
            return
    raise AssertionError(f"the trainer ended before {phase} {percent} %")


def wait_for_percent(process: subprocess.Popen[str], percent: int) -> None:
    """Read its progress until it has done ``percent`` of the run."""
    for event in _events(process):
        if event.percent >= percent:
            return
    raise AssertionError(f"the trainer ended before {percent} %")


def _events(process: subprocess.Popen[str]) -> Iterator[ProgressEvent]:
    assert process.stdout is not None
    return map(ProgressEvent.model_validate_json, process.stdout)


def finish(process: subprocess.Popen[str], folder: Path) -> Ended:
    """Wait for its end and read what it left."""
    out, log = process.communicate(timeout=TIMEOUT_SECONDS)
    message = folder / "termination-log"
    body = message.read_bytes() if message.exists() else b""
    return Ended(
        code=process.returncode,
        report=json.loads(body or b"{}"),
        message_bytes=len(body),
        lines=out.splitlines(),
        log=log,
    )


def train(
    spec: Mapping[str, Any],
    store: ObjectStoreServer,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run the trainer to its end."""
    return finish(start(spec, store, folder, environment), folder)


def publish(
    spec: Mapping[str, Any],
    store: ObjectStoreServer,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run the trainer to its end, which must be a version that is published."""
    ended = train(spec, store, folder, environment)
    assert ended.code == 0, ended.log
    return ended
