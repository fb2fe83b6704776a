"""The fake cluster, with requests that fail as a test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.fake_cluster import FakeCluster

if TYPE_CHECKING:
    from checkrail_operator.plan.types import Manifest


@dataclass
class FailingCluster(FakeCluster):
    """``fails`` holds errors by request: ``get kind``, or a write as ``writes`` would name it."""

    fails: dict[str, Exception] = field(default_factory=dict)

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        self._fail(f"get {kind}")
        return await super().get(api_version, kind, namespace, name)

    def _write(self, verb: str, manifest: Manifest) -> None:
        self._fail(f"{verb} {manifest['kind']} {manifest['metadata']['name']}")
        super()._write(verb, manifest)

    def _fail(self, what: str) -> None:
        if error := self.fails.get(what):
            raise error


def cluster_of(*objects: Manifest, dies_after: int | None = None) -> FailingCluster:
    """Return a cluster in which somebody put these objects."""
    cluster = FailingCluster(dies_after=dies_after)
    for body in objects:
        cluster.put(body)
    return cluster
