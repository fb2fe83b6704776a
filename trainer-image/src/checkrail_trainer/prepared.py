"""What reading the data hands to learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkrail_api.record import Origin
    from checkrail_api.reports import DataUsed, FilterUsed
    from checkrail_api.workflows import Task
    from checkrail_trainer.classes import Classes
    from checkrail_trainer.table import Table


@dataclass(frozen=True)
class Prepared:
    """Both sides of the hold-out, and where they come from."""

    train: Table
    holdout: Table
    task: Task
    classes_found: Classes | None
    """For a classification."""
    used: list[DataUsed]
    filters: list[FilterUsed]
    """In the order of the spec; what each left of the joined rows."""
    origins: dict[str, Origin]
    """By feature: the one column it is read or computed from; absent where there is no one."""

    @property
    def classes(self) -> Classes:
        """The label's classes.

        Raises:
            ValueError: A regression has none; ask ``task`` first.
        """
        if self.classes_found is None:
            raise ValueError(f"a {self.task.value} has no classes")
        return self.classes_found
