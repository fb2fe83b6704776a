"""Classes of the label: what they are called, and their numbers from 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from checkrail_api.reasons import Reason
from checkrail_trainer.failures import RunFailedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from checkrail_trainer.table import Table

MAX_CLASSES = 100


@dataclass(frozen=True)
class Classes:
    """The sorted values of the label; a class's number is its place."""

    values: tuple[int, ...] | tuple[str, ...]

    @property
    def are_text(self) -> bool:
        """Whether the model answers text instead of INT64."""
        return isinstance(self.values[0], str)

    @property
    def array(self) -> NDArray[Any]:
        """The values as the model answers them."""
        return np.asarray(self.values, dtype=object if self.are_text else np.int64)

    def numbers(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        """Return the class number of each label; all must be known."""
        if not self.are_text:
            return np.searchsorted(self.array, labels)
        place = {value: number for number, value in enumerate(self.values)}
        return np.fromiter((place[each] for each in labels), dtype=np.int64, count=len(labels))


def find_classes(train: Table, holdout: Table, label: str) -> Classes:
    """Find the classes in the rows trained on, and check that both sides can be judged.

    Raises:
        RunFailedError: SingleClass where a side has one class only, BadLabel where there are too
            many, or where the hold-out has one that training never saw.
    """
    sides = {"train": set(train.labels.tolist()), "holdout": set(holdout.labels.tolist())}
    for name, found in sides.items():
        if len(found) == 1:
            raise RunFailedError(
                Reason.SINGLE_CLASS,
                f"every row of the {name} side has the same label `{label}`; expected at least two "
                "classes on both sides: correct spec.data.query, filters or holdout",
            )
    if len(sides["train"]) > MAX_CLASSES:
        raise RunFailedError(
            Reason.BAD_LABEL,
            f"label `{label}` has {len(sides['train'])} values; expected at most {MAX_CLASSES} "
            "classes: group them in spec.data.query",
        )
    if unseen := sides["holdout"] - sides["train"]:
        raise RunFailedError(
            Reason.BAD_LABEL,
            f"the holdout side has {len(unseen)} values of label `{label}` that no row of the "
            "train side has; expected every class in training: correct the hold-out, or filter "
            "these rows out",
        )
    return Classes(tuple(sorted(sides["train"])))
