"""The objects of one attempt: a ConfigMap with the resolved spec, and the Job that runs it."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain
from math import ceil
from pathlib import PurePosixPath
from typing import Any

from checkrail_api.names import LABEL_ATTEMPT, LABEL_MODEL, child_name, owner_labels
from checkrail_api.object_store import ObjectStore
from checkrail_api.pod import Pod, Resources
from checkrail_api.run import (
    ENV_DATA_PREFIX,
    ENV_MEMORY_LIMIT,
    ENV_SCRATCH_LIMIT,
    ENV_STORE_PREFIX,
    RUN_FILE,
    SCRATCH_DIR,
    Run,
    RunIdentity,
    baseline_prefix,
    source_prefix,
)
from checkrail_api.training_status import Attempt
from checkrail_operator.plan.hardened_pod import HARDENED, TMP, TMP_MOUNT, hardened_pod
from checkrail_operator.plan.object_stores import authorities, credentials
from checkrail_operator.plan.ownership import answering_labels, owner_reference
from checkrail_operator.plan.training.attempts import job_name
from checkrail_operator.plan.training.holding import LABEL_QUEUE
from checkrail_operator.plan.training.training_seen import (
    CONTAINER,
    RUN_VOLUME,
    ResolvedRun,
    TrainingJobSeen,
)
from checkrail_operator.plan.types import Manifest
from checkrail_operator.plan.verbatim import verbatim

SCRATCH_LIMIT = "50Gi"
"""Where DuckDB spills. Beyond it the kubelet evicts the pod: one query must not fill the node's
disk and take other pods with it."""
SPILL_BYTES = 45 * 2**30
"""What the trainer keeps to by itself, so that it fails with a reason before it is evicted."""


def run_file(seen: TrainingJobSeen, run: ResolvedRun, attempt: Attempt) -> Run:
    """Return what the trainer is told."""
    baselines = seen.baselines_of(attempt.number)
    return Run(
        job=RunIdentity(
            namespace=seen.key.namespace,
            name=seen.key.name,
            uid=seen.uid,
            generation=seen.generation,
        ),
        attempt=attempt.number,
        model=run.spec.model,
        data=run.data,
        train=run.spec.train,
        evaluation=run.spec.evaluation,
        store=run.store,
        baselines=None if baselines is None else list(baselines),
        threads=run.threads,
        image=run.image,
        env={each.name: each.value for each in (run.spec.pod or Pod()).env} or None,
    )


def run_config(seen: TrainingJobSeen, run: ResolvedRun, attempt: Attempt) -> Manifest:
    """Return the ConfigMap with ``run.json``.

    Its name is a function of its content: when the operator's defaults change between two tries
    to make an attempt, the Job and the file it reads still belong together.
    """
    content = run_file(seen, run, attempt).dump()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(seen, run, attempt, child_name(seen.key.name, content)),
        "immutable": True,
        "data": {PurePosixPath(RUN_FILE).name: json.dumps(content, indent=2, sort_keys=True)},
    }


def trainer_job(
    seen: TrainingJobSeen, run: ResolvedRun, attempt: Attempt, deadline: datetime | None
) -> Manifest:
    """Return the Job of an attempt.

    It makes one pod and never a second one: the operator counts attempts. It meets the
    ``restricted`` Pod Security Standard. Its own deadline is what is left of the run's, so that
    the run ends in time even while no operator is there. For a queue it is made suspended, for
    Kueue to resume; else the field is left out.

    Args:
        seen: The pass's snapshot.
        run: The resolved spec.
        attempt: The attempt, with its rung.
        deadline: When the whole run's time is over; None: its time begins when it is resumed.
    """
    left = deadline - seen.now if deadline else timedelta(seconds=run.spec.active_deadline_seconds)
    metadata = _metadata(seen, run, attempt, job_name(seen, attempt.number, attempt.rung))
    if run.spec.queue_name:
        metadata["labels"][LABEL_QUEUE] = run.spec.queue_name
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": max(1, ceil(left.total_seconds())),
            **({"suspend": True} if run.spec.queue_name else {}),
            "template": {
                "metadata": {"labels": _labels(seen, run, attempt)},
                "spec": _pod_spec(seen, run, attempt),
            },
        },
    }


def _labels(seen: TrainingJobSeen, run: ResolvedRun, attempt: Attempt) -> dict[str, str]:
    return {
        **owner_labels("TrainingJob", seen.key.name),
        LABEL_ATTEMPT: str(attempt.number),
        LABEL_MODEL: run.spec.model,
        **answering_labels(run.spec.ownership),
    }


def _metadata(
    seen: TrainingJobSeen, run: ResolvedRun, attempt: Attempt, name: str
) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": seen.key.namespace,
        "labels": _labels(seen, run, attempt),
        "ownerReferences": [owner_reference(seen.key, seen.uid)],
    }


def _pod_spec(seen: TrainingJobSeen, run: ResolvedRun, attempt: Attempt) -> dict[str, Any]:
    file, pod = run_file(seen, run, attempt), run.spec.pod or Pod()
    config_map: str = run_config(seen, run, attempt)["metadata"]["name"]
    volumes, mounts = authorities(_stores(file).values())
    placement = {
        "serviceAccountName": pod.service_account_name,
        "nodeSelector": pod.node_selector,
        "tolerations": [toleration.dump() for toleration in pod.tolerations],
        "affinity": pod.affinity.manifest() if pod.affinity else None,
        "priorityClassName": pod.priority_class_name,
    }
    return {
        **hardened_pod(),
        **{field: value for field, value in placement.items() if value},
        "containers": [_container(run, file, run.rung(attempt.rung), mounts)],
        "volumes": [
            {"name": RUN_VOLUME, "configMap": {"name": config_map}},
            {"name": "scratch", "emptyDir": {"sizeLimit": SCRATCH_LIMIT}},
            TMP,
            *volumes,
        ],
    }


def _container(
    run: ResolvedRun, file: Run, rung: Resources, mounts: Iterable[Manifest]
) -> dict[str, Any]:
    return {
        "name": CONTAINER,
        "image": run.image,
        "imagePullPolicy": "IfNotPresent",
        "env": _environment(run, file),
        "resources": rung.dump(),
        "terminationMessagePolicy": "File",
        "securityContext": HARDENED,
        "volumeMounts": [
            {
                "name": RUN_VOLUME,
                "mountPath": str(PurePosixPath(RUN_FILE).parent),
                "readOnly": True,
            },
            {"name": "scratch", "mountPath": SCRATCH_DIR},
            TMP_MOUNT,
            *mounts,
        ],
    }


def _environment(run: ResolvedRun, file: Run) -> list[dict[str, Any]]:
    """Return the variables, one entry per name: server-side apply refuses a name twice.

    OpenMP and OpenBLAS take their number of threads from OMP_NUM_THREADS; without it they count
    the node's processors, and the result would depend on the node. Ours win: Helm leaves a CRD
    as it was, and one of an earlier release may let a spec declare these names too.
    """
    literal = {
        **(file.env or {}),
        ENV_SCRATCH_LIMIT: str(SPILL_BYTES),
        "HOME": SCRATCH_DIR,
        "TMPDIR": SCRATCH_DIR,
        "OMP_NUM_THREADS": str(run.threads),
    }
    memory = {"resourceFieldRef": {"containerName": CONTAINER, "resource": "limits.memory"}}
    return [
        {"name": ENV_MEMORY_LIMIT, "valueFrom": memory},
        *chain.from_iterable(credentials(*each) for each in _stores(file).items()),
        *({"name": name, "value": verbatim(value)} for name, value in literal.items()),
    ]


def _stores(file: Run) -> dict[str, ObjectStore]:
    """Return the services that the trainer reaches, by the prefix of their variables."""
    own = {source_prefix(n): s.object_store for n, s in enumerate(file.data.sources)}
    return {
        ENV_DATA_PREFIX: file.object_store,
        **{prefix: store for prefix, store in own.items() if store},
        **{baseline_prefix(n): each.store for n, each in enumerate(file.baselines or ())},
        ENV_STORE_PREFIX: file.store,
    }
