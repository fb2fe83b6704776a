"""The benchmark's model behind mosec: JSON of the Open Inference Protocol, read by the worker."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import onnxruntime as ort
import orjson
from mosec import Server, Worker

BATCH = int(os.environ.get("BATCH_ROWS", "1"))


class OnnxWorker(Worker):
    """One ONNX model on one thread."""

    def __init__(self) -> None:
        super().__init__()
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(
            os.environ["MODEL_PATH"], options, providers=["CPUExecutionProvider"]
        )

    def deserialize(self, data: bytes) -> np.ndarray:
        """Read one request."""
        item = orjson.loads(data)["inputs"][0]
        return np.array(item["data"], dtype=np.float32).reshape(item["shape"])

    def serialize(self, data: np.ndarray) -> bytes:
        """Write one answer."""
        output = {
            "name": "probabilities",
            "datatype": "FP32",
            "shape": data.shape,
            "data": data.ravel(),
        }
        document = {"model_name": os.environ["MODEL_NAME"], "outputs": [output]}
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)

    def forward(self, data: Any) -> Any:
        """Infer one request, or a batch of them."""
        if BATCH == 1:
            return self._session.run(None, {"matrix": data})[0]
        found = self._session.run(None, {"matrix": np.concatenate(data)})[0]
        return np.split(found, np.cumsum([len(each) for each in data])[:-1])


if __name__ == "__main__":
    server = Server()
    wait = {"max_wait_time": 1} if BATCH > 1 else {}
    server.append_worker(OnnxWorker, max_batch_size=BATCH, **wait)
    server.run()
