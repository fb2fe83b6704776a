"""Arrays that are filled with the values of a column, batch by batch, in any order of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from checkrail_trainer.table import Categories

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

Places: TypeAlias = "slice | NDArray[np.int64]"
"""Where the rows of a batch belong."""


class NumberArray:
    """An array of numbers, made by whoever needs it; it may be a view of a larger one."""

    def __init__(self, values: NDArray[Any]) -> None:
        """Fill ``values``, ``(rows,)``."""
        self.values = values

    def put(self, at: Places, values: pa.Array) -> None:
        """Keep the values of a batch; none is null."""
        self.values[at] = values.to_numpy()


class TextArray:
    """Texts, each different one kept once."""

    def __init__(self, rows: int) -> None:
        """Make room for ``rows``."""
        self._codes = np.empty(rows, dtype=np.int32)
        self._known: dict[str, int] = {}

    def put(self, at: Places, values: pa.Array) -> None:
        """Keep the values of a batch; none is null."""
        encoded = values.dictionary_encode()
        codes = [
            self._known.setdefault(each, len(self._known))
            for each in encoded.dictionary.to_pylist()
        ]
        self._codes[at] = np.asarray(codes, dtype=np.int32)[encoded.indices.to_numpy()]

    @property
    def values(self) -> Categories:
        """What was put, its values sorted, so that they do not tell in which order they came."""
        texts = sorted(self._known)
        rank = np.empty(len(texts), dtype=np.int32)
        rank[[self._known[each] for each in texts]] = np.arange(len(texts), dtype=np.int32)
        return Categories(rank[self._codes], np.asarray(texts, dtype=object))
