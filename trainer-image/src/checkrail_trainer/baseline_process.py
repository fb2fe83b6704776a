"""The limited process that looks into a published model and scores rows with it.

    python -m checkrail_trainer.baseline_process describe FOLDER MEMORY_BYTES
    python -m checkrail_trainer.baseline_process score FOLDER MEMORY_BYTES

The model comes from a store that others may write to, so it meets no credentials, little memory,
numpy and ONNX Runtime only. ``FOLDER`` holds ``model.onnx``, and to score ``request.json`` and the
columns that it names (`baseline_files.py`); ``scores.npy`` is written there. The answer is one JSON
object on standard output; ``error`` in it says what ONNX Runtime refused. Pickles are refused.
"""

from __future__ import annotations

import json
import resource
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from checkrail_trainer.baseline_files import MODEL, REQUEST, SCORES, read_column

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH_ROWS = 10_000
TIE = 1e-6
"""Scores that are so close may be rounded either way."""


def describe(folder: Path) -> dict[str, Any]:
    """Return the names, types and shapes of the model's inputs and outputs."""
    session = _session(folder, threads=1)
    return {
        side: [{"name": each.name, "type": each.type, "shape": each.shape} for each in tensors]
        for side, tensors in (("inputs", session.get_inputs()), ("outputs", session.get_outputs()))
    }


def score(folder: Path) -> dict[str, Any]:
    """Score the rows of the request.

    ``request.json`` holds ``rows``, ``threads``, ``output``, ``inputs`` (each with ``name``,
    ``type``, ``rank`` and ``file``) and ``classes``: the labels that belong to the columns of
    the scores, or null. The answer counts ``strangers``: rows whose label is another one.
    """
    request = json.loads((folder / REQUEST).read_bytes())
    session = _session(folder, request["threads"])
    columns = [
        (each["name"], (-1, 1)[: each["rank"]], read_column(folder, each["file"], each["type"]))
        for each in request["inputs"]
    ]
    outputs = [request["output"], *(["label"] if request["classes"] else [])]
    parts, strangers = [], 0
    for start in range(0, request["rows"], BATCH_ROWS):
        rows = slice(start, min(start + BATCH_ROWS, request["rows"]))
        batch = {name: column(rows).reshape(shape) for name, shape, column in columns}
        scores, *labels = session.run(outputs, batch)
        strangers += _strangers(scores, labels[0], request["classes"]) if labels else 0
        parts.append(scores)
    np.save(folder / SCORES, np.concatenate(parts), allow_pickle=False)
    return {"strangers": strangers}


def _strangers(scores: NDArray[Any], labels: NDArray[Any], classes: list[Any]) -> int:
    """Count the rows whose label is no class, or one of clearly less than the largest score."""
    if scores.shape[1:] != (len(classes),):
        return 0  # the run itself says what is wrong with these
    places = {value: place for place, value in enumerate(classes)}
    told = np.asarray([places.get(each, -1) for each in labels.ravel().tolist()])
    given = scores[np.arange(len(told)), told]
    return int(((told < 0) | (given < scores.max(axis=1) - TIE)).sum())


def _session(folder: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(folder / MODEL), options, providers=["CPUExecutionProvider"]
    )


def main() -> None:
    """Do what the command line says."""
    command, folder, memory = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = describe(folder) if command == "describe" else score(folder)
    except MemoryError:
        answer = {"error": "MemoryError", "detail": "out of memory"}
    except Exception as error:  # noqa: BLE001 - ONNX Runtime's errors have no common base
        traceback.print_exc()
        answer = {"error": type(error).__name__, "detail": str(error)}
    sys.stdout.write(f"{json.dumps(answer)}\n")


if __name__ == "__main__":
    main()
