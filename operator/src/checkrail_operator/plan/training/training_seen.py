"""What a pass knows about one TrainingJob, its Jobs and its pods."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from checkrail_api.data import Data
from checkrail_api.object_store import Store
from checkrail_api.pod import Resources
from checkrail_api.record import Record
from checkrail_api.reports import ProgressEvent, TrainerFailure, TrainerSuccess
from checkrail_api.run import BaselineModel
from checkrail_api.training_job import TrainingJobSpec
from checkrail_api.training_status import TrainingJobStatus
from checkrail_operator.plan.pod_seen import ContainerSeen, PodSeen
from checkrail_operator.plan.training.baselines import NOTHING_TO_COMPARE, Baselines
from checkrail_operator.plan.types import Key, Manifest, Ref

CONTAINER = "trainer"
"""Name of the container that trains."""
RUN_VOLUME = "run"
"""Name of the volume with its run file."""


@dataclass(frozen=True)
class JobSeen:
    """One batch/v1 Job of ours.

    Attributes:
        name: Its name.
        uid: Its UID.
        resource_version: Its resourceVersion.
        attempt: Number of the attempt it was made for.
        config_map: Name of the ConfigMap with its run file.
        created: When it was created.
        deleting: Whether its deletion was asked for.
        suspended: Whether its spec says that it has no pods for now.
        started: When its own clock was started, or started anew.
        resumed: When it was last resumed; None if it was never suspended.
        deadline_seconds: Its own deadline.
        finished: Its terminal condition, if it has one.
        finished_at: When it got that condition.
        reason: That condition's reason.
        message: That condition's message.
    """

    name: str
    uid: str
    resource_version: str
    attempt: int
    config_map: str = ""
    created: datetime | None = None
    deleting: bool = False
    suspended: bool = False
    started: datetime | None = None
    resumed: datetime | None = None
    deadline_seconds: int | None = None
    finished: Literal["Complete", "Failed"] | None = None
    finished_at: datetime | None = None
    reason: str = ""
    message: str = ""

    def ref(self, namespace: str) -> Ref:
        """Return what a delete names."""
        return Ref("batch/v1", "Job", namespace, self.name, self.uid, self.resource_version)


@dataclass(frozen=True, order=True)
class ConfigMapSeen:
    """A ConfigMap of ours: what one attempt was told.

    Attributes:
        attempt: Number of the attempt.
        name: Its name.
        uid: Its UID.
        resource_version: Its resourceVersion.
        deleting: Whether its deletion was asked for.
        baselines: The versions that it tells the attempt to compare with; None if it does not say.
    """

    attempt: int
    name: str
    uid: str
    resource_version: str
    deleting: bool = False
    baselines: tuple[BaselineModel, ...] | None = field(default=None, compare=False)

    def ref(self, namespace: str) -> Ref:
        """Return what a delete names."""
        return Ref("v1", "ConfigMap", namespace, self.name, self.uid, self.resource_version)


@dataclass(frozen=True)
class TrainerPodSeen:
    """A pod of one of our Jobs, with what the trainer in it reported.

    Attributes:
        pod: The pod.
        report: Its termination message, if that is a valid report.
        progress: The last valid progress line of its log, if there is one.
        record: The record that its report vouches for, if its log holds all of it.
        log_read: Whether its log was read.
    """

    pod: PodSeen
    report: TrainerSuccess | TrainerFailure | None = None
    progress: ProgressEvent | None = None
    record: Record | None = None
    log_read: bool = False

    @property
    def container(self) -> ContainerSeen:
        """The trainer's container; one without any state until the kubelet reports it."""
        return self.pod.container(CONTAINER) or ContainerSeen(CONTAINER)

    @property
    def has_ended(self) -> bool:
        """Whether the trainer in it has ended, one way or the other."""
        return self.pod.is_over or self.container.terminated is not None


@dataclass(frozen=True)
class ResolvedRun:
    """A spec with the operator's defaults filled in.

    Attributes:
        spec: The spec as the user wrote it.
        spec_hash: SHA-256 of the spec as canonical JSON.
        data: The data section; its ``object_store`` is set.
        store: Where the artifact goes.
        image: The trainer's image.
        ladder: Rungs, at least one.
        threads: Threads of every attempt.
    """

    spec: TrainingJobSpec
    spec_hash: str
    data: Data
    store: Store
    image: str
    ladder: tuple[Resources, ...]
    threads: int

    def rung(self, number: int) -> Resources:
        """Return the resources of a rung; above the ladder, those of its top."""
        return self.ladder[min(number, len(self.ladder) - 1)]


@dataclass(frozen=True)
class EndedRun:
    """A run that is over.

    Attributes:
        status: What was told of it, as it stands there.
        kept_until: When its Jobs and ConfigMaps go; None: with the TrainingJob.
    """

    status: Manifest
    kept_until: datetime | None = None


@dataclass(frozen=True)
class TrainingJobSeen:
    """One TrainingJob as it was seen at one instant.

    Attributes:
        key: Its identity.
        uid: Its UID.
        generation: Generation of its spec.
        now: The instant; the only clock.
        status: What was told last.
        jobs: Its Jobs, by attempt and name.
        pods: Pods of its Jobs, newest first.
        config_maps: ConfigMaps of its attempts, by attempt and name.
        baselines: The versions that gates compare with, as they are now.
        run: What there is to do; None when the run is over or the object is being deleted, and
            nothing may be made any more.
        ended: What is left of a run that is over.
        deleting: Whether the object's deletion was asked for.
    """

    key: Key
    uid: str
    generation: int
    now: datetime
    status: TrainingJobStatus
    jobs: tuple[JobSeen, ...] = ()
    pods: tuple[TrainerPodSeen, ...] = ()
    config_maps: tuple[ConfigMapSeen, ...] = ()
    baselines: Baselines = NOTHING_TO_COMPARE
    run: ResolvedRun | None = None
    ended: EndedRun | None = None
    deleting: bool = False

    def job_of(self, attempt: int) -> JobSeen | None:
        """Return the Job of an attempt, if there is one."""
        return next((job for job in self.jobs if job.attempt == attempt), None)

    def config_maps_of(self, attempt: int) -> tuple[ConfigMapSeen, ...]:
        """Return the ConfigMaps that were made for an attempt."""
        return tuple(each for each in self.config_maps if each.attempt == attempt)

    def told_of(self, attempt: int) -> tuple[BaselineModel, ...] | None:
        """Return the versions that an attempt was told to compare with, if it was told."""
        told = (each.baselines for each in self.config_maps_of(attempt))
        return next((each for each in told if each is not None), None)

    def baselines_of(self, attempt: int) -> tuple[BaselineModel, ...] | None:
        """Return the versions that an attempt compares with; None if they are not all there.

        What its ConfigMap says holds, whatever serves by now: a pass that died between the
        ConfigMap and the Job is repeated with the same file.
        """
        told = self.told_of(attempt)
        if told is None and not self.baselines.missing:
            return self.baselines.found
        return told

    def pods_of(self, job_name: str) -> tuple[TrainerPodSeen, ...]:
        """Return the pods that a Job of this name made, newest first."""
        return tuple(pod for pod in self.pods if pod.pod.controller_name == job_name)
