"""The resync: a few LISTs and the pure plan for every object; only the restless get a pass.

It finds what events did not tell (a watch that was cut, a delay that died with a process), and it
is how a replica that becomes active learns what there is to do.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import get_args

from checkrail_api.kind import API_VERSION
from checkrail_api.names import LABEL_KIND, LABEL_MANAGED_BY, LABEL_OWNER, MANAGED_BY
from checkrail_operator.loop import Passes, bugs_counted, described
from checkrail_operator.metrics import Metrics
from checkrail_operator.observe.model_version import lacks_a_pass
from checkrail_operator.observe.raw import (
    CHILD_KINDS,
    Query,
    Raw,
    following_queries,
    related_queries,
)
from checkrail_operator.plan.deployment.difference import at_rest
from checkrail_operator.plan.errors import NameConflictError, TransientError
from checkrail_operator.plan.types import Key, Manifest, OwnedKind, Plan
from checkrail_operator.queue import Backoff, Clock, Sleeper, WorkQueue
from checkrail_operator.shell.cluster import Cluster
from checkrail_operator.shell.gather import unique

LOG = logging.getLogger(__name__)

COALESCE_SECONDS = 0.2
"""A watch that is listed anew asks for a resync; several at once get one."""
BREATH = 50
"""Objects planned before other work gets its turn."""
FROM_RESYNC = "resync"
"""In place of a pass's own, in the log."""
RETRY = Backoff(first_seconds=1.0, cap_seconds=30.0)


