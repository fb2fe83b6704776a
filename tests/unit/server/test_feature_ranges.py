"""Which features of a request are outside what training saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkrail_api.artifact import FeatureProfile
from checkrail_server.feature_ranges import FeatureRanges
from checkrail_server.tensors import TensorSpec

NAN = float("nan")


def ranges(datatype: str = "FP32", **profile: Any) -> FeatureRanges:
    """Of one feature, ``x``, that was never missing."""
    stated = {"name": "x", "datatype": datatype, "null_rate": "0.000000", **profile}
    spec = TensorSpec("x", datatype, (-1, 1))
    return FeatureRanges([FeatureProfile.model_validate(stated)], {"x": spec})


def is_outside(of: FeatureRanges, values: list[object], dtype: str = "float32") -> bool:
    column = np.array(values, dtype=object).astype(dtype).reshape(-1, 1)
    return of.outside({"x": column}, len(column)) == ["x"]


@pytest.mark.parametrize("others", [pytest.param(0, id="alone"), pytest.param(1, id="of two rows")])
@pytest.mark.parametrize(
    ("profile", "dtype", "value", "want"),
    [
        pytest.param({"min": "0", "max": "1"}, "float32", 0.5, False, id="between"),
        pytest.param({"min": "0.5", "max": "1"}, "float32", 0.5, False, id="the smallest"),
        pytest.param({"min": "0.5", "max": "1"}, "float32", 0.4999, True, id="below"),
        pytest.param({"min": "0.5", "max": "1"}, "float32", 1.0001, True, id="above"),
        pytest.param({"min": "0.5", "max": "1"}, "float32", float("inf"), True, id="infinity"),
        pytest.param(
            {"min": "0.1", "max": "0.1"}, "float32", 0.1, False, id="a bound is the input's float"
        ),
        pytest.param(
            {"min": "0.1", "max": "0.1"}, "float64", np.float32(0.1), True, id="a double is exact"
        ),
        pytest.param({"min": "0", "max": "1"}, "float32", NAN, True, id="missing as never before"),
        pytest.param(
            {"min": "0", "max": "1", "null_rate": "0.2"}, "float32", NAN, False, id="missing again"
        ),
        pytest.param({"min": "0.5"}, "float32", 1e30, False, id="no upper bound is stated"),
        pytest.param({"null_rate": "1"}, "float32", 0.5, True, id="a value as never before"),
        pytest.param({"null_rate": "1"}, "float32", NAN, False, id="missing as ever"),
        pytest.param({"min": "-3", "max": "7"}, "int64", 8, True, id="a whole number"),
        pytest.param(
            {"min": "0", "max": str(2**63 - 1)}, "int64", 2**63 - 1, False, id="a large one"
        ),
        pytest.param({"min": "0", "max": "1e30"}, "int8", 127, False, id="a bound beyond its type"),
        pytest.param({"min": "0", "max": "0"}, "bool", True, True, id="a truth value"),
    ],
)
def test_a_number_is_outside(
    profile: dict[str, str], dtype: str, value: object, *, want: bool, others: int
) -> None:
    datatype = {"float32": "FP32", "float64": "FP64", "bool": "BOOL"}.get(dtype, dtype.upper())
    inside = float(profile["min"]) if "min" in profile else NAN

    assert is_outside(ranges(datatype, **profile), [value, *[inside] * others], dtype) is want


@pytest.mark.parametrize("others", [pytest.param(0, id="alone"), pytest.param(1, id="of two rows")])
@pytest.mark.parametrize(
    ("profile", "value", "want"),
    [
        pytest.param({"categories": ["AA", "UA"]}, "UA", False, id="known"),
        pytest.param({"categories": ["AA", "UA"]}, "XX", True, id="unknown"),
        pytest.param({"categories": ["AA"]}, "", True, id="missing as never before"),
        pytest.param({"categories": ["AA"], "null_rate": "0.1"}, "", False, id="missing again"),
        pytest.param({"null_rate": "1"}, "AA", True, id="a value as never before"),
    ],
)
def test_a_text_is_outside(profile: dict[str, Any], value: str, *, want: bool, others: int) -> None:
    known = profile.get("categories", [""])[0]

    assert is_outside(ranges("BYTES", **profile), [value, *[known] * others], "object") is want


@pytest.mark.parametrize(
    ("profile", "shape"),
    [
        pytest.param({}, (-1, 1), id="the profile says neither bound nor category"),
        pytest.param({"min": "low", "max": "1"}, (-1, 1), id="a bound is no number"),
        pytest.param({"min": "NaN", "max": "1"}, (-1, 1), id="a bound is not finite"),
        pytest.param({"min": "0", "max": "1"}, (-1, 3), id="the input has three values a row"),
        pytest.param({"name": "y", "min": "0"}, (-1, 1), id="the feature is no input"),
    ],
)
def test_a_feature_of_which_nothing_is_known_is_left_out(
    profile: dict[str, str], shape: tuple[int, ...]
) -> None:
    stated = {"name": "x", "datatype": "FP32", "null_rate": "0", **profile}
    spec = TensorSpec("x", "FP32", shape)

    found = FeatureRanges([FeatureProfile.model_validate(stated)], {"x": spec})

    assert found.names == []


FLOATS = st.floats(-2, 2, width=32) | st.just(NAN) | st.sampled_from([-1.0, 1.0])


@given(
    st.lists(st.tuples(FLOATS, FLOATS), min_size=2, max_size=30),
    st.sampled_from(["0", "0.5"]),
)
def test_rows_are_outside_together_as_each_is_apart(
    rows: list[tuple[float, float]], null_rate: str
) -> None:
    profile = [
        FeatureProfile(name=name, datatype="FP32", null_rate=null_rate, min="-1", max="1")
        for name in ("a", "b")
    ]
    specs = {name: TensorSpec(name, "FP32", (-1, 1)) for name in ("a", "b")}
    of = FeatureRanges(profile, specs)
    matrix = np.array(rows, dtype=np.float32)

    def feeds(part: np.ndarray) -> dict[str, np.ndarray]:
        return {"a": part[:, :1], "b": part[:, 1:]}

    apart = {name for row in matrix for name in of.outside(feeds(row[np.newaxis]), 1)}

    assert set(of.outside(feeds(matrix), len(matrix))) == apart
