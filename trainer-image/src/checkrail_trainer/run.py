"""The sequence of a run: fetch, split, train, evaluate, export, check parity, publish.

check params, store and sources    seconds; what is wrong with the spec ends the run here
join, filter, split                DuckDB; its memory is given back before training
import the ML libraries            8 to 10 s, late on purpose
train .. publish                   `learning.py`
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from checkrail_api.reports import Phase
from checkrail_api.run import ENV_DATA_PREFIX, ENV_STORE_PREFIX
from checkrail_api.workflows import BUILT_IN, Task
from checkrail_trainer.classes import find_classes
from checkrail_trainer.columns import resolve_roles
from checkrail_trainer.fetch import check_unchanged, join, locate, open_database
from checkrail_trainer.params import check_params
from checkrail_trainer.prepared import Prepared
from checkrail_trainer.reading import read_sides
from checkrail_trainer.s3 import Bucketeer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkrail_api.reports import TrainerSuccess
    from checkrail_api.run import Run
    from checkrail_trainer.environment import Environment
    from checkrail_trainer.progress import Progress

log = logging.getLogger(__name__)


def execute(run: Run, environment: Environment, progress: Progress) -> TrainerSuccess:
    """Carry out the whole run.

    Raises:
        RunFailedError: It ended for a reason that it understood.
    """
    progress.begin(Phase.FETCHING)
    check_params(run.train.workflow, run.train.params)
    store = Bucketeer(run.store, environment.variables, ENV_STORE_PREFIX)
    store.check_bucket(run.store.uri.removeprefix("s3://").partition("/")[0])
    prepared = prepare(run, BUILT_IN[run.train.workflow], environment, progress)
    learning = import_module("checkrail_trainer.learning")  # takes 8 to 10 s: bad data fails first
    report: TrainerSuccess = learning.learn_and_publish(run, prepared, store, progress)
    return report


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
    sources = Bucketeer(run.object_store, environment.variables, ENV_DATA_PREFIX)
    located = locate(run.data, sources)
    progress.advance(0.1)
    with open_database(environment, sources, run.threads) as database:
        types, used = join(database, run.data, located)
        progress.advance(0.7)
        roles = resolve_roles(run.data, types, task, run.evaluation.slices, also)
        train, holdout, filters = read_sides(database, run, roles, types)
    check_unchanged(run.data, sources, located)
    classification = task is Task.CLASSIFICATION
    log.info("data read", extra={"train_rows": train.rows, "holdout_rows": holdout.rows})
    return Prepared(
        train=train,
        holdout=holdout,
        task=task,
        classes_found=find_classes(train, holdout, roles.label.name) if classification else None,
        used=used,
        filters=filters,
        origins={},
    )
