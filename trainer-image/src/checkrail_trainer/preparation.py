"""Everything between the spec and the rows in memory: locate, join, filter, split, check."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from checkrail_api.workflows import Task
from checkrail_trainer.classes import find_classes
from checkrail_trainer.columns import resolve_roles
from checkrail_trainer.database import open_database
from checkrail_trainer.fetch import columns_of_sources, join
from checkrail_trainer.lineage import origins
from checkrail_trainer.prepared import Prepared
from checkrail_trainer.reading import read_sides
from checkrail_trainer.sources import check_unchanged, locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_api.run import Run
    from checkrail_trainer.environment import Environment
    from checkrail_trainer.progress import Progress

log = logging.getLogger(__name__)


def prepare(
    run: Run,
    task: Task,
    environment: Environment,
    progress: Progress,
    also: Sequence[str] = (),
) -> Prepared:
    """Read, join, filter and split the data.

    Args:
        run: The spec.
        task: What the workflow predicts.
        environment: Where to read and spill.
        progress: Hears how far it is.
        also: Inputs of baselines: of those that are no features, the hold-out's ``extra`` holds
            what the joined table has.

    Raises:
        RunFailedError: Something about the data is not as the spec says, or a store is away.
    """
    located = locate(run, environment.variables)
    progress.advance(0.1)
    with open_database(environment, located, run.threads) as database:
        types, used = join(database, run.data, located)
        columns = columns_of_sources(database, run.data)
        progress.advance(0.7)
        roles = resolve_roles(run.data, types, task, run.evaluation.slices, also)
        train, holdout, filters = read_sides(database, run, roles, types, environment)
    check_unchanged(located)
    classification = task is Task.CLASSIFICATION
    log.info("data read", extra={"train_rows": train.rows, "holdout_rows": holdout.rows})
    return Prepared(
        train=train,
        holdout=holdout,
        task=task,
        classes_found=find_classes(train, holdout, roles.label.name) if classification else None,
        used=used,
        filters=filters,
        origins={
            name: origin
            for name, origin in origins(run.data, columns, list(types)).items()
            if name in train.columns
        },
    )
