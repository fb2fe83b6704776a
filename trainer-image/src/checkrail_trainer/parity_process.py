"""The fresh process of the parity check: numpy and ONNX Runtime, nothing that trained the model.

    python -m checkrail_trainer.parity_process FOLDER

``FOLDER`` holds ``model.onnx``, ``inputs.npz`` (one array per input), and ``expected.npz``, by the
trained model: ``scores`` (rows, classes) and ``labels`` (rows,), or of a regression ``scores``
(rows,) alone. The answer is one JSON object on standard output, with ``failure`` alone where ONNX
Runtime does not load or run the model. Pickled arrays are refused.
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

RUNTIME_ERRORS = tuple(
    each
    for each in vars(onnxruntime.capi.onnxruntime_pybind11_state).values()
    if isinstance(each, type) and issubclass(each, Exception)
)
"""What ONNX Runtime raises; its exceptions have no base class of their own."""
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
        expected = dict(file)
    is_classifier = "labels" in expected
    score = "probabilities" if is_classifier else "prediction"
    difference = apart(session.run([score], inputs)[0], expected["scores"])
    for row in range(min(SINGLE_ROWS, len(difference))):
        one = {name: values[row : row + 1] for name, values in inputs.items()}
        single = session.run([score], one)[0]
        difference[row] = max(difference[row], apart(single, expected["scores"][row : row + 1])[0])
    flips = 0
    if is_classifier:
        labels = session.run(["label"], inputs)[0].astype(expected["labels"].dtype)
        flips = int((labels != expected["labels"]).sum())
    worst = int(difference.argmax())
    return {
        "rows": len(difference),
        "max_abs_diff": float(difference[worst]),
        "flips": flips,
        "worst_row": worst,
    }


def apart(scores: NDArray[Any], expected: NDArray[Any]) -> NDArray[np.float64]:
    """Return each row's largest difference; a NaN is infinitely far from everything.

    A prediction's difference is relative to the larger of 1 and its size.
    """
    difference: NDArray[np.float64] = np.abs(scores.astype(np.float64) - expected)
    if expected.ndim == 1:
        difference /= np.maximum(1.0, np.abs(expected))
    else:
        difference = difference.max(axis=1)
    difference[np.isnan(difference)] = np.inf
    return difference


def main() -> None:
    """Compare the folder of the command line."""
    try:
        found = compare(Path(sys.argv[1]))
    except RUNTIME_ERRORS as error:
        found = {"failure": str(error).strip().splitlines()[0][:500]}
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
