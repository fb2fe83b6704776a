"""The only kopf handlers: wake the owner of whatever moved. Nothing here decides anything."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, get_args

import kopf

from checkrail_api.kind import GROUP, VERSION
from checkrail_api.names import OURS
from checkrail_operator.observe.news import owners, woken_by
from checkrail_operator.observe.raw import CHILD_KINDS
from checkrail_operator.plan.types import Key, OwnedKind
from checkrail_operator.shell.kinds import LEASE, PLURALS


@dataclass(frozen=True)
class Wakes:
    """Whom the handlers call, from kopf's thread.

    Attributes:
        wake: An object should have a pass.
        relisted: A watch was listed anew: events may have been missed.
        beat: Some watch event arrived.
        ending: kopf is about to end, for whatever reason.
    """

    wake: Callable[[Key], None]
    relisted: Callable[[], None]
    beat: Callable[[], None]
    ending: Callable[[], None]


class EndlessBackoffs:
    """Delays between a request's retries, seconds: doubling to 30, jittered, without end.

    kopf gives up when they end; a watch that gave up would be an operator that is blind for good.
    """

    def __iter__(self) -> Iterator[float]:
        """Yield the delays."""
        for retry in count():
            yield min(30.0, 0.5 * 2.0 ** min(retry, 6)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


def register(registry: kopf.OperatorRegistry, wakes: Wakes, lease_name: str) -> None:
    """Register every handler: the settings, our kinds, their children, and the Lease."""

    @kopf.on.startup(registry=registry)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        apply_settings(settings, lease_name)

    @kopf.on.cleanup(registry=registry)
    async def end(**_: Any) -> None:
        wakes.ending()

    for kind in get_args(OwnedKind):
        _watch_owners(registry, wakes, kind)
    for api_version, kind in sorted(set(chain.from_iterable(CHILD_KINDS.values()))):
        _watch_children(registry, wakes, api_version, kind)

    # The holder renews the Lease every few seconds: the watch's own heartbeat, however quiet
    # the cluster is.
    @kopf.on.event(*_resource(*LEASE), registry=registry)
    async def lease_moved(**_: Any) -> None:
        wakes.beat()


def apply_settings(settings: kopf.OperatorSettings, lease_name: str) -> None:
    """Make kopf patient, watchful and without state of its own."""
    settings.networking.error_backoffs = EndlessBackoffs()
    settings.networking.request_timeout = 30
    settings.watching.server_timeout = 300
    settings.watching.connect_timeout = 10
    settings.watching.inactivity_timeout = 70
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.queueing.worker_limit = None
    settings.persistence.finalizer = f"{GROUP}/kopf"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP)
    ours = ",".join(f"{label}={value}" for label, value in OURS.items())
    for api_version, kind in chain.from_iterable(CHILD_KINDS.values()):
        settings.watching.label_selectors[_resource(api_version, kind)] = ours
    settings.watching.field_selectors[_resource(*LEASE)] = f"metadata.name={lease_name}"


def _watch_owners(registry: kopf.OperatorRegistry, wakes: Wakes, kind: OwnedKind) -> None:
    plural = PLURALS[f"{GROUP}/{VERSION}", kind]

    @kopf.on.event(GROUP, VERSION, plural, registry=registry, id=f"{plural}-moved")
    async def owner_moved(
        type: str | None,  # noqa: A002 - kopf's name
        body: kopf.Body,
        **_: Any,
    ) -> None:
        wakes.beat()
        if type is None:
            wakes.relisted()
        else:
            for key in woken_by(kind, type, body):
                wakes.wake(key)


def _watch_children(
    registry: kopf.OperatorRegistry, wakes: Wakes, api_version: str, kind: str
) -> None:
    resource = _resource(api_version, kind)

    @kopf.on.event(*resource, labels=OURS, registry=registry, id=f"{resource[2]}-moved")
    async def child_moved(
        type: str | None,  # noqa: A002 - kopf's name
        body: kopf.Body,
        **_: Any,
    ) -> None:
        wakes.beat()
        if type is None:
            wakes.relisted()
        else:
            for key in owners(body["metadata"]):
                wakes.wake(key)


def _resource(api_version: str, kind: str) -> tuple[str, str, str]:
    group, _, version = api_version.rpartition("/")
    return group, version, PLURALS[api_version, kind]
