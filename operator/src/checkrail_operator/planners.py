"""Which functions see and plan each kind."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from checkrail_operator.observe import model_deployment as deployment_observed
from checkrail_operator.observe import model_version as version_observed
from checkrail_operator.observe import training_job as training_observed
from checkrail_operator.observe.raw import Raw
from checkrail_operator.plan.deployment import model_deployment
from checkrail_operator.plan.training import training_job
from checkrail_operator.plan.types import Defaults, OwnedKind, Plan
from checkrail_operator.plan.version import model_version
from checkrail_operator.plan.wake_waiting import given_up

Planner = Callable[[Raw, datetime, Defaults], Plan]
"""From what was read to the whole desired state; may raise ``InvalidSpecError``."""


def _training_job(raw: Raw, now: datetime, defaults: Defaults) -> Plan:
    return training_job.plan(training_observed.see(raw, now, defaults))


def _model_deployment(raw: Raw, now: datetime, defaults: Defaults) -> Plan:
    plan = model_deployment.plan(deployment_observed.see(raw, now, defaults))
    return replace(plan, wake=(*plan.wake, *given_up(raw.owner, plan.status)))


def _model_version(raw: Raw, now: datetime, defaults: Defaults) -> Plan:
    return model_version.plan(version_observed.see(raw, now, defaults))


def refused_removal(raw: Raw, error: Exception, now: datetime, defaults: Defaults) -> Plan:
    """Return the plan of a version that is being deleted and whose Job cannot be made."""
    return model_version.refused(version_observed.see(raw, now, defaults), str(error))


PLANNERS: Mapping[OwnedKind, Planner] = {
    "TrainingJob": _training_job,
    "ModelDeployment": _model_deployment,
    "ModelVersion": _model_version,
}
