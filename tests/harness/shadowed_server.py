"""A scoring server that is asked to score a candidate in shadow, as the operator asks it."""

from __future__ import annotations

import contextlib
import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkrail_api import serving as env
from checkrail_api.artifact import MODEL_FILE
from checkrail_api.shadow import Candidate, ShadowReport
from harness.scoring_server import ScoringServer, artifact_files, serving, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

SECONDS = 30.0
LOOK_SECONDS = 0.05
"""Between two looks at the report; ``SECONDS`` is the deadline."""
VALUES = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]
"""Inputs whose scores, by a model that answers its input, fall into as many bins."""


@dataclass
class ShadowedServer:
    """A server, and the folder that stands for the ConfigMap of its pod."""

    server: ScoringServer
    folder: Path

    def ask_for(self, model: bytes, **fields: object) -> Candidate:
        """Ask for ``model`` as the candidate."""
        files = artifact_files(model)
        digest = hashlib.sha256(files[MODEL_FILE]).hexdigest()
        uri = self.folder / digest
        written(files, uri)
        asked = {
            "version": f"steady-{digest[:8]}",
            "uri": uri.as_uri(),
            "sha256": digest,
            "attempt": "1",
            "thresholds": ["0.5"],
            **fields,
        }
        candidate = Candidate.model_validate(asked)
        self.put(candidate.model_dump_json())
        return candidate

    def put(self, text: str) -> None:
        """Write the operator's file as the kubelet does: at once."""
        fresh = self.folder / "fresh"
        fresh.write_text(text)
        fresh.rename(self.folder / "candidate.json")

    def remove(self) -> None:
        """Ask for no candidate any more."""
        (self.folder / "candidate.json").unlink()

    def report(self) -> ShadowReport:
        """Return what the server knows of the candidate."""
        return ShadowReport.model_validate_json(self.server.http.get(env.SHADOW_PATH).content)

    def once(self, holds: Callable[[ShadowReport], bool]) -> ShadowReport:
        """Return the report once something holds of it."""
        deadline = time.monotonic() + SECONDS
        while not holds(found := self.report()):
            assert time.monotonic() < deadline, found
            time.sleep(LOOK_SECONDS)
        return found

    def processes(self) -> list[int]:
        """Return the process ids of candidates."""
        return self.server.child.children

    def compare(self, values: Iterable[float]) -> ShadowReport:
        """Let the server answer each value, one at a time, until all of them are compared."""
        before = self.report().compared
        wanted = before
        for number, value in enumerate(values):
            self.infer(value, f"request-{number}")
            wanted += 1
            if not wanted % 8:  # no more than a batch waits: nothing is dropped
                self.once(lambda found, so_far=wanted: found.compared >= so_far)  # type: ignore[misc]
        return self.once(lambda found: found.compared >= wanted)

    def infer(self, value: float, name: str) -> float:
        """Return the score of one row."""
        tensor = {"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [value]}
        path = "/v2/models/flight-delays/infer"
        answer = self.server.http.post(path, json={"id": name, "inputs": [tensor]})
        assert answer.status_code == 200, answer.text
        score: float = answer.json()["outputs"][0]["data"][0]
        return score


@contextlib.contextmanager
def shadowed(model: bytes, folder: Path, **more: str) -> Iterator[ShadowedServer]:
    """Run a server of ``model`` that may be asked for a candidate; ``more`` are variables."""
    folder.mkdir(exist_ok=True)
    variables = {**written(artifact_files(model), folder / "served"), **more}
    variables[env.ENV_SHADOW] = str(folder / "candidate.json")
    with serving(variables, folder) as server:
        yield ShadowedServer(server, folder)
