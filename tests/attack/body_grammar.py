"""Malformed bodies for the flight model: JSON, tensors, rows, and tensors as bytes."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

from attack.malformed import Malformed
from harness.raw_http import ROW, post
from harness.scoring_server import MODEL

if TYPE_CHECKING:
    from random import Random

INFER = f"/v2/models/{MODEL}/infer".encode()
KINDS = {"distance": "FP32", "dep_hour": "FP32", "carrier": "BYTES"}
NOT_JSON = (
    *(b"", b"nul", b"{", b"[1,]", b'{"a":1,}', b"{'a':1}", b'{"a" 1}', b'"\\u12"', b'"\\x41"'),
    *(
        b'"\xff\xfe"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"a\nb"',
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"0x1",
    ),
    *(b"{} {}", b"\xef\xbb\xbf{}", b"\0", b"1e999", b"NaN", b"-Infinity", b"[1e999]", b"/**/{}"),
)
NOT_NUMBERS = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"-1e999",
    b"1e39",
    b'"7"',
    b"[[7]]",
    b"{}",
)
SHAPES: tuple[Any, ...] = (
    *(None, [], [1], [1, 1, 1], [0, 1], [2, 1], [1, 2], [-1, 1], [1.0, 1], ["1", "1"], {}, "1"),
    *([2**62, 2**62], [10**30, 1], [True, True], [8_193, 1], [[1, 1]], [1] * 5_000),
)
DATATYPES: tuple[Any, ...] = (
    None,
    7,
    "",
    "FP16",
    "BF16",
    "fp32",
    "FP32 ",
    "STRING",
    [],
    {},
    "X" * 9_000,
)


def refused(kind: str, body: bytes, *headers: bytes, path: bytes = INFER) -> Malformed:
    """Return a request whose framing is right and whose ``body`` is not."""
    return Malformed(kind, post(body, *headers, path=path))


def tensors(rows: int = 1) -> list[dict[str, Any]]:
    """Return the inputs of a request that is right."""
    values: dict[str, Any] = json.loads(ROW)
    return [
        {"name": name, "datatype": kind, "shape": [rows, 1], "data": [values[name]] * rows}
        for name, kind in KINDS.items()
    ]


def not_json(random: Random) -> Malformed:
    """Send what is no JSON, or no object."""
    path = random.choice((INFER, b"/predict"))
    if random.random() < 0.3:
        return refused("JSON", ROW[: random.randrange(len(ROW))], path=path)
    return refused("JSON", random.choice(NOT_JSON), path=path)


def deep(random: Random) -> Malformed:
    """Nest JSON 100,000 deep, closed or not, bare or where a value is wanted."""
    depth = random.choice((300, 1_023, 1_024, 1_025, 10_000, 100_000))
    opening, closing = random.choice(((b"[", b"]"), (b'{"a":', b"}")))
    inside = opening * depth + b"0" + closing * (depth if random.random() < 0.5 else 0)
    body = random.choice((b"%b", b'{"inputs":%b}', b'{"parameters":{"a":%b},"inputs":[]}')) % inside
    return refused("depth", body)


def number(random: Random) -> Malformed:
    """Put what is no number, or none of the datatype, into the place of one."""
    value = random.choice(NOT_NUMBERS)
    if random.random() < 0.5:
        return refused("number", ROW.replace(b"500", value), path=b"/predict")
    body = json.dumps({"inputs": tensors()}).encode()
    return refused("number", body.replace(b"500", value))


def tensor(random: Random) -> Malformed:
    """Let one tensor lie about its name, shape, datatype or data."""
    inputs = tensors()
    chosen = random.choice(inputs)
    match random.randrange(6):
        case 0:
            # of the first: a shape equal to the one before it is not read again
            kind, inputs[0]["shape"] = "shape", random.choice(SHAPES)
        case 1:
            kind, chosen["datatype"] = "datatype", random.choice(DATATYPES)
        case 2:
            kind, chosen["datatype"] = "datatype", "BOOL"
        case 3:
            kind = "name"
            chosen["name"] = random.choice((None, 1, "", "distanc", "\x00", "x" * 9_000, []))
        case 4:
            kind = "data"
            chosen["data"] = random.choice(
                (None, [], [[]], [1, 2], {}, "UA", [[[1]]], [{}], [[1, 2]])
            )
        case _:
            kind = "names"
            wrong: tuple[Any, ...] = ([], inputs[:2], [*inputs, chosen], [None], [[]], [1] * 9_000)
            inputs = random.choice(wrong)
    return refused(kind, json.dumps({"inputs": inputs}).encode())


def envelope(random: Random) -> Malformed:
    """Break what stands beside the tensors."""
    beside: dict[str, Any] = random.choice(
        (
            {"id": 7},
            {"id": ["a"]},
            {"parameters": []},
            {"parameters": {"a": {}}},
            {"parameters": {"binary_data_output": "yes"}},
            {"outputs": "label"},
            {"outputs": [{"name": "nothing"}]},
            {"outputs": [{"name": "label"}, {"name": "label"}]},
            {"outputs": [{"name": "label", "parameters": {"classification": 2}}]},
            {"outputs": [{"name": "label"}] * 5_000},
            {"inputs": {}},
            {"inputs": None},
        )
    )
    return refused("envelope", json.dumps({"inputs": tensors(), **beside}).encode())


def rows(random: Random) -> Malformed:
    """Break the rows of a person."""
    row = json.loads(ROW)
    wrong: Any = random.choice(
        (
            {"rows": []},
            {"rows": [{}]},
            {"rows": [row, 1]},
            {"rows": [row], "beside": 1},
            {"rows": [{**row, "distance": "far"}]},
            {"rows": [{**row, "carrier": 1}]},
            {"rows": [{**row, "extra": 1}]},
            {**row, "distance": [1]},
            {"distance": 1},
            {"rows": [row] * 8_193},
            [row],
        )
    )
    return refused("rows", json.dumps(wrong).encode(), path=b"/predict")


def binary(random: Random) -> Malformed:
    """Let the sizes, the texts or the floats of binary tensors lie."""
    contents = [struct.pack("<f", 500), struct.pack("<f", 7), struct.pack("<I", 2) + b"UA"]
    stated = [len(content) for content in contents]
    extra, size = b"", None
    match random.randrange(6):
        case 0:
            chosen = random.randrange(3)
            stated[chosen] = random.choice((-1, 0, 3, 5, 2**31, 2**63, 10**40))
        case 1:
            contents[2] = struct.pack("<I", random.choice((3, 2**31, 2**32 - 1))) + b"UA"
        case 2:
            contents[0] = struct.pack("<f", random.choice((float("inf"), float("-inf"))))
        case 3:
            contents[2] = struct.pack("<I", 2) + b"\xff\xfe"
        case 4:
            extra = random.randbytes(random.randint(1, 99))
        case _:
            size = random.choice((b"-1", b"x", b"99999", b"9" * 400, b"1e3", b"0", b"1"))
    inputs: list[Any] = [
        {"name": name, "datatype": kind, "shape": [1, 1], "parameters": {"binary_data_size": each}}
        for (name, kind), each in zip(KINDS.items(), stated, strict=True)
    ]
    head = json.dumps({"inputs": inputs}).encode()
    header = b"inference-header-content-length: " + (size or b"%d" % len(head))
    return refused("binary tensors", head + b"".join(contents) + extra, header)


def media_type(random: Random) -> Malformed:
    """Say that the body is something else."""
    header = random.choice(
        (
            b"Content-Type: text/plain",
            b"Content-Type: application/xml",
            b"Content-Type: application/octet-stream",
            b"Content-Encoding: gzip",
            b"Content-Encoding: br, gzip",
        )
    )
    return refused("media type", ROW, header, path=b"/predict")


MAKERS = (not_json, deep, number, tensor, tensor, envelope, rows, binary, binary, media_type)
