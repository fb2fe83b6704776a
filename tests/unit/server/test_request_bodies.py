"""Request bodies that nobody would send: read, or refused with 400 or 422."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkrail_server import model as models
from checkrail_server import open_inference
from checkrail_server.artifact import Artifact
from checkrail_server.errors import RequestError
from checkrail_server.rows import RowsRequest
from harness.scoring_server import flight_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkrail_server.model import Model

NAMES = ["distance", "dep_hour", "carrier", "carier", "name", "datatype", "shape", "data"]
KEYS = st.sampled_from([*NAMES, "inputs", "outputs", "parameters", "id", "rows"])
SCALARS = (
    st.sampled_from([*NAMES, "FP32", "INT64", "BYTES", None, True, 0, 1, -1, 2**63, 1e300, "\x00"])
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5)
)
TENSORS = st.fixed_dictionaries(
    {"name": st.sampled_from(NAMES)},
    optional={
        "datatype": st.sampled_from(["FP32", "FP64", "INT64", "BOOL", "BYTES", "FP16", 7]),
        "shape": st.lists(st.integers(-1, 3) | st.just(2**62), max_size=3) | SCALARS,
        "data": DOCUMENTS,
    },
)

INPUTS = [
    {"name": name, "datatype": kind, "shape": [1, 1], "data": [value]}
    for name, kind, value in (
        ("distance", "FP32", 1),
        ("dep_hour", "FP32", 1),
        ("carrier", "BYTES", "UA"),
    )
]


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load("m", Artifact(flight_model(), None, None), threads=1)


@contextlib.contextmanager
def refused_or_read() -> Iterator[None]:
    """Allow a refusal that says whose fault it is."""
    refusal = None
    try:
        yield
    except RequestError as error:
        refusal = error
    assert not refusal or refusal.status in (400, 422)
    assert not refusal or 0 < len(refusal.message) < 300


@given(document=DOCUMENTS | st.fixed_dictionaries({"inputs": st.lists(TENSORS, max_size=4)}))
def test_any_document_is_a_request_or_refused(model: Model, document: Any) -> None:
    body = json.dumps(document).encode()
    for read in (open_inference.read, RowsRequest):
        with refused_or_read():
            assert model.run(read(body, model, 100).feeds)


LONG = "x" * 100_000


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"datatype": LONG}, id="a datatype"),
        pytest.param({"shape": [1] * 100_000}, id="a shape"),
        pytest.param({"name": LONG}, id="a name"),
        pytest.param({"data": [LONG]}, id="a value"),
    ],
)
def test_a_refusal_repeats_little_of_what_was_sent(model: Model, changes: dict[str, Any]) -> None:
    tensor = {"name": "distance", "datatype": "FP32", "shape": [1, 1], "data": [1], **changes}
    body = json.dumps({"inputs": [tensor]}).encode()

    with pytest.raises(RequestError) as refused:
        open_inference.read(body, model, 100)

    assert len(refused.value.message) < 300


@given(document=DOCUMENTS)
def test_what_an_answer_repeats_of_a_request_can_be_written(model: Model, document: Any) -> None:
    body = json.dumps({"inputs": INPUTS, "id": "r", "parameters": {"a": document}}).encode()
    with refused_or_read():
        request = open_inference.read(body, model, 100)
        written = json.loads(
            open_inference.answer(request, model, "v", model.run(request.feeds)).body
        )
        assert written["parameters"] == {"a": document}


@given(body=st.binary(max_size=100))
def test_any_bytes_are_a_request_or_refused(model: Model, body: bytes) -> None:
    for read in (open_inference.read, RowsRequest):
        with refused_or_read():
            read(body, model, 100)


WORDS = [
    *("NaN", "Infinity", "-0", "1e999", "1e39", "-1e-999", "0.1", "18446744073709551616", "null"),
    *('"\\ud800"', '"\\u0000"', '"', "\\", "{", "}", "[", "]", ",", ":", "\x00", "\ufeff", "é"),
    *(
        "[" * 1_500,
        "]" * 1_500,
        '{"a":' * 300,
        "true",
        '"data"',
        '"shape"',
        '"parameters"',
        "[[1]]",
    ),
    '{"binary_data_size":4}',
]
TEXTS = [
    json.dumps({"inputs": INPUTS}),
    '{"rows": [{"distance": 1, "dep_hour": 1, "carrier": "UA"}]}',
]
EDITS = st.tuples(st.integers(0, 300), st.integers(0, 9), st.sampled_from(WORDS))


@given(text=st.sampled_from(TEXTS), edits=st.lists(EDITS, min_size=1, max_size=4))
def test_any_edit_of_a_body_is_a_request_or_refused(
    model: Model, text: str, edits: list[tuple[int, int, str]]
) -> None:
    for place, removed, word in edits:
        text = text[:place] + word + text[place + removed :]
    for read in (open_inference.read, RowsRequest):
        with refused_or_read():
            assert model.run(read(text.encode(), model, 100).feeds)


@given(body=st.binary(max_size=100), json_size=st.binary(max_size=24) | st.just(b"40"))
def test_any_bytes_after_any_size_are_a_request_or_refused(
    model: Model, body: bytes, json_size: bytes
) -> None:
    with refused_or_read():
        open_inference.read(body, model, 100, json_size)
