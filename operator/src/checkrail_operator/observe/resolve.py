"""A TrainingJob's spec with the operator's defaults filled in, or what must be edited."""

import hashlib
import json
from math import ceil
from typing import Any

from checkrail_api.data import Data
from checkrail_api.object_store import ObjectStore, Store
from checkrail_api.pod import Resources
from checkrail_api.training_job import MUTABLE, TrainingJobSpec
from checkrail_operator.observe.validation import M, validated
from checkrail_operator.plan.deployment.quantity import quantity
from checkrail_operator.plan.errors import DefaultsError, InvalidSpecError
from checkrail_operator.plan.training.training_seen import ResolvedRun
from checkrail_operator.plan.types import Defaults, Manifest

DEFAULT_RUNG = Resources(requests={"cpu": "1", "memory": "2Gi"}, limits={"memory": "2Gi"})


def resolve(body: Manifest, defaults: Defaults) -> ResolvedRun:
    """Return the run that a spec asks for.

    Stores are merged field by field: what the spec says, else ``defaults.store`` (for the store),
    else ``defaults.object_store``; a source with a store of its own falls back to
    ``data.objectStore`` first. The threads are the processors that the first rung requests,
    rounded up, on every rung: another number of threads could compute another model.

    Args:
        body: The spec as the API server sent it.
        defaults: The operator's values.

    Raises:
        InvalidSpecError: The spec does not fit, or a quantity is none.
        DefaultsError: There is no store, or the defaults do not fit.
    """
    spec = validated(TrainingJobSpec, body, "spec")
    ladder = tuple(spec.resources.ladder) if spec.resources else (DEFAULT_RUNG,)
    for number, rung in enumerate(ladder):
        _check(rung, f"spec.resources.ladder[{number}]")
    return ResolvedRun(
        spec=spec,
        spec_hash=hashlib.sha256(_canonical(body)).hexdigest(),
        data=_data(spec.data, defaults),
        store=_store(spec, defaults),
        image=(spec.pod.image if spec.pod else None) or defaults.trainer_image,
        ladder=ladder,
        threads=_threads(ladder[0]),
    )


def _data(data: Data, defaults: Defaults) -> Data:
    """Return ``data`` with its stores complete; a source without one of its own keeps none."""
    shared = data.object_store.dump() if data.object_store else {}
    store = _completed(ObjectStore, shared, "spec.data.objectStore", defaults.object_store)
    sources = [
        source.model_copy(
            update={
                "object_store": _completed(
                    ObjectStore,
                    source.object_store.dump(),
                    f"spec.data.sources[{number}].objectStore",
                    store.dump(),
                )
            }
        )
        if source.object_store
        else source
        for number, source in enumerate(data.sources)
    ]
    return data.model_copy(update={"object_store": store, "sources": sources})


def _store(spec: TrainingJobSpec, defaults: Defaults) -> Store:
    if spec.store is None and defaults.store is None:
        raise DefaultsError(
            "spec.store: found none, and the operator has no default store. Name one, for example "
            'store: {uri: "s3://models/team-a"}, or set defaults.store.uri in the values of the '
            "Helm chart"
        )
    own: dict[str, Any] = spec.store.dump() if spec.store else {}
    return _completed(Store, own, "spec.store", {**defaults.object_store, **(defaults.store or {})})


def _completed(model: type[M], own: Manifest, path: str, defaults: Manifest) -> M:
    """Return ``own``, which fits by itself, with what it leaves out taken from ``defaults``.

    Raises:
        DefaultsError: The defaults do not fit.
    """
    try:
        return validated(model, {**defaults, **own}, path)
    except InvalidSpecError as error:
        raise DefaultsError(str(error)) from error


def _check(rung: Resources, path: str) -> None:
    """Find now what the API server would refuse when the rung's Job is made, perhaps hours later.

    Raises:
        InvalidSpecError: A quantity is none, or a request exceeds its limit.
    """
    amounts = {}
    for side, quantities in (("requests", rung.requests), ("limits", rung.limits)):
        for name, value in quantities.items():
            try:
                amounts[side, name] = quantity(value)
            except ValueError as error:
                raise InvalidSpecError(f"{path}.{side}.{name}: {error}") from error
    for name in sorted(rung.requests.keys() & rung.limits.keys()):
        if amounts["requests", name] > amounts["limits", name]:
            raise InvalidSpecError(
                f"{path}.requests.{name}: found {rung.requests[name]}, expected at most the limit "
                f"of {rung.limits[name]}"
            )


def _threads(first: Resources) -> int:
    processors = first.requests.get("cpu", first.limits.get("cpu", 1))
    return max(1, ceil(quantity(processors)))


def _canonical(body: Manifest) -> bytes:
    """Return what the run computes, as canonical JSON: what only says when it runs is left out."""
    kept = {field: value for field, value in body.items() if field not in MUTABLE}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
