"""Which functions see and plan each kind."""

from collections.abc import Callable, Mapping
from datetime import datetime

from checkrail_operator.observe import model_deployment as deployment_observed
from checkrail_operator.observe import model_version as version_observed
from checkrail_operator.observe import training_job as training_observed
from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan import model_deployment, training_job, wake_waiting
from checkrail_operator.plan.types import Defaults, OwnedKind, Plan

Planner = Callable[[Raw, datetime, Defaults], Plan]
"""From what was read to the whole desired state; may raise ``InvalidSpecError``."""


def _training_job(raw: Raw, now: datetime, defaults: Defaults) -> Plan:
    return training_job.plan(training_observed.see(raw, now, defaults))


def _model_deployment(raw: Raw, now: datetime, defaults: Defaults) -> Plan:
    return model_deployment.plan(deployment_observed.see(raw, now, defaults))


def _model_version(raw: Raw, now: datetime, defaults: Defaults) -> Plan:
    return wake_waiting.plan(version_observed.see(raw, now, defaults))


PLANNERS: Mapping[OwnedKind, Planner] = {
    "TrainingJob": _training_job,
    "ModelDeployment": _model_deployment,
    "ModelVersion": _model_version,
}
