"""Whether a candidate can stand in for what serves: do the clients' requests still fit?"""

from collections.abc import Iterator

from checkrail_api.reports import Signature, Tensor
from checkrail_operator.plan.deployment.deployment_seen import ModelDeploymentSeen
from checkrail_operator.plan.deployment.revision import Revision

SHOWN = 3
"""Differences that a message names."""


def unfit(seen: ModelDeploymentSeen, stable: Revision, candidate: Revision) -> str:
    """Say why ``candidate`` may not take over from ``stable``; empty if it may.

    It may where one of them has no signature on record: what is unknown refuses nobody.
    """
    told = {version.name: version.signature for version in seen.versions}
    serving, asked = told.get(stable.version), told.get(candidate.version)
    if seen.spec.rollout.allow_signature_change or serving is None or asked is None:
        return ""
    return _few(differences(serving, asked))


def differences(serving: Signature, candidate: Signature) -> list[str]:
    """Return what would break for clients of ``serving``, in words; empty if nothing would.

    Inputs must be the same, in any order: the server answers 422 to a request that lacks one, and
    to one that names another. Outputs may be more.
    """
    return [*_inputs(serving, candidate), *_outputs(serving, candidate)]


def _inputs(serving: Signature, candidate: Signature) -> Iterator[str]:
    known = {each.name: each for each in serving.inputs}
    asked = {each.name: each for each in candidate.inputs}
    for name in sorted(asked.keys() - known.keys()):
        yield f"it asks for another input, {_type(asked[name])}"
    for name in sorted(known.keys() - asked.keys()):
        yield f"it does not take input {name}"
    yield from _changed("input", known, asked)


def _outputs(serving: Signature, candidate: Signature) -> Iterator[str]:
    known = {each.name: each for each in serving.outputs}
    given = {each.name: each for each in candidate.outputs}
    for name in sorted(known.keys() - given.keys()):
        yield f"it does not answer output {name}"
    yield from _changed("output", known, given)


def _changed(what: str, known: dict[str, Tensor], now: dict[str, Tensor]) -> Iterator[str]:
    for name in sorted(known.keys() & now.keys()):
        if known[name] != now[name]:
            yield f"its {what} is {_type(now[name])} and was {_type(known[name])}"


def _type(tensor: Tensor) -> str:
    return f"{tensor.name} ({tensor.datatype} {tensor.shape})"


def _few(found: list[str]) -> str:
    """Return the first differences as one sentence."""
    more = len(found) - SHOWN
    return "; ".join(found[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
