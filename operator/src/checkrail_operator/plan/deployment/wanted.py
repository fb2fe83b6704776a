"""Which revision is asked for, and what is remembered against it.

What ``status`` holds because it cannot be observed again:

- ``stable`` and ``canary``: which of the revisions there are is which. Both look alike.
- ``image`` and ``imageFrom`` of ``stable``, ``canary`` and ``rejected[]``: an image that was the
  default when the revision was made stays, so that another default makes no new revision; one that
  the spec named goes with the spec's naming it.
- ``canary.since``: when its share was changed. A route has no history.
- The time of the condition ``TrafficConverged``: since when the gateways have not answered.
- ``rejected``: what was taken back. Its pods are gone.
- ``observedRetry``: which value of ``rollout.retry`` was acted on.

Everything else in ``status`` is told, never read.
"""

from dataclasses import dataclass, replace

from checkrail_api.deployment_status import Rejected, RevisionStatus
from checkrail_operator.plan.deployment.deployment_seen import NOTHING, ModelDeploymentSeen
from checkrail_operator.plan.deployment.revision import Revision, Version, revision_of

REMEMBERED = 16
"""Rejected revisions that status keeps."""


@dataclass(frozen=True)
class Wanted:
    """What the spec asks for.

    Attributes:
        revision: The revision; None while its version does not exist.
        missing: What does not exist, for people; empty when ``revision`` is there.
        rejected: What is remembered against revisions, newest first.
        observed_retry: The value of ``rollout.retry`` that this takes into account.
    """

    revision: Revision | None
    missing: str
    rejected: tuple[Rejected, ...]
    observed_retry: str

    def refusal(self, revision: Revision) -> Rejected | None:
        """Return what is remembered against ``revision``."""
        return next((r for r in self.rejected if r.revision == revision.hash), None)

    def as_asked(self, revision: Revision | None) -> Revision | None:
        """Return ``revision``; what is asked for says who chose its image now."""
        return self.revision if revision and self.is_for(revision) else revision

    def is_for(self, revision: Revision) -> bool:
        """Answer whether ``revision`` is what is asked for."""
        return self.revision is not None and self.revision.hash == revision.hash

    def without(self, rejection: Rejected) -> "Wanted":
        """Return the same, with ``rejection`` remembered."""
        return replace(self, rejected=(rejection, *self.rejected)[:REMEMBERED])


def want(seen: ModelDeploymentSeen) -> Wanted:
    """Find the revision that the spec asks for.

    What served or was tried comes first: with everything the spec leaves out as it was then, does
    the spec ask for it again? Only if not, a new revision is made of the operator's defaults. A
    first revision of which no pod ever answered is not held to its defaults: they may be why.
    """
    version = _version(seen)
    rejected, retry = _remembered(seen, version)
    if version is None:
        return Wanted(None, _missing(seen), rejected, retry)
    revision = (
        _existing(seen, version)
        or _tried(seen, version, rejected)
        or revision_of(version, seen.spec, seen.defaults)
    )
    return Wanted(revision, "", rejected, retry)


def recovered(seen: ModelDeploymentSeen, told: RevisionStatus | None) -> Revision | None:
    """Return the revision that status names, from its children or made again from the spec.

    None if neither works: then nothing of it exists, and nothing can bring it back.
    """
    if told is None:
        return None
    if record := seen.revisions.get(told.revision, NOTHING).record:
        return record
    version = next((v for v in seen.versions if v.name == told.version), None)
    if version is None:
        return None
    made = revision_of(version, seen.spec, seen.defaults)
    again = made.model_copy(update={"image": told.image, "image_from": told.image_from})
    return again if again.hash == told.revision else None


def is_retry(seen: ModelDeploymentSeen) -> bool:
    """Answer whether ``rollout.retry`` has a value that was not acted on yet."""
    before, asked = seen.status.observed_retry, seen.spec.rollout.retry
    return before is not None and asked not in {"", before}


def _version(seen: ModelDeploymentSeen) -> Version | None:
    choice = seen.spec.model
    if choice.version_ref:
        name = choice.version_ref.name
        return next((v for v in seen.versions if v.name == name), None)
    line = choice.follow.model if choice.follow else ""
    published = (v for v in seen.versions if v.model == line)
    return max(published, key=lambda v: (v.created, v.name), default=None)


def _missing(seen: ModelDeploymentSeen) -> str:
    choice = seen.spec.model
    if choice.version_ref:
        return (
            f"ModelVersion {choice.version_ref.name} does not exist: publish it, or name another"
            " one in spec.model.versionRef; this goes on by itself when it appears"
        )
    line = choice.follow.model if choice.follow else ""
    return (
        f"no ModelVersion of model {line} exists: publish one, or name another model in"
        " spec.model.follow; this goes on by itself when one appears"
    )


def _remembered(
    seen: ModelDeploymentSeen, version: Version | None
) -> tuple[tuple[Rejected, ...], str]:
    """Return the rejections that still count, and the retry value they take into account.

    A retry while the rejected canary is still being taken down counts once it is gone: the pods
    that failed are never mistaken for those of the retry.
    """
    status, asked = seen.status, seen.spec.rollout.retry
    rejected = tuple(status.rejected)
    if not is_retry(seen):
        return rejected, asked
    if status.canary and status.canary.revision in {r.revision for r in rejected}:
        return rejected, status.observed_retry or ""
    asked_for = version or seen.spec.model.version_ref
    name = asked_for.name if asked_for else ""
    return tuple(r for r in rejected if r.version != name), asked


def _existing(seen: ModelDeploymentSeen, version: Version) -> Revision | None:
    for told in (seen.status.stable, seen.status.canary):
        live = recovered(seen, told)
        if live is None or (seen.status.stable is None and not seen.of(live).ready):
            continue
        again = revision_of(version, seen.spec, seen.defaults, like=live)
        if live.hash == again.hash:
            return live.model_copy(update={"image_from": again.image_from})
    return None


def _tried(
    seen: ModelDeploymentSeen, version: Version, rejected: tuple[Rejected, ...]
) -> Revision | None:
    for refused in rejected:
        pinned = refused.image if refused.image_from == "Default" else None
        again = revision_of(version, seen.spec, seen.defaults, image=pinned)
        if again.hash == refused.revision:
            return again
    return None
