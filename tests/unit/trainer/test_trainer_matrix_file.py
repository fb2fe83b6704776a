"""A matrix on the scratch volume: what was written is read, and memory is given back."""

from __future__ import annotations

import re
import resource
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from checkrail_trainer.matrix_file import copied, let_go, open_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MIB = 2**20
VALUES = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file grow beyond a page, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def written(folder: Path | None, values: NDArray[np.float32], some: int) -> NDArray[np.float32]:
    """Write ``values``, ``some`` columns at a time, and take the whole."""
    rows, columns = values.shape
    with closing(open_matrix(folder, rows, columns)) as matrix:
        for start in range(0, columns, some):
            matrix.write(np.asfortranarray(values[:, start : start + some]))
        return matrix.whole()


def mapped() -> int:
    """Answer how much of the process's memory files hold as well, bytes."""
    found = re.search(r"^RssFile:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


@pytest.mark.parametrize("some", [1, 2, 3])
@pytest.mark.parametrize("in_memory", [False, True], ids=["in a file", "in memory"])
def test_what_was_written_is_read_column_by_column(
    tmp_path: Path, some: int, *, in_memory: bool
) -> None:
    whole = written(None if in_memory else tmp_path, VALUES, some)

    np.testing.assert_array_equal(whole, VALUES)
    assert whole.flags.f_contiguous
    assert whole.flags.writeable is in_memory


def test_the_file_has_no_name(tmp_path: Path) -> None:
    whole = written(tmp_path, VALUES, 3)

    assert list(tmp_path.iterdir()) == []
    np.testing.assert_array_equal(whole, VALUES)


def test_without_columns_there_is_no_file(tmp_path: Path) -> None:
    assert written(tmp_path, VALUES[:, :0], 1).shape == (4, 0)


@pytest.mark.usefixtures("small_files")
def test_a_matrix_that_the_disk_has_no_room_for_stays_in_memory(tmp_path: Path) -> None:
    values = np.ones((4096, 1), dtype=np.float32)

    whole = written(tmp_path, values, 1)

    assert whole.flags.writeable
    np.testing.assert_array_equal(whole, values)
    assert list(tmp_path.iterdir()) == []


def test_memory_is_given_back_and_values_stay(tmp_path: Path) -> None:
    whole = written(tmp_path, np.ones((MIB, 8), dtype=np.float32), 8)
    before = mapped()
    total = float(whole.sum())
    read = mapped()

    let_go(whole[:, 3:5].view())

    assert read - before >= 30 * MIB
    assert read - mapped() >= 30 * MIB
    assert float(whole.sum()) == total == 8 * MIB


def test_an_ordinary_array_keeps_its_values() -> None:
    values = VALUES.copy()

    let_go(values[1:])

    np.testing.assert_array_equal(values, VALUES)


def test_rows_are_copied_without_the_rest(tmp_path: Path) -> None:
    values = np.arange(8 * MIB, dtype=np.float32).reshape(MIB, 8)
    whole = written(tmp_path, values, 8)
    before = mapped()

    some = copied(whole, slice(1000, 1003))

    np.testing.assert_array_equal(some, values[1000:1003])
    assert some.flags.c_contiguous
    assert mapped() - before <= 4 * MIB
