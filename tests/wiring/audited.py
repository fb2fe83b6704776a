"""A real operator process and a bare client, both measured by the API server's audit log."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

import httpx
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import load_kube_config
from kubernetes.aio.dynamic import DynamicClient
from prometheus_client.parser import text_string_to_metric_families

from checkrail_api.kind import API_VERSION
from checkrail_api.names import OURS
from checkrail_operator.observe.raw import CHILD_KINDS
from checkrail_operator.plan.types import Defaults, OwnedKind
from checkrail_operator.shell.kinds import resource
from checkrail_operator.shell.kube import PAGE
from harness.control_plane import free_ports
from harness.process import Child
from wiring.rights import ACCOUNT
from wiring.world import STORE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

Manifest = dict[str, Any]

WORKERS = 8
"""The operator's own default."""
MAKERS = 16
DEFAULTS = Defaults("trainer:1", "server:1", STORE)
APPLY = {"content_type": "application/apply-patch+yaml", "field_manager": "checkrail"}


class Audit:
    """The API server's audit log: who asked what, and when it was received and answered."""

    def __init__(self, log: Path) -> None:
        """Read ``log`` from its start."""
        self._file = log.open()
        self._rest = ""
        self._found: defaultdict[tuple[str, bool], list[Manifest]] = defaultdict(list)

    def of(self, namespace: str, *, by_operator: bool = True) -> list[Manifest]:
        """Return the answered requests; by the operator's account, kopf's own left out, or not."""
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for one in map(json.loads, lines):
            where = one.get("objectRef", {})
            if one["verb"] != "watch" and where.get("resource") != "leases":
                is_ours = one["user"]["username"].endswith(f":{ACCOUNT}")
                if not one.get("userAgent", "").startswith("kopf"):
                    self._found[where.get("namespace", ""), is_ours].append(one)
        return self._found[namespace, by_operator]


def received(one: Manifest) -> float:
    """Return when the API server received a request, seconds of the epoch."""
    return datetime.fromisoformat(one["requestReceivedTimestamp"]).timestamp()


def answered(one: Manifest) -> float:
    """Return when the API server had answered it."""
    return datetime.fromisoformat(one["stageTimestamp"]).timestamp()


class Client:
    """A bare client that keeps no state but its connections."""

    def __init__(self, kubeconfig: Path) -> None:
        """Prove itself as ``kubeconfig`` says."""
        self._kubeconfig = kubeconfig

    async def __aenter__(self) -> Self:
        configuration = Configuration()
        await load_kube_config(str(self._kubeconfig), client_configuration=configuration)  # type: ignore[no-untyped-call]
        self._api = ApiClient(configuration)
        self._client: Any = DynamicClient(self._api)  # type: ignore[no-untyped-call]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._api.close()  # type: ignore[no-untyped-call]

    async def send(
        self, verb: str, body: Manifest, namespace: str, *, status: bool = False, **arguments: Any
    ) -> Manifest:
        """Send one object and return it as the API server has it now."""
        target = resource(self._client, body["apiVersion"], body["kind"])
        name = None if verb == "post" else body["metadata"]["name"]
        path = (target.subresources["status"] if status else target).path(
            name=name, namespace=namespace
        )
        return await self.request(verb, path, body, **arguments)

    async def request(self, verb: str, path: str, body: Manifest, **more: Any) -> Manifest:
        """Send one request and return the answer."""
        answer = await self._client.request(verb, path, body=body, serialize=False, **more)
        made: Manifest = await answer.json()
        return made

    async def apply(self, body: Manifest, namespace: str) -> None:
        """Server-side apply, to the status if there is one."""
        await self.send(
            "patch", body, namespace, status="status" in body, force_conflicts=True, **APPLY
        )

    async def list_all(self, namespace: str) -> None:
        """Read what a resync reads, page by page."""
        owners = [(API_VERSION, kind, None) for kind in get_args(OwnedKind)]
        ours = ",".join(f"{label}={value}" for label, value in OURS.items())
        kinds = sorted(set(chain.from_iterable(CHILD_KINDS.values())))
        for api_version, kind, labels in [*owners, *((*kind, ours) for kind in kinds)]:
            path = resource(self._client, api_version, kind).path(namespace=namespace)
            query = {"label_selector": labels, "limit": PAGE}
            more = None
            while more != "":
                answer = await self._client.request(
                    "get", path, serialize=False, _continue=more, **query
                )
                more = (await answer.json())["metadata"].get("continue", "")


