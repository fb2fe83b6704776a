"""Values as JSON carries them, into the model's types: lossless, or refused with a sentence.

One rule for all: a decimal number meant for a float becomes the nearest float of that size; a
conversion between types must give the value back. null is a missing value: NaN in floats, "" in
strings.

The first line of each conversion is the fast one: ``struct.pack`` converts and range-checks a
whole list in C. Only when it refuses does NumPy look again, to convert null or to say what is
wrong.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_server.errors import malformed, unprocessable
from checkrail_server.names import SHOWN
from checkrail_server.tensors import DTYPES, FLOATS, Array, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKED = {
    "INT8": "<%db",
    "INT16": "<%dh",
    "INT32": "<%di",
    "INT64": "<%dq",
    "UINT8": "<%dB",
    "UINT16": "<%dH",
    "UINT32": "<%dI",
    "UINT64": "<%dQ",
    "FP32": "<%df",
    "FP64": "<%dd",
}
MISSING = type(None)
EXACT = 2**53
"""Up to here whole numbers have floats of their own. JSON's of over 64 bits are read as floats."""


def column(spec: TensorSpec, values: Sequence[Any], datatype: str | None = None) -> Array:
    """Return ``values`` as a flat array of the type of ``spec``.

    Args:
        spec: The input of the model.
        values: Numbers, booleans, strings or None, as JSON gave them.
        datatype: What the client says they are; None: whatever ``spec`` wants.

    Raises:
        RequestError: 422, a value is not of the datatype or has no exact form in the model's; 400,
            there is no such datatype.
    """
    if datatype is None or datatype == spec.datatype:
        return _typed(spec.name, values, spec.datatype)
    check_datatype(spec.name, datatype)
    return converted(spec, _typed(spec.name, values, datatype), datatype)


def check_datatype(name: str, datatype: str) -> None:
    """Raise RequestError 400 unless the protocol and this server have ``datatype``."""
    if datatype not in DTYPES:
        raise malformed(
            f"input {name!r}: unknown datatype {datatype[:SHOWN]!r}; this server takes "
            + ", ".join(DTYPES)
        )


def _typed(name: str, values: Sequence[Any], datatype: str) -> Array:
    if packed := PACKED.get(datatype):
        try:
            content = struct.pack(packed % len(values), *values)
        except (struct.error, OverflowError):
            return _slowly_typed(name, values, datatype)
        return np.frombuffer(content, dtype=DTYPES[datatype])
    if datatype == "BYTES":
        return _strings(name, values)
    _check_types(name, values, datatype, {bool})
    return np.array(values, dtype=np.bool_)


def _strings(name: str, values: Sequence[Any]) -> Array:
    _check_types(name, values, "BYTES", {str, MISSING})
    # an array of NumPy's own strings would take the longest one's size for every row
    return np.array(["" if value is None else value for value in values], dtype=np.object_)


def _slowly_typed(name: str, values: Sequence[Any], datatype: str) -> Array:
    """Convert what ``struct.pack`` refused: null and whole floats, or raise."""
    if datatype in FLOATS:
        _check_types(name, values, datatype, {int, float, bool, MISSING})
        wide = np.array(values, dtype=np.float64)
        with np.errstate(over="ignore"):
            typed: Array = wide.astype(DTYPES[datatype])
        if np.isinf(typed).any():
            worst = wide[np.isinf(typed)][0]
            raise unprocessable(f"input {name!r}: {worst:g} is outside the range of {datatype}")
        return typed
    _check_types(name, values, datatype, {int, float, bool})
    limits = np.iinfo(DTYPES[datatype])
    for value in values:
        if value != int(value) or not limits.min <= value <= limits.max:
            raise unprocessable(
                f"input {name!r}: {value!r} is not a whole number from {limits.min} "
                f"to {limits.max} ({datatype})"
            )
        if type(value) is float and abs(value) > EXACT:
            raise unprocessable(
                f"input {name!r}: {value!r} was read as a float, which may have rounded it; "
                "write all digits of a whole number, and no more than 64 bits hold"
            )
    return np.array([int(value) for value in values], dtype=DTYPES[datatype])


def _check_types(name: str, values: Sequence[Any], datatype: str, allowed: set[type]) -> None:
    if set(map(type, values)) <= allowed:
        return
    value = next(value for value in values if type(value) not in allowed)
    raise unprocessable(f"input {name!r}: {_json_name(value)} is not a value of {datatype}")


def _json_name(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f'the string "{value[:40]}"'
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"the number {value}"


def converted(spec: TensorSpec, values: Array, datatype: str) -> Array:
    """Convert an array of the client's ``datatype`` to the model's, exactly.

    Raises:
        RequestError: 422, a value has no exact form in the model's datatype.
    """
    if "BYTES" in (datatype, spec.datatype):
        raise unprocessable(f"input {spec.name!r} is {spec.datatype}, the request sends {datatype}")
    with np.errstate(all="ignore"):
        converted: Array = values.astype(spec.dtype)
        exact = _as_integers_or_floats(converted) == _as_integers_or_floats(values)
    if spec.datatype in FLOATS and datatype in FLOATS:
        exact |= np.isnan(values)
    if not exact.all():
        raise unprocessable(
            f"input {spec.name!r}: the {datatype} value {values[~exact][0]} has no exact "
            f"{spec.datatype} form; send the datatype {spec.datatype}"
        )
    return converted


def _as_integers_or_floats(values: Array) -> Array:
    """Make two arrays comparable without rounding: Python's own numbers compare exactly."""
    return values.astype(np.object_)
