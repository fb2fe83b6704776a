"""What memory the container has left, and whether that is enough for a candidate in shadow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checkrail_server.memory_left import memory_left
from checkrail_server.shadow_candidate import ShadowError, memory_for

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
V2, V1 = "memory.current", "memory/memory.usage_in_bytes"
MAX, LIMIT = "memory.max", "memory/memory.limit_in_bytes"
STAT2, STAT1 = "memory.stat", "memory/memory.stat"
RESERVE = 128 * MIB


def bytes_of(mebibytes: int) -> str:
    return f"{mebibytes * MIB}\n"


def statistics(**mebibytes: int) -> str:
    return "".join(f"{name} {bytes_of(value)}" for name, value in mebibytes.items())


def left(group: Path, files: dict[str, str], free: int) -> int:
    """Return what is left where ``files`` are the control group and the machine has ``free``."""
    (group / "memory").mkdir()
    for name, text in files.items():
        (group / name).write_text(text)
    machine = group / "meminfo"
    machine.write_text(f"MemTotal: 9999999 kB\nMemFree: 1 kB\nMemAvailable: {free << 10} kB\n")
    return memory_left((group / V2, group / V1), (group / MAX, group / LIMIT), machine)


@pytest.mark.parametrize(
    ("files", "free", "mebibytes"),
    [
        pytest.param({V2: bytes_of(200), MAX: bytes_of(512)}, 900, 312, id="v2"),
        pytest.param(
            {
                V2: bytes_of(200),
                MAX: bytes_of(512),
                STAT2: statistics(active_file=7, inactive_file=50, inactive_anon=9),
            },
            900,
            362,
            id="v2, inactive files are free",
        ),
        pytest.param({V2: bytes_of(600), MAX: bytes_of(512)}, 900, 0, id="v2, more than its limit"),
        pytest.param({V2: bytes_of(200), MAX: bytes_of(512)}, 100, 100, id="v2, machine has less"),
        pytest.param({V2: bytes_of(0), MAX: "max\n"}, 10, 10, id="v2, no limit"),
        pytest.param({V1: bytes_of(200), LIMIT: bytes_of(512)}, 900, 312, id="v1"),
        pytest.param(
            {
                V1: bytes_of(200),
                LIMIT: bytes_of(512),
                STAT1: statistics(inactive_file=20, total_inactive_file=50),
            },
            900,
            362,
            id="v1, inactive files of the groups below count too",
        ),
        pytest.param(
            {V2: "odd\n", V1: bytes_of(200), LIMIT: bytes_of(512)}, 900, 312, id="v2 not read"
        ),
        pytest.param({}, 900, 900, id="none"),
    ],
)
def test_what_is_left_is_what_the_kernel_could_still_give(
    tmp_path: Path, files: dict[str, str], free: int, mebibytes: int
) -> None:
    assert left(tmp_path, files, free) == mebibytes * MIB


def test_the_real_files_say_that_something_is_left() -> None:
    assert memory_left() > 0


def test_a_candidate_may_take_what_the_reserve_leaves() -> None:
    assert memory_for(RESERVE + 192 * MIB, RESERVE) == 192 * MIB


@pytest.mark.parametrize(
    ("left", "told"),
    [
        pytest.param(RESERVE + 192 * MIB - 1, 191, id="a byte too few"),
        pytest.param(RESERVE - 1, 0, id="less than the reserve"),
    ],
)
def test_a_candidate_that_has_too_little_memory_is_refused(left: int, told: int) -> None:
    with pytest.raises(ShadowError) as refused:
        memory_for(left, RESERVE)

    assert refused.value.reason == "OutOfMemory"
    assert str(refused.value) == (
        f"{told} MiB are left beside the served model and 128 MiB that are kept for its requests,"
        " a candidate needs 192 MiB at least: raise server.resources.limits.memory"
    )
