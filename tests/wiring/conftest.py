"""One control plane for all wiring tests; a namespace, a proxy and operators for each."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.control_plane import ControlPlane
from local_cluster.gateway_api import manifests as gateway_api
from wiring.actors import PodActor, RouteActor
from wiring.admin import admin_client
from wiring.operator_process import Nursery
from wiring.rights import grant
from wiring.world import Site, World

if TYPE_CHECKING:
    from collections.abc import Iterator

CRDS = Path(__file__).parents[2] / "crds"
CONTROLLERS = (
    "deployment-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "replicaset-controller",
    "serviceaccount-controller",
)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("wiring")
    with ExitStack() as stack:
        nursery = stack.enter_context(Nursery())
        plane = stack.enter_context(ControlPlane(folder / "plane", controllers=CONTROLLERS))
        for crds in (CRDS, gateway_api()):
            plane.kubectl("apply", "--server-side", "--filename", str(crds))
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all")
        pods = stack.enter_context(PodActor(lambda: admin_client(plane)))
        routes = stack.enter_context(RouteActor(lambda: admin_client(plane)))
        client = stack.enter_context(admin_client(plane))
        yield World(plane, nursery, pods, routes, client, folder, token=grant(plane))


@pytest.fixture
def site(world: World) -> Iterator[Site]:
    with world.site() as made:
        yield made
