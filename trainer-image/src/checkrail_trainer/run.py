"""The sequence of a run: fetch, split, train, evaluate, export, check parity, publish.

check params, store and sources    seconds; what is wrong with the spec ends the run here
fetch versions to compare with     what they ask for is read as well
join, filter, split                DuckDB; its memory is given back before training
score them                         before training: one that cannot be compared with ends the run
import the ML libraries            8 to 10 s, late on purpose
train .. publish                   `learning.py`
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from checkrail_api.reports import Phase
from checkrail_api.run import ENV_STORE_PREFIX
from checkrail_trainer.authorities import trusting
from checkrail_trainer.baseline_scores import rivals
from checkrail_trainer.baselines import columns_of, open_baselines
from checkrail_trainer.evaluate import metrics_of
from checkrail_trainer.params import check_params
from checkrail_trainer.preparation import prepare
from checkrail_trainer.publish import check_writable
from checkrail_trainer.s3 import Bucketeer
from checkrail_trainer.workflows import task_of

if TYPE_CHECKING:
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
    environment = trusting(environment, run)
    check_params(run.train.workflow, run.train.params)
    store = Bucketeer(run.store, environment.variables, ENV_STORE_PREFIX)
    check_writable(run.store.uri, store)
    task = task_of(run.train.workflow)
    metrics_of(run.evaluation, task)
    with open_baselines(run, environment) as baselines:
        prepared = prepare(run, task, environment, progress, columns_of(baselines))
        scored = rivals(baselines, prepared, run.threads)
    learning = import_module("checkrail_trainer.learning")  # takes 8 to 10 s: bad data fails first
    report: TrainerSuccess = learning.learn_and_publish(run, prepared, store, progress, scored)
    return report
