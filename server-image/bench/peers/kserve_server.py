"""The benchmark's model behind KServe's Python server, as its users write one."""

from __future__ import annotations

import argparse
import os

import kserve
import numpy as np
import onnxruntime as ort
from kserve import InferOutput, InferRequest, InferResponse


class OnnxModel(kserve.Model):
    """One ONNX model on one thread."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.ready = True

    def predict(self, payload: InferRequest, *_: object, **__: object) -> InferResponse:
        """Answer the model's output."""
        matrix = payload.inputs[0].as_numpy().astype(np.float32, copy=False)
        (found,) = self._session.run(None, {"matrix": matrix})
        output = InferOutput("probabilities", list(found.shape), "FP32")
        binary = bool(payload.inputs[0].parameters)
        output.set_data_from_numpy(found, binary_data=binary)
        return InferResponse(payload.id or "", self.name, [output])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        parents=[kserve.model_server.parser], conflict_handler="resolve"
    )
    given, _ = parser.parse_known_args()
    kserve.ModelServer(
        http_port=given.http_port,
        grpc_port=given.grpc_port,
        workers=1,
        enable_latency_logging=False,
    ).start([OnnxModel(os.environ["MODEL_NAME"], os.environ["MODEL_PATH"])])