class Known:
    """The versions and deployments there are, found as a pass would ask for them."""

    def __init__(self, versions: Iterable[Manifest], deployments: Iterable[Manifest]) -> None:
        """Index ``versions`` by name and by model, ``deployments`` by namespace."""
        self._by_name: dict[tuple[str, str], Manifest] = {}
        self._by_model: defaultdict[tuple[str, str], list[Manifest]] = defaultdict(list)
        for version in versions:
            metadata = version["metadata"]
            self._by_name[metadata["namespace"], metadata["name"]] = version
            self._by_model[metadata["namespace"], version["spec"]["model"]].append(version)
        self._deployments: defaultdict[str, list[Manifest]] = defaultdict(list)
        for deployment in deployments:
            self._deployments[deployment["metadata"]["namespace"]].append(deployment)

    def related(self, owner: Manifest, children: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
        """Return what the queries of a pass for ``owner`` would have answered."""
        namespace = owner["metadata"]["namespace"]
        first = self._answers(namespace, related_queries(owner))
        raw = Raw(owner, children, unique(first))
        return unique([*first, *self._answers(namespace, following_queries(raw))])

    def _answers(self, namespace: str, queries: Iterable[Query]) -> list[Manifest]:
        found: list[Manifest] = []
        for query in queries:
            if query.name is not None:
                found += self._named(namespace, query.name)
            elif query.kind == "ModelDeployment":
                found += self._deployments.get(namespace, [])
            else:
                _, _, model = (query.field_selector or "").partition("spec.model=")
                found += self._by_model.get((namespace, model), [])
        return found

    def records(self, plan: Plan) -> list[Manifest]:
        """Return those of the plan's records that exist."""
        names = [record["metadata"]["name"] for record in plan.records]
        return [m for name in names for m in self._named(plan.key.namespace, name)]

    def _named(self, namespace: str, name: str) -> list[Manifest]:
        found = self._by_name.get((namespace, name))
        return [found] if found else []


class Resync:
    """Looks at everything from time to time, and when asked."""

    def __init__(
        self,
        cluster: Cluster,
        queue: WorkQueue,
        passes: Passes,
        *,
        namespaces: tuple[str, ...],
        seconds: float,
        metrics: Metrics,
        clock: Clock,
        sleep: Sleeper,
        chance: Callable[[], float],
    ) -> None:
        """Resync every ``seconds``, jittered by a tenth; ``namespaces`` empty means all."""
        self._cluster = cluster
        self._queue = queue
        self._passes = passes
        self._namespaces: tuple[str | None, ...] = namespaces or (None,)
        self._seconds = seconds
        self._metrics = metrics
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._asked = asyncio.Event()
        self._ended = clock()

    @property
    def age(self) -> float:
        """Seconds since the last one ended, or since the start."""
        return self._clock() - self._ended

    def restart_age(self) -> None:
        """Count the age from now: before, another replica was the active one."""
        self._ended = self._clock()

    def ask(self) -> None:
        """Ask for one soon; from the thread of its event loop."""
        self._asked.set()

    async def run(self) -> None:
        """Resync now and then for ever."""
        failures = 0
        while True:
            self._asked.clear()
            if await self._ends_well():
                failures = 0
                pause = self._seconds * (0.9 + 0.2 * self._chance())
            else:
                failures += 1
                pause = RETRY.delay(failures, self._chance())
            await self._wait(pause)

    async def _ends_well(self) -> bool:
        """Resync once; log why if that is to be repeated."""
        with bugs_counted("Resync", self._metrics, {"pass_id": FROM_RESYNC}):
            try:
                await self.once()
            except TransientError as error:
                LOG.warning("resync will be repeated", extra={"fields": {"error": str(error)}})
            else:
                return True
        return False

    async def once(self) -> int:
        """Queue every object whose plan is not at rest and return how many there were."""
        restless = 0
        for namespace in self._namespaces:
            everything, known = await self._everything(namespace)
            for number, (owner, children) in enumerate(everything):
                restless += self._look_at(owner, children, known)
                if number % BREATH == 0:
                    await asyncio.sleep(0)
        self._ended = self._clock()
        return restless

    def _look_at(self, owner: Manifest, children: tuple[Manifest, ...], known: Known) -> bool:
        key = _key(owner)
        if key.kind == "ModelVersion":
            self._queue.add(key)
            return True
        if "deletionTimestamp" in owner["metadata"]:
            return False
        rests, after = False, None
        with bugs_counted(key.kind, self._metrics, described(key, FROM_RESYNC)):
            raw = Raw(owner=owner, children=children, related=known.related(owner, children))
            plan = self._passes.decide(raw)
            rests, after = _rests(plan, raw, known), plan.requeue_after_seconds
        if not rests:
            self._queue.add(key)
            return True
        if after is not None:
            self._queue.add_after(key, after)
        return False

    async def _everything(
        self, namespace: str | None
    ) -> tuple[list[tuple[Manifest, tuple[Manifest, ...]]], Known]:
        """Return each object that is planned for with its children, and the versions."""
        ours = f"{LABEL_MANAGED_BY}={MANAGED_BY}"
        kinds = sorted(set(chain.from_iterable(CHILD_KINDS.values())))
        owners = {k: await self._list(API_VERSION, k, namespace) for k in get_args(OwnedKind)}
        children = [m for kind in kinds for m in await self._list(*kind, namespace, labels=ours)]
        by_owner = _by_owner(children)
        known = Known(owners["ModelVersion"], owners["ModelDeployment"])
        # a ModelVersion has no status: but for its finalizer, it is always at rest
        versions = filter(lacks_a_pass, owners["ModelVersion"])
        planned = chain(owners["TrainingJob"], owners["ModelDeployment"], versions)
        return [(owner, tuple(by_owner.get(_key(owner), ()))) for owner in planned], known

    async def _list(
        self, api_version: str, kind: str, namespace: str | None, labels: str | None = None
    ) -> list[Manifest]:
        pages = self._cluster.pages(api_version, kind, namespace, labels=labels)
        return [manifest async for page in pages for manifest in page]

    async def _wait(self, seconds: float) -> None:
        waits: list[asyncio.Future[object]] = [
            asyncio.ensure_future(self._asked.wait()),
            asyncio.ensure_future(self._sleep(seconds)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._asked.is_set():
            await self._sleep(COALESCE_SECONDS)


def _rests(plan: Plan, raw: Raw, known: Known) -> bool:
    live = chain(raw.children, known.records(plan))
    try:
        return at_rest(plan, live, raw.owner.get("status"))
    except NameConflictError:
        return False


def _key(owner: Manifest) -> Key:
    metadata = owner["metadata"]
    return Key(owner["kind"], metadata["namespace"], metadata["name"])


def _by_owner(children: Iterable[Manifest]) -> Mapping[Key, list[Manifest]]:
    grouped: defaultdict[Key, list[Manifest]] = defaultdict(list)
    for child in children:
        metadata = child["metadata"]
        labels = metadata["labels"]
        if LABEL_KIND in labels and LABEL_OWNER in labels:
            key = Key(labels[LABEL_KIND], metadata["namespace"], labels[LABEL_OWNER])
            grouped[key].append(child)
    return grouped