class Operator:
    """One operator process that works in one namespace; use it in a ``with``."""

    def __init__(self, namespace: str, bench: Bench, resync: float = 300.0) -> None:
        """Start it and wait until it leads."""
        metrics, health = free_ports(2)
        self._url = f"http://127.0.0.1:{metrics}/metrics"
        self._scraper = httpx.Client(trust_env=False)
        self.namespace = namespace
        self._audit = bench.audit
        env = {
            "KUBECONFIG": str(bench.kubeconfig),
            "CHECKRAIL_TRAINER_IMAGE": DEFAULTS.trainer_image,
            "CHECKRAIL_SERVER_IMAGE": DEFAULTS.server_image,
            "CHECKRAIL_DEFAULT_STORE": json.dumps(STORE),
            "CHECKRAIL_LEASE_NAMESPACE": namespace,
            "CHECKRAIL_LEASE_DURATION_SECONDS": "60",  # it is stopped for a while
            "CHECKRAIL_WATCH_NAMESPACES": namespace,
            "CHECKRAIL_RESYNC_SECONDS": str(resync),
            "CHECKRAIL_WORKERS": str(WORKERS),
            "CHECKRAIL_METRICS_PORT": str(metrics),
            "CHECKRAIL_HEALTH_PORT": str(health),
        }
        command = [sys.executable, "-m", "checkrail_operator"]
        self.child = Child(command, log=bench.folder / f"{namespace}.log", env=env)
        self.child.wait_until(lambda: '"lease is held"' in self.child.tail(), 30)
        self.child.wait_until(lambda: self.is_quiet, 30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self._scraper.close()

    @property
    def requests(self) -> list[Manifest]:
        """What it asked so far."""
        return self._audit.of(self.namespace)

    @property
    def is_quiet(self) -> bool:
        """Whether it has asked something, and nothing for a second."""
        return bool(self.requests) and time.time() - answered(self.requests[-1]) > 1

    @property
    def cpu_seconds(self) -> float:
        """Processor time it used so far: a busy machine hardly changes it."""
        ticks = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def figure(self, name: str) -> float:
        """Return the sum of one of its figures over all labels, the Lease's left out."""
        families = text_string_to_metric_families(self._scraper.get(self._url).text)
        return sum(
            sample.value
            for sample in chain.from_iterable(family.samples for family in families)
            if sample.name == f"checkrail_operator_{name}" and sample.labels.get("kind") != "Lease"
        )


@dataclass(frozen=True)
class Bench:
    """What every measurement needs."""

    folder: Path
    kubeconfig: Path
    audit: Audit
    admin: Client
    bare: Client

    async def filled(self, namespace: str, bodies: Iterable[Manifest]) -> list[Manifest]:
        """Make a namespace with these objects in it, and return them."""
        about = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        await self.admin.request("post", "/api/v1/namespaces", about)
        made: list[Manifest] = []

        async def make(body: Manifest) -> None:
            made.append(await self.admin.send("post", body, namespace))

        await each(bodies, make, MAKERS)
        return made


async def each(
    items: Iterable[Any], act: Callable[[Any], Awaitable[object]], workers: int = WORKERS
) -> None:
    """Act on all, so many at once."""
    left = iter(items)

    async def work() -> None:
        for item in left:
            await act(item)

    await asyncio.gather(*(work() for _ in range(workers)))
