"""Messages of gRPC that no client would send: read and answered, or refused with 400 or 422."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from checkrail_server import grpc_inference
from checkrail_server import model as models
from checkrail_server import open_inference_pb2 as pb
from checkrail_server.artifact import Artifact
from checkrail_server.errors import RequestError
from checkrail_server.grpc_inference import CONTENTS
from harness.grpc_requests import flight
from harness.scoring_server import MODEL, flight_model

if TYPE_CHECKING:
    from checkrail_server.model import Model

NAMES = st.sampled_from(["distance", "dep_hour", "carrier", "label", "", "\x00", "x" * 2_000])
INTEGERS = st.integers(-(2**31), 2**31 - 1)
PARAMETERS = st.dictionaries(
    st.sampled_from(["a", "binary_data_size", "binary_data_output", "classification"]),
    st.sampled_from(
        [
            {},
            {"bool_param": True},
            {"int64_param": -1},
            {"string_param": "x"},
            {"double_param": 1.5},
        ]
    ),
    max_size=2,
)
VALUES = {
    "bool_contents": st.booleans(),
    "int_contents": INTEGERS,
    "int64_contents": INTEGERS,
    "uint_contents": st.integers(0, 2**32 - 1),
    "uint64_contents": st.integers(0, 2**64 - 1),
    "fp32_contents": st.floats(width=32),
    "fp64_contents": st.floats(),
    "bytes_contents": st.binary(max_size=4),
}
TENSORS = st.fixed_dictionaries(
    {"name": NAMES, "datatype": st.sampled_from([*CONTENTS, "FP16", ""])},
    optional={
        "shape": st.lists(st.integers(-1, 3) | st.just(2**62), max_size=3),
        "contents": st.fixed_dictionaries(
            {}, optional={name: st.lists(each, max_size=3) for name, each in VALUES.items()}
        ),
        "parameters": PARAMETERS,
    },
)
MESSAGES = st.fixed_dictionaries(
    {"inputs": st.lists(TENSORS, max_size=4)},
    optional={
        "id": NAMES,
        "parameters": PARAMETERS,
        "outputs": st.lists(
            st.fixed_dictionaries({"name": NAMES, "parameters": PARAMETERS}), max_size=3
        ),
        "raw_input_contents": st.lists(st.binary(max_size=12), max_size=4),
    },
)
RIGHT = flight().SerializeToString()


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(MODEL, Artifact(flight_model(), None, None), threads=1)


def answered_or_refused(message: Any, model: Model) -> None:
    try:
        request = grpc_inference.read(message, model, 100)
    except RequestError as error:
        refusal = error
    else:
        outputs = model.run(request.feeds)
        assert grpc_inference.answer(message, request, model, "v", outputs)
        return
    assert refusal.status in (400, 422)
    assert 0 < len(refusal.message) < 300


@given(fields=MESSAGES)
def test_any_message_is_answered_or_refused(model: Model, fields: dict[str, Any]) -> None:
    answered_or_refused(pb.ModelInferRequest(**fields), model)


@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(RIGHT)), st.integers(0, 3), st.binary(max_size=4)), max_size=4
    )
)
def test_any_edit_of_a_message_is_answered_or_refused(
    model: Model, edits: list[tuple[int, int, bytes]]
) -> None:
    data = RIGHT
    for place, removed, added in edits:
        data = data[:place] + added + data[place + removed :]
    try:
        message = pb.ModelInferRequest.FromString(data)
    except DecodeError:
        return
    answered_or_refused(message, model)
