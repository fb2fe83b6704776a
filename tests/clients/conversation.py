"""What a test says to a client and what it hears: JSON, with the bytes of tensors as hex.

request  {"url": ..., "model": ..., "id": ..., "binary": true, "outputs": ["label"] or null,
          "parameters": {"trace": 7},
          "inputs": [{"name": ..., "datatype": ..., "shape": [1, 1], "content": "0000f043"}]}
answer   {"id": ..., "parameters": {"trace": 7}, "outputs": {"label": "0100000000000000"}}
         or  {"error": ...}

This runs in the client's environment, where nothing of ours is installed.
"""

from __future__ import annotations

import json
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]

DTYPES = {
    "BOOL": np.bool_,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "FP32": np.float32,
    "FP64": np.float64,
}


@dataclass(frozen=True)
class Tensor:
    """An input."""

    name: str
    datatype: str
    shape: list[int]
    values: Array
    """Those of BYTES are ``bytes``."""


@dataclass(frozen=True)
class Request:
    """What a client is to send."""

    url: str
    """``http://host:port``."""
    model: str
    id: str
    binary: bool
    """Whether tensors are bytes in both directions, or JSON."""
    outputs: list[str] | None
    """Names; None asks for none, and gets all."""
    parameters: dict[str, Any]
    inputs: list[Tensor]


@dataclass(frozen=True)
class Answer:
    """What a client hears."""

    id: str
    parameters: dict[str, Any]
    outputs: dict[str, Array]


def hold(infer: Callable[[Request], Answer], *refusals: type) -> None:
    """Send every request of stdin by ``infer``, and write the answers to stdout.

    Args:
        infer: Sends one request.
        refusals: What ``infer`` raises when the server refuses.
    """
    answers: list[dict[str, Any]] = []
    for asked in json.load(sys.stdin):
        request = Request(**{**asked, "inputs": [_tensor(**item) for item in asked["inputs"]]})
        try:
            heard = infer(request)
        except Exception as error:
            if not isinstance(error, refusals):
                raise
            answers.append({"error": str(error)})
        else:
            content = {name: _content(values).hex() for name, values in heard.outputs.items()}
            told = {"id": heard.id, "parameters": heard.parameters, "outputs": content}
            answers.append(told)
    json.dump(answers, sys.stdout)


def _tensor(name: str, datatype: str, shape: list[int], content: str) -> Tensor:
    raw = bytes.fromhex(content)
    values = _texts(raw) if datatype == "BYTES" else np.frombuffer(raw, DTYPES[datatype])
    return Tensor(name, datatype, shape, values.reshape(shape))


def _texts(raw: bytes) -> Array:
    texts, place = [], 0
    while place < len(raw):
        (size,) = struct.unpack_from("<I", raw, place)
        place += 4 + size
        texts.append(raw[place - size : place])
    return np.array(texts, dtype=np.object_)


def _content(values: Array) -> bytes:
    if values.dtype != np.object_:
        return values.tobytes()
    texts = [text if isinstance(text, bytes) else text.encode() for text in values.ravel().tolist()]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)
