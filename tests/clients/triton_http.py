"""Ask by ``tritonclient.http``."""

from __future__ import annotations

from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from clients.conversation import Answer, Request, hold


def infer(request: Request) -> Answer:
    """Send one request."""
    with InferenceServerClient(request.url.removeprefix("http://")) as client:
        inputs = []
        for tensor in request.inputs:
            inputs.append(InferInput(tensor.name, tensor.shape, tensor.datatype))
            inputs[-1].set_data_from_numpy(tensor.values, binary_data=request.binary)
        wanted = request.outputs and [
            InferRequestedOutput(name, binary_data=request.binary) for name in request.outputs
        ]
        result = client.infer(
            request.model,
            inputs,
            outputs=wanted,
            request_id=request.id,
            parameters=request.parameters,
        )
        answer = result.get_response()
        outputs = {o["name"]: result.as_numpy(o["name"]) for o in answer["outputs"]}
        return Answer(answer["id"], answer.get("parameters", {}), outputs)


hold(infer, InferenceServerException)
