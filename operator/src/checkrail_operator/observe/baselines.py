"""Which versions a run's gates compare with: what to read for it, and what was found."""

import json
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from checkrail_api.evaluation import SERVING, Gate
from checkrail_api.names import hash8
from checkrail_api.object_store import ObjectStore
from checkrail_api.run import RUN_FILE, BaselineModel
from checkrail_operator.plan.deployment.artifact_store import artifact_store
from checkrail_operator.plan.training.baselines import Baselines, references, serving
from checkrail_operator.plan.types import Defaults, Manifest

_BASELINES = TypeAdapter(tuple[BaselineModel, ...])


def see_baselines(
    model: str, gates: Iterable[Gate], related: Iterable[Manifest], defaults: Defaults
) -> Baselines:
    """Return what ``gates`` compare with, as far as it exists.

    Args:
        model: The run's line of versions.
        gates: The run's gates.
        related: The ModelDeployments of the namespace, and the versions that they or gates name.
        defaults: The operator's values, for stores that versions leave out.
    """
    bodies = list(related)
    versions = {b["metadata"]["name"]: b for b in bodies if b["kind"] == "ModelVersion"}
    served = serving(model, (b for b in bodies if b["kind"] == "ModelDeployment"))
    pairs = [
        (reference, name)
        for reference in references(gates)
        for name in (served if reference == SERVING else (reference,))
    ]
    found = tuple(_baseline(r, versions[name], defaults) for r, name in pairs if name in versions)
    missing = sorted({name for _, name in pairs if name not in versions})
    if not missing:
        return Baselines(found)
    return Baselines(found, missing[0], _message(missing[0], served.get(missing[0])))


def told_baselines(config_map: Manifest) -> tuple[BaselineModel, ...] | None:
    """Return the versions that an attempt was told to compare with.

    None if that cannot be known, and they are to be looked for: another release wrote the run file,
    or the ConfigMap does not hold what it was named after.
    """
    try:
        file: Any = json.loads((config_map.get("data") or {}).get(RUN_FILE.rpartition("/")[2], ""))
        if config_map["metadata"]["name"].rpartition("-")[2] != hash8(file):
            return None
        return _BASELINES.validate_python(file["baselines"])
    except (KeyError, TypeError, ValueError):  # a ValidationError is a ValueError
        return None


def _baseline(reference: str, version: Manifest, defaults: Defaults) -> BaselineModel:
    spec = version["spec"]
    store = spec.get("store")
    own = None if store is None else ObjectStore.model_validate(store, extra="ignore")
    return BaselineModel(
        reference=reference,
        version=version["metadata"]["name"],
        uri=spec["artifact"]["uri"],
        sha256=spec["artifact"]["sha256"],
        store=artifact_store(own, defaults),
    )


def _message(name: str, deployment: str | None) -> str:
    if deployment is None:
        return (
            f"A gate compares with ModelVersion {name}, which does not exist: publish or import "
            f"it; the run goes on by itself when it appears."
        )
    return (
        f"A gate compares with what serves, and ModelDeployment {deployment} serves {name}, whose "
        f"ModelVersion is gone: create it again, or let another version serve; the run goes on by "
        f"itself."
    )
