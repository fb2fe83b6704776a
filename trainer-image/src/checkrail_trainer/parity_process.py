"""The fresh process of the parity check: numpy and ONNX Runtime, nothing that trained the model.

    python -m checkrail_trainer.parity_process FOLDER

``FOLDER`` holds ``model.onnx``, ``inputs.npz`` (one array per input), and ``expected.npz``
(``scores`` (rows, classes) and ``labels`` (rows,), by the trained model). The answer is one JSON
object on standard output. Pickled arrays are refused.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

if TYPE_CHECKING:
    from numpy.typing import NDArray

SINGLE_ROWS = 64
"""Rows that are scored one by one as well: a server's most frequent batch."""


def compare(folder: Path) -> dict[str, Any]:
    """Return rows, the largest difference of a score, flips, and the row that is worst."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        (folder / "model.onnx").read_bytes(), options, providers=["CPUExecutionProvider"]
    )
    with np.load(folder / "inputs.npz") as file:
        kinds = {each.name: each.type for each in session.get_inputs()}
        inputs = {
            name: file[name].astype(object) if kinds[name] == "tensor(string)" else file[name]
            for name in file.files
        }
    with np.load(folder / "expected.npz") as file:
        expected_scores, expected_labels = file["scores"], file["labels"]
    labels, scores = session.run(["label", "probabilities"], inputs)
    apart = _apart(scores, expected_scores)
    for row in range(min(SINGLE_ROWS, len(apart))):
        one = {name: values[row : row + 1] for name, values in inputs.items()}
        single = session.run(["probabilities"], one)[0]
        apart[row] = max(apart[row], _apart(single, expected_scores[row : row + 1])[0])
    worst = int(apart.argmax())
    return {
        "rows": len(apart),
        "max_abs_diff": float(apart[worst]),
        "flips": int((labels.astype(expected_labels.dtype) != expected_labels).sum()),
        "worst_row": worst,
    }


def _apart(scores: NDArray[Any], expected: NDArray[Any]) -> NDArray[np.float64]:
    """Return each row's largest difference; a NaN is infinitely far from everything."""
    difference: NDArray[np.float64] = np.abs(scores.astype(np.float64) - expected).max(axis=1)
    difference[np.isnan(difference)] = np.inf
    return difference


def main() -> None:
    """Compare the folder of the command line."""
    found = compare(Path(sys.argv[1]))
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
