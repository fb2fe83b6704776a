"""Values of JSON into the model's types: lossless, or refused with a sentence."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkrail_server.coercion import column
from checkrail_server.errors import RequestError
from checkrail_server.tensors import DTYPES, TensorSpec

NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "datatype", "model", "want"),
    [
        pytest.param([0.1], "FP32", "FP32", [np.float32(0.1)], id="a decimal to the nearest float"),
        pytest.param([None, 1], None, "FP32", [NAN, 1.0], id="null is NaN in floats"),
        pytest.param([None, "a"], None, "BYTES", ["", "a"], id="null is the empty string"),
        pytest.param([True, 0], None, "FP32", [1.0, 0.0], id="booleans are numbers"),
        pytest.param([7.0], None, "INT64", [7], id="a whole float is an integer"),
        pytest.param([1.5, None], "FP64", "FP32", [1.5, NAN], id="an exact double"),
        pytest.param([2**24], "INT64", "FP32", [2.0**24], id="an exact integer"),
        pytest.param([3.0], "FP32", "INT32", [3], id="whole floats to integers"),
        pytest.param([True], "BOOL", "FP32", [1.0], id="BOOL to a float"),
        pytest.param([2**64 - 1], "UINT64", "UINT64", [2**64 - 1], id="the largest integer"),
    ],
)
def test_what_fits_is_converted(
    values: list[Any], datatype: str | None, model: str, want: list[Any]
) -> None:
    found = column(TensorSpec("x", model, (-1, 1)), values, datatype)

    assert found.dtype == DTYPES[model]
    np.testing.assert_array_equal(found, np.array(want, dtype=DTYPES[model]))


@pytest.mark.parametrize(
    ("values", "datatype", "model", "message"),
    [
        pytest.param([1e39], None, "FP32", "1e+39 is outside the range of FP32", id="overflow"),
        pytest.param([1.5], None, "INT64", "1.5 is not a whole number", id="half"),
        pytest.param([300], None, "UINT8", "300 is not a whole number from 0 to 255", id="range"),
        pytest.param([None], None, "INT64", "null is not a value of INT64", id="no null integer"),
        pytest.param([1], None, "BOOL", "the number 1 is not a value of BOOL", id="not a boolean"),
        pytest.param([{}], None, "BYTES", "an object is not a value of BYTES", id="an object"),
        pytest.param([[1]], None, "FP32", "a list is not a value of FP32", id="a list"),
        pytest.param([0.1], "FP64", "FP32", "no exact FP32 form", id="a lossy double"),
        pytest.param([2**24 + 1], "INT64", "FP32", "no exact FP32 form", id="a lossy integer"),
        pytest.param([None], "FP64", "INT64", "no exact INT64 form", id="NaN as an integer"),
        pytest.param([2.0], "FP32", "BOOL", "no exact BOOL form", id="two as a boolean"),
        pytest.param(["1"], "BYTES", "FP32", "the request sends BYTES", id="text as a number"),
    ],
)
def test_what_does_not_fit_is_refused(
    values: list[Any], datatype: str | None, model: str, message: str
) -> None:
    with pytest.raises(RequestError, match="input 'x'") as refused:
        column(TensorSpec("x", model, (-1, 1)), values, datatype)

    assert refused.value.status == 422
    assert message in refused.value.message


json_numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.none() | st.booleans() | json_numbers | st.text(max_size=3)


@given(
    st.lists(json_values | st.lists(json_values, max_size=2), max_size=4),
    st.sampled_from([None, *DTYPES]),
    st.sampled_from(list(DTYPES)),
)
def test_any_values_are_converted_or_refused(
    values: list[Any], datatype: str | None, model: str
) -> None:
    with contextlib.suppress(RequestError):
        found = column(TensorSpec("x", model, (-1, 1)), values, datatype)
        assert (found.shape, found.dtype) == ((len(values),), DTYPES[model])
