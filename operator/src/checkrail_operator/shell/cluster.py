"""What a pass may ask of the API server: the small protocol that tests replace."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from checkrail_operator.plan.types import Manifest, Ref


class NamespaceTerminatingError(Exception):
    """The namespace is being deleted: nothing can be made in it, and nothing needs to be."""


class StatusRefusedError(Exception):
    """The API server refused a status of ours: its schema and our planner disagree, a bug."""


class Cluster(Protocol):
    """Reads are live and consistent; writes are idempotent or name what they expect to find.

    Every method raises ``TransientError`` when the API server is away, throttles, refuses the
    operator's credentials or reports a conflict, and ``InvalidSpecError`` when it refuses what was
    sent.
    """

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """Return one object, or None."""

    def pages(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        *,
        labels: str | None = None,
        fields: str | None = None,
    ) -> AsyncIterator[list[Manifest]]:
        """Yield the objects page by page; nothing when the cluster does not know the kind.

        Without a namespace: those of all namespaces that the operator works in.
        """

    async def log(self, namespace: str, pod: str, lines: int) -> str:
        """Return the last lines of a pod's log, 16 KiB of each; empty when there is none."""

    async def create(self, manifest: Manifest) -> bool:
        """Create an object and return whether it was made: False when the name is taken."""

    async def apply(self, manifest: Manifest, *, uid: str | None = None) -> None:
        """Server-side apply; with ``uid`` only to the object that has it."""

    async def overlay(self, part: Manifest) -> None:
        """Server-side apply a part of the object that has the ``uid`` in ``part``, and no more.

        All fields ever applied to it in this way must be in each part: what is left out is removed.
        """

    async def apply_status(self, owner: Manifest, status: Manifest) -> None:
        """Write the whole status, if the owner is still exactly as it was read."""

    async def set_finalizers(self, owner: Manifest, finalizers: Sequence[str]) -> None:
        """Replace the finalizers, if the owner is still exactly as it was read."""

    async def delete(self, ref: Ref) -> None:
        """Delete the object, dependents in the background, if it is still exactly as seen."""
