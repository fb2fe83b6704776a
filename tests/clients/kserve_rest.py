"""Ask by KServe's REST client."""

from __future__ import annotations

import asyncio

import httpx
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

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
        parameters={**request.parameters, "binary_data_output": request.binary},
        request_outputs=wanted,
    )
    return asyncio.run(_send(request, asked))


async def _send(request: Request, asked: InferRequest) -> Answer:
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    try:
        answer = await client.infer(request.url, asked, model_name=request.model)
    finally:
        await client.close()
    outputs = {output.name: output.as_numpy() for output in answer.outputs}
    return Answer(answer.id, answer.parameters or {}, outputs)


hold(infer, httpx.HTTPStatusError)
