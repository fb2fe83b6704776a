"""How much memory a candidate in shadow leaves to the server and to the decision log."""

from __future__ import annotations

import pytest

from checkrail_server.limits import Limits
from checkrail_server.shadow_reserve import reserve

MIB = 1 << 20
SMALL = Limits.for_bodies(1024)
LARGE = Limits.for_bodies(16 * MIB)


@pytest.mark.parametrize(
    ("limits", "writer_bytes", "mebibytes"),
    [
        pytest.param(Limits(), None, 24 + 40 + 64, id="without a decision log"),
        pytest.param(Limits(), 0, 128 + 176, id="its writer is not there yet"),
        pytest.param(Limits(), 102 * MIB, 128 + 74, id="its writer is at rest"),
        pytest.param(Limits(), 180 * MIB, 128, id="its writer has more than it should"),
        pytest.param(LARGE, None, 24 + 640 + 64, id="bodies of 16 MiB"),
        pytest.param(SMALL, None, 24 + 40 / 1024 + 64, id="bodies of 1 KiB"),
    ],
)
def test_the_reserve_covers_bodies_and_the_writer(
    limits: Limits, writer_bytes: int | None, mebibytes: float
) -> None:
    assert reserve(limits, writer_bytes) == mebibytes * MIB
