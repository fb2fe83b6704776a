"""What the wiring tests share, and what each has for itself."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from wiring.admin import Namespace, wait_until
from wiring.fault_proxy import FaultProxy
from wiring.operator_process import KUBECONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from harness.control_plane import ControlPlane
    from wiring.actors import PodActor, RouteActor
    from wiring.operator_process import Nursery, OperatorProcess

STORE = {"uri": "s3://models/default"}


@dataclass
class World:
    """What the wiring tests share."""

    plane: ControlPlane
    nursery: Nursery
    pods: PodActor
    routes: RouteActor
    client: httpx.Client
    folder: Path
    token: str
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def site(self) -> Site:
        """Return a new namespace with a proxy of its own; use it in a ``with``."""
        return Site(self, f"w{next(self.numbers)}")


class Site:
    """A namespace, the proxy of its operators, and the operators."""

    def __init__(self, world: World, name: str) -> None:
        """Describe it; ``with`` makes it."""
        self.world = world
        self.namespace = Namespace(name, world.client)
        self.proxy = FaultProxy(world.plane.server, world.plane.layout.pki / "ca.crt")
        self.operators: list[OperatorProcess] = []
        self.folder = world.folder / name

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        self.folder.mkdir()
        body = {"metadata": {"name": self.namespace.name}}
        answer = self.world.client.post("/api/v1/namespaces", json=body)
        assert answer.is_success, answer.text
        wait_until(self._has_account)
        return self

    def __exit__(self, *_: object) -> None:
        for operator in self.operators:
            operator.kill()
            operator.wait()
        self.proxy.__exit__()  # the namespace stays: to delete one costs a second of processor

    def env(self, pod: str, **more: str) -> dict[str, str]:
        """Return the environment of an operator that works in this namespace only."""
        return {
            "CHECKRAIL_TRAINER_IMAGE": "trainer:1",
            "CHECKRAIL_SERVER_IMAGE": "server:1",
            "CHECKRAIL_DEFAULT_STORE": json.dumps(STORE),
            "CHECKRAIL_LEASE_NAMESPACE": self.namespace.name,
            "CHECKRAIL_LEASE_NAME": "checkrail-operator",
            "CHECKRAIL_WATCH_NAMESPACES": self.namespace.name,
            "CHECKRAIL_RESYNC_SECONDS": "300",
            "CHECKRAIL_METRICS_PORT": "0",
            "CHECKRAIL_HEALTH_PORT": "0",
            "POD_NAME": pod,
            **more,
        }

    def start(self, pod: str = "operator-1", **more: str) -> OperatorProcess:
        """Start an operator through the proxy."""
        log = self.home(pod) / "operator.log"
        log.touch()
        operator = self.world.nursery.start(self.env(pod, **more), log)
        self.operators.append(operator)
        return operator

    def home(self, pod: str) -> Path:
        """Return the folder that a pod's operator starts in, with its way to the API server."""
        folder = self.folder / pod
        folder.mkdir(exist_ok=True)
        context = {"cluster": "proxy", "user": "operator"}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proxy", "cluster": {"server": self.proxy.url(pod)}}],
            "users": [{"name": "operator", "user": {"token": self.world.token}}],
            "contexts": [{"name": "proxy", "context": context}],
            "current-context": "proxy",
        }
        (folder / KUBECONFIG).write_text(json.dumps(document))
        return folder

    def _has_account(self) -> bool:
        path = f"/api/v1/namespaces/{self.namespace.name}/serviceaccounts/default"
        return self.world.client.get(path).is_success
