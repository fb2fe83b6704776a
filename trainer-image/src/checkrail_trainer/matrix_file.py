"""A matrix in a file of the scratch volume: what is not being read need not be in memory.

Its pages are clean, so the kernel takes them where memory is short, and reads them again when they
are asked for. ``let_go`` gives them back before.
"""

from __future__ import annotations

import logging
import mmap
import os
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


log = logging.getLogger(__name__)


def open_matrix(folder: Path | None, rows: int, columns: int) -> MatrixFile | MatrixInMemory:
    """Return a matrix to be written, in a file in ``folder`` where that has room for it."""
    if folder is not None and columns:
        try:
            return MatrixFile(folder, rows, columns)
        except OSError as error:
            log.info("the matrix stays in memory", extra={"detail": str(error)})
    return MatrixInMemory(rows, columns)


class MatrixInMemory:
    """A matrix ``(rows, columns) float32`` that is written column by column."""

    def __init__(self, rows: int, columns: int) -> None:
        """Take the room at once."""
        self._whole = np.empty((rows, columns), dtype=np.float32, order="F")
        self._written = 0

    def write(self, columns: NDArray[np.float32]) -> None:
        """Write the next columns, ``(rows, some)``."""
        end = self._written + columns.shape[1]
        self._whole[:, self._written : end] = columns
        self._written = end

    def whole(self) -> NDArray[np.float32]:
        """Return the whole, in Fortran order."""
        return self._whole

    def close(self) -> None:
        """Do nothing; a file is closed."""


class MatrixFile:
    """A matrix ``(rows, columns) float32`` that is written column by column, and then only read.

    The file has no name: it is gone with the last use of the matrix, however the process ends.
    """

    def __init__(self, folder: Path, rows: int, columns: int) -> None:
        """Take the room at once: where it lacks later, a mapped file would end the process.

        Raises:
            OSError: The disk has no such room.
        """
        self._shape = (rows, columns)
        self._bytes = rows * columns * np.dtype(np.float32).itemsize
        self._file = tempfile.TemporaryFile(dir=folder, prefix="matrix-")  # noqa: SIM115 - see close
        try:
            os.posix_fallocate(self._file.fileno(), 0, self._bytes)
        except BaseException:
            self.close()
            raise

    def write(self, columns: NDArray[np.float32]) -> None:
        """Write the next columns, ``(rows, some)`` in Fortran order."""
        self._file.write(columns.T.data)

    def whole(self) -> NDArray[np.float32]:
        """Return the whole, in Fortran order, not to be written to."""
        self._file.flush()
        pages = _Pages(self._file.fileno(), self._bytes, prot=mmap.PROT_READ)
        return np.ndarray(self._shape, np.float32, buffer=pages, order="F")

    def close(self) -> None:
        """Close the file; the whole, once taken, stays."""
        self._file.close()


class _Pages(mmap.mmap):
    """Pages that a file holds as well."""


def copied(matrix: NDArray[np.float32], rows: slice) -> NDArray[np.float32]:
    """Return some rows of a matrix, in C order, with no more than a column of it in memory.

    The kernel maps a file by up to 2 MiB at a time, however little is read of them, and rows touch
    every column.
    """
    made = np.empty(matrix[rows].shape, dtype=np.float32)
    for number, column in enumerate(matrix[rows].T):
        made[:, number] = column
        let_go(matrix)
    return made


def let_go(array: NDArray[Any]) -> None:
    """Give back the memory of the matrix that ``array`` is or is a view of, if a file holds it."""
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, _Pages):
        owner.madvise(mmap.MADV_DONTNEED)
