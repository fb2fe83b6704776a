"""One pass for one object: gather, see, plan, execute; and what its ending means."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from checkrail_api.kind import API_VERSION
from checkrail_operator.metrics import Metrics
from checkrail_operator.observe.raw import Raw, is_going
from checkrail_operator.plan.errors import (
    ForbiddenError,
    InvalidSpecError,
    NameConflictError,
    TransientError,
)
from checkrail_operator.plan.stalled import forbidden, stalled
from checkrail_operator.plan.types import Defaults, Key, Plan
from checkrail_operator.plan.wake_waiting import bereaved
from checkrail_operator.planners import PLANNERS, refused_removal
from checkrail_operator.queue import Clock, Outcome
from checkrail_operator.shell.clock import UtcNow
from checkrail_operator.shell.cluster import Cluster, NamespaceTerminatingError
from checkrail_operator.shell.execute import Tell, Written, execute, write_status
from checkrail_operator.shell.gather import gather, read_servers
from checkrail_operator.shell.translate import ThrottledError
from checkrail_operator.shell.web import Web

LOG = logging.getLogger(__name__)

PASS_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Ended:
    """How a pass ended.

    Attributes:
        result: Word for logs and metrics.
        outcome: What the queue does next.
    """

    result: str
    outcome: Outcome


@contextmanager
def bugs_counted(kind: str, metrics: Metrics, fields: Mapping[str, object]) -> Iterator[None]:
    """Let no object end the operator: count, log and swallow what nobody expected.

    The only broad ``except`` of the repository.
    """
    try:
        yield
    except Exception:
        metrics.bugs.labels(kind).inc()
        LOG.exception("bug", extra={"fields": fields})


def described(key: Key, pass_id: str) -> dict[str, object]:
    """Return the fields that every log line about a pass has."""
    return {
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "pass_id": pass_id,
    }


class Passes:
    """Runs passes; an instance is the queue's worker."""

    def __init__(
        self,
        cluster: Cluster,
        web: Web,
        *,
        defaults: Defaults,
        tell: Tell,
        wake: Callable[[Key], None],
        metrics: Metrics,
        clock: Clock,
        now: UtcNow,
    ) -> None:
        """Run passes against ``cluster``.

        Args:
            cluster: The API server.
            web: Pods and Prometheus.
            defaults: Values for what specs leave out.
            tell: Posts events.
            wake: Queues another object.
            metrics: Where passes and bugs are counted.
            clock: Monotonic seconds.
            now: Time of day, whole seconds.
        """
        self._cluster = cluster
        self._web = web
        self._defaults = defaults
        self._tell = tell
        self._wake = wake
        self._metrics = metrics
        self._clock = clock
        self._now = now

    async def __call__(self, key: Key) -> Outcome:
        """Run one pass for ``key``; never raises but for cancellation."""
        began = self._clock()
        pass_id = secrets.token_hex(4)
        ended = Ended("bug", Outcome(failed=True))
        with bugs_counted(key.kind, self._metrics, described(key, pass_id)):
            ended = await self._translated(key, pass_id)
        self._metrics.passes.labels(key.kind, ended.result).inc()
        self._metrics.pass_seconds.labels(key.kind).observe(self._clock() - began)
        return ended.outcome

    def decide(self, raw: Raw) -> Plan:
        """Return the plan for what was read; for a spec that cannot be read, its stalled status."""
        try:
            return self._planned(raw)
        except InvalidSpecError as error:
            return stalled(raw.owner, None, error, self._now())

    def _planned(self, raw: Raw) -> Plan:
        return PLANNERS[raw.owner["kind"]](raw, self._now(), self._defaults)

    async def _translated(self, key: Key, pass_id: str) -> Ended:
        fields = described(key, pass_id)
        try:
            async with asyncio.timeout(PASS_TIMEOUT_SECONDS):
                return await self._run(key, fields)
        except ThrottledError as error:
            LOG.warning("pass was throttled", extra={"fields": {**fields, "error": str(error)}})
            return Ended("transient", Outcome(failed=True, after_seconds=error.after_seconds))
        except (TransientError, TimeoutError) as error:
            LOG.warning("pass will be repeated", extra={"fields": {**fields, "error": str(error)}})
            return Ended("transient", Outcome(failed=True))
        except NamespaceTerminatingError:
            return Ended("gone", Outcome())

    async def _run(self, key: Key, fields: dict[str, object]) -> Ended:
        raw = await gather(self._cluster, key)
        if raw is None or (
            "deletionTimestamp" in raw.owner["metadata"] and not is_going(raw.owner)
        ):
            await self._wake_bereaved(key)
            return Ended("gone", Outcome())
        raw = await read_servers(raw, self._web, self._now())
        plan: Plan | None = None
        try:
            plan = await self._decided(raw)
            written = await self._executed(plan, raw, fields)
        except (InvalidSpecError, NameConflictError, ForbiddenError) as error:
            return await self._hindered(raw, plan, error, fields)
        for other in plan.wake:
            self._wake(other)
        if written.status and plan.run_end:
            self._metrics.record_run_end(key.namespace, plan.run_end)
        if written:
            generation = raw.owner["metadata"].get("generation")
            LOG.info(
                "pass changed the cluster",
                extra={"fields": {**fields, "generation": generation, **vars(written)}},
            )
        result = "changed" if written else "quiet"
        return Ended(result, Outcome(after_seconds=plan.requeue_after_seconds))

    async def _decided(self, raw: Raw) -> Plan:
        """Plan; where servers were read, beside the event loop.

        A hundred pods' reports take 2 s to parse. A thread lets go of the interpreter every 5 ms,
        so that the Lease, the probes and the other passes go on meanwhile.
        """
        if not raw.metrics:
            return self._planned(raw)
        return await asyncio.to_thread(self._planned, raw)

    async def _executed(self, plan: Plan, raw: Raw, fields: dict[str, object]) -> Written:
        """Execute ``plan``; where nothing can be made any more, at least let go of what ends.

        In a namespace that is being deleted no Job can clean up after an object, and an object that
        waits for one would keep the namespace for ever.
        """
        try:
            return await execute(self._cluster, plan, raw, self._tell)
        except NamespaceTerminatingError:
            if not is_going(raw.owner):
                raise
            LOG.warning(
                "artifact is left, its namespace is being deleted", extra={"fields": fields}
            )
            return await execute(self._cluster, Plan(plan.key, finalizer=False), raw, self._tell)

    async def _hindered(
        self,
        raw: Raw,
        plan: Plan | None,
        error: InvalidSpecError | NameConflictError | ForbiddenError,
        fields: dict[str, object],
    ) -> Ended:
        """Tell what stands in the way; what time or somebody else may mend is tried again.

        Raises:
            ForbiddenError: The pass is to be repeated.
        """
        if plan is not None and plan.children and is_going(raw.owner):
            told = refused_removal(raw, error, self._now(), self._defaults)
            LOG.warning(
                "artifact is left" if told.finalizer is False else "artifact cannot be removed yet",
                extra={"fields": {**fields, "error": str(error)}},
            )
            await execute(self._cluster, told, raw, self._tell)
            return Ended("stalled", Outcome(failed=told.finalizer is None))
        if isinstance(error, ForbiddenError):
            told = forbidden(raw.owner, plan, error, self._now())
            await write_status(self._cluster, raw.owner, told.status, told.events, self._tell)
            raise error
        return await self._stall(raw, stalled(raw.owner, plan, error, self._now()), fields)

    async def _wake_bereaved(self, key: Key) -> None:
        """Wake those whom it concerns that ``key`` is gone; children go by themselves."""
        if key.kind != "ModelVersion":
            return
        deployments = self._cluster.pages(API_VERSION, "ModelDeployment", key.namespace)
        for other in bereaved(key, [body async for page in deployments for body in page]):
            self._wake(other)

    async def _stall(self, raw: Raw, plan: Plan, fields: dict[str, object]) -> Ended:
        """Tell what stands in the way, and log it once: when the status says it first."""
        told = await write_status(self._cluster, raw.owner, plan.status, plan.events, self._tell)
        if told and plan.run_end:
            self._metrics.record_run_end(raw.owner["metadata"]["namespace"], plan.run_end)
        for event in plan.events if told else ():
            said = {"reason": event.reason, "error": event.note}
            LOG.warning("object is stalled", extra={"fields": {**fields, **said}})
        return Ended("stalled", Outcome(after_seconds=plan.requeue_after_seconds))
