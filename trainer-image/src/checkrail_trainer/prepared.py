"""What reading the data hands to learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkrail_api.reports import DataUsed
    from checkrail_trainer.classes import Classes
    from checkrail_trainer.table import Table


@dataclass(frozen=True)
class Prepared:
    """Both sides of the hold-out, and where they come from."""

    train: Table
    holdout: Table
    classes: Classes
    used: list[DataUsed]
