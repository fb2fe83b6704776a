"""Tensors as bytes: read and written without a loss, or refused with a sentence."""

from __future__ import annotations

import contextlib
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkrail_server.binary_tensors import decoded, encoded
from checkrail_server.errors import RequestError
from checkrail_server.tensors import DTYPES, Shape, TensorSpec

NAN, INFINITY = float("nan"), float("inf")


def column(rows: int) -> Shape:
    return Shape([rows, 1], (-1, 1), rows, rows)


def spec(datatype: str) -> TensorSpec:
    return TensorSpec("x", datatype, (-1, 1))


def texts(*values: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(value)) + value for value in values)


VALUES: dict[str, list[Any]] = {
    "BOOL": [True, False],
    "FP32": [0.1, NAN, -0.0, 3.4e38],
    "FP64": [0.1, NAN, -0.0, 1.7e308, 5e-324],
    "BYTES": ["", "UA", "Zürich", "a\x00b"],
}


@pytest.mark.parametrize("datatype", DTYPES)
def test_every_datatype_comes_back_as_it_was(datatype: str) -> None:
    dtype = DTYPES[datatype]
    values = VALUES.get(datatype) or [np.iinfo(dtype).min, 0, np.iinfo(dtype).max]
    array = np.array(values, dtype=dtype).reshape(-1, 1)

    content = encoded(array, datatype)
    found = decoded(memoryview(content), spec(datatype), column(len(values)), datatype)

    np.testing.assert_array_equal(found, array)
    assert (found.dtype, encoded(found, datatype)) == (dtype, content)


def test_another_datatype_is_taken_where_its_values_have_an_exact_form() -> None:
    doubles = memoryview(struct.pack("<2d", 1.5, NAN))

    found = decoded(doubles, spec("FP32"), column(2), "FP64")

    np.testing.assert_array_equal(found, np.array([[1.5], [NAN]], dtype=np.float32))


def test_values_may_stand_anywhere_in_the_body() -> None:
    content = memoryview(b"x" + struct.pack("<2d", 1, 2))[1:]

    found = decoded(content, spec("FP64"), column(2), "FP64")

    assert found.flags.aligned
    assert found.tolist() == [[1], [2]]


def test_an_answer_is_in_the_order_of_rows_whatever_its_layout() -> None:
    transposed = np.arange(6, dtype=np.float32).reshape(2, 3).T

    assert encoded(transposed, "FP32") == struct.pack("<6f", 0, 3, 1, 4, 2, 5)


@pytest.mark.parametrize(
    ("content", "datatype", "model", "rows", "status", "message"),
    [
        pytest.param(b"", "FP16", "FP32", 1, 400, "unknown datatype 'FP16'", id="a datatype"),
        pytest.param(bytes(4), "FP32", "FP32", 2, 422, "4 bytes of", id="too few bytes"),
        pytest.param(bytes(12), "FP32", "FP32", 2, 422, "takes 8", id="too many bytes"),
        pytest.param(b"\x02", "BOOL", "BOOL", 1, 422, "the byte 2", id="neither 0 nor 1"),
        pytest.param(struct.pack("<f", INFINITY), "FP32", "FP32", 1, 422, "infinity", id="inf"),
        pytest.param(struct.pack("<20d", *[-INFINITY] * 20), "FP64", "FP64", 20, 422, "infinity",
                     id="many infinities"),
        pytest.param(struct.pack("<d", 0.1), "FP64", "FP32", 1, 422, "no exact", id="lossy"),
        pytest.param(struct.pack("<d", 1e300), "FP64", "FP32", 1, 422, "no exact", id="too large"),
        pytest.param(texts(b"1"), "BYTES", "FP32", 1, 422, "is FP32", id="a text for a number"),
        pytest.param(bytes(4), "FP32", "BYTES", 1, 422, "is BYTES", id="a number for a text"),
        pytest.param(b"\x01\x00", "BYTES", "BYTES", 1, 400, "element 0", id="half a size"),
        pytest.param(texts(b"a") + b"\xff" * 4, "BYTES", "BYTES", 2, 400, "element 1",
                     id="a size beyond the end"),
        pytest.param(texts(b"a"), "BYTES", "BYTES", 2, 422, "1 elements", id="too few texts"),
        pytest.param(texts(b"a", b"b"), "BYTES", "BYTES", 1, 422, "2 elements", id="too many"),
        pytest.param(texts(b"\xff"), "BYTES", "BYTES", 1, 422, "not UTF-8", id="no text"),
        pytest.param(texts(b"\xed\xa0\x80"), "BYTES", "BYTES", 1, 422, "not UTF-8",
                     id="half of a pair"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(
    *, content: bytes, datatype: str, model: str, rows: int, status: int, message: str
) -> None:
    with pytest.raises(RequestError) as refused:
        decoded(memoryview(content), spec(model), column(rows), datatype)

    assert (refused.value.status, message in refused.value.message) == (status, True)


@given(
    content=st.binary(max_size=64),
    datatype=st.sampled_from([*DTYPES, "FP16"]),
    model=st.sampled_from(list(DTYPES)),
    rows=st.integers(0, 16),
)
def test_any_bytes_are_a_tensor_or_refused(
    content: bytes, datatype: str, model: str, rows: int
) -> None:
    with contextlib.suppress(RequestError):
        found = decoded(memoryview(content), spec(model), column(rows), datatype)
        assert (found.shape, found.dtype) == ((rows, 1), DTYPES[model])
