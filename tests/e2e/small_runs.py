"""Small TrainingJobs on the cluster's real data, and how they are watched."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from demo import cluster
from demo.cluster import ROOT, kubectl, wait_for
from demo.team import FIRST_QUARTER, Body, Team, example

QUERY = """
SELECT concat_ws('-', carrier, flight, origin, month, day) AS flight_id,
  month, origin, carrier, distance, hour, CAST(arr_delay > 15 AS INTEGER) AS late
FROM flights WHERE arr_delay IS NOT NULL
"""
FEATURES = ["origin", "carrier", "distance", "hour"]
QUICK = {"workflow": "logistic-regression", "seed": 7}
LONG = {"workflow": "xgboost-classifier", "params": {"n_estimators": 250, "max_depth": 3}}
"""Trains for some seconds on all 327,346 flights: time to look at it, hold it and kill it."""
RUNG = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}


def run_of(name: str, model: str, train: Body, **spec: Any) -> Body:
    """Return a TrainingJob; ``spec`` adds to its spec and replaces parts of it."""
    like = example(FIRST_QUARTER)["spec"]
    data = {
        "sources": [{"name": "flights", "uri": "s3://lake/flights.parquet"}],
        "objectStore": like["data"]["objectStore"],
        "query": QUERY,
        "label": "late",
        "features": FEATURES,
        "key": "flight_id",
        "holdout": {"strategy": "Hash", "fraction": "0.25"},
    }
    if train is QUICK:
        data["filters"] = [{"column": "month", "op": "Eq", "value": 1}]
    return {
        "apiVersion": "checkrail.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": name},
        "spec": {
            "model": model,
            "data": data,
            "train": train,
            "store": like["store"],
            "resources": {"ladder": [RUNG]},
            **spec,
        },
    }


def wait_for_condition(team: Team, kind: str, name: str, *, seconds: int = 180) -> Body:
    """Return a TrainingJob once ``kubectl wait`` says that the condition is True."""
    arguments = (f"--for=condition={kind}", f"tj/{name}", f"--timeout={seconds}s")
    kubectl("wait", "-n", team.namespace, *arguments)
    return team.get("trainingjob", name)


def wait_until_it_trains(team: Team, name: str) -> str:
    """Return the pod of a run once its own log says that it fits the model."""

    def look() -> str | None:
        for pod in children(team, name, "pods"):
            if any(line["phase"] == "Training" for line in progress_lines(team, pod)):
                return pod
        return None

    return wait_for(f"{name} to train", look, seconds=120)


def children(team: Team, name: str, kinds: str) -> list[str]:
    """Return the names of a run's Jobs or pods."""
    selector = f"checkrail.dev/owner={name},checkrail.dev/owner-kind=TrainingJob"
    names = kubectl(
        "get",
        kinds,
        "-n",
        team.namespace,
        "-l",
        selector,
        "-o",
        "jsonpath={.items[*].metadata.name}",
    )
    return names.split()


def progress_lines(team: Team, pod: str) -> list[Body]:
    """Return what a trainer said of its progress."""
    try:
        log = kubectl("logs", "-n", team.namespace, pod)
    except RuntimeError:  # the container has not started, or is gone
        return []
    events = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [event for event in events if event.get("event") == "progress"]


@dataclass
class Watch:
    """What ``kubectl get tj -w`` showed: percent."""

    seen: list[int] = field(default_factory=list)


@contextmanager
def watching(team: Team, name: str) -> Iterator[Watch]:
    """Watch a run's progress while the block runs."""
    path = 'jsonpath={.status.progress.percent}{"\\n"}'
    command = ("kubectl", "get", "tj", name, "-n", team.namespace, "-w", "-o", path)
    watch = Watch()
    with subprocess.Popen(
        cluster.inside(*command), stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:

        def read() -> None:
            for line in process.stdout or ():
                if line.strip():
                    watch.seen.append(int(line))

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield watch
        finally:
            process.terminate()
            reader.join(timeout=30)
