"""Ask by KServe's gRPC client: raw contents, or the typed ones where no bytes are wanted."""

from __future__ import annotations

import asyncio

import grpc
from kserve import InferenceGRPCClient, InferInput, InferRequest
from kserve.protocol.infer_type import RequestedOutput, to_http_parameters

from clients.conversation import Answer, Request, hold


def infer(request: Request) -> Answer:
    """Send one request."""
    inputs = []
    for tensor in request.inputs:
        inputs.append(InferInput(tensor.name, tensor.shape, tensor.datatype))
        inputs[-1].set_data_from_numpy(tensor.values, binary_data=request.binary)
    wanted = [RequestedOutput(name) for name in request.outputs or []]
    asked = InferRequest(
        request.model,
        inputs,
        request_id=request.id,
        parameters=request.parameters,
        request_outputs=wanted,
    )
    return asyncio.run(_send(request, asked))


async def _send(request: Request, asked: InferRequest) -> Answer:
    async with InferenceGRPCClient(request.url.removeprefix("http://")) as client:
        answer = await client.infer(asked)
        outputs = {output.name: output.as_numpy() for output in answer.outputs}
        return Answer(answer.id, to_http_parameters(answer.parameters), outputs)


hold(infer, grpc.RpcError)
