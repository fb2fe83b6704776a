"""Ask by ``tritonclient.grpc``; it has no JSON, so all tensors are raw."""

from __future__ import annotations

from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from clients.conversation import Answer, Request, hold


def infer(request: Request) -> Answer:
    """Send one request."""
    with InferenceServerClient(request.url.removeprefix("http://")) as client:
        inputs = []
        for tensor in request.inputs:
            inputs.append(InferInput(tensor.name, tensor.shape, tensor.datatype))
            inputs[-1].set_data_from_numpy(tensor.values)
        wanted = request.outputs and [InferRequestedOutput(name) for name in request.outputs]
        result = client.infer(
            request.model,
            inputs,
            outputs=wanted,
            request_id=request.id,
            parameters=request.parameters,
        )
        answer = result.get_response()
        parameters = {
            name: getattr(value, value.WhichOneof("parameter_choice"))
            for name, value in answer.parameters.items()
        }
        outputs = {o.name: result.as_numpy(o.name) for o in answer.outputs}
        return Answer(answer.id, parameters, outputs)


hold(infer, InferenceServerException)
