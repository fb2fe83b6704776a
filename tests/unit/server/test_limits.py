"""The limits of a server whose requests may have larger or smaller bodies than usual."""

from __future__ import annotations

import pytest

from checkrail_api import serving
from checkrail_server.limits import Limits
from checkrail_server.settings import SettingsError, from_environment
from harness.scoring_server import environment

MIB = 1 << 20


@pytest.mark.parametrize(
    ("body_bytes", "framing_bytes"),
    [
        pytest.param(serving.LEAST_BODY_BYTES, MIB // 8, id="the smallest"),
        pytest.param(serving.DEFAULT_BODY_BYTES, MIB // 8, id="the default"),
        pytest.param(serving.MOST_BODY_BYTES, 2 * MIB, id="the largest"),
    ],
)
def test_chunks_of_a_larger_body_may_be_more(body_bytes: int, framing_bytes: int) -> None:
    limits = Limits.for_bodies(body_bytes)

    assert (limits.body_bytes, limits.framing_bytes) == (body_bytes, framing_bytes)


def test_the_default_body_has_the_default_limits() -> None:
    assert Limits.for_bodies(serving.DEFAULT_BODY_BYTES) == Limits()


def test_several_of_the_largest_bodies_fit_into_an_empty_server() -> None:
    limits = Limits.for_bodies(serving.MOST_BODY_BYTES)

    assert limits.held_bytes >= 4 * limits.body_bytes


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (serving.ENV_MAX_BODY_BYTES, "1023", "from 1024 to 16777216"),
        (serving.ENV_MAX_BODY_BYTES, "16777217", "from 1024 to 16777216"),
        (serving.ENV_MAX_BODY_BYTES, "1Mi", "from 1024 to 16777216"),
        (serving.ENV_THREADS, "0", "from 1 to 256"),
        (serving.ENV_THREADS, "257", "from 1 to 256"),
    ],
)
def test_a_setting_out_of_bounds_is_refused(name: str, value: str, expected: str) -> None:
    told = environment("file:///m", "0" * 64) | {name: value}

    with pytest.raises(SettingsError) as refused:
        from_environment(told)

    assert str(refused.value) == f"{name} is {value!r}; it must be a whole number {expected}"
