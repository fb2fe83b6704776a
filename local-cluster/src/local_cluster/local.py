"""Our own cluster, where Docker is missing: up, down, status, and loading images."""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local_cluster import addons, buildah, cleanup, configs, debian, images, network, node
from local_cluster.build import build
from local_cluster.errors import ClusterError
from local_cluster.modules import binary, chosen
from local_cluster.paths import STATE
from local_cluster.rootfs import BASE, ensure_base
from local_cluster.run import run
from local_cluster.say import say, step
from local_cluster.session import Session

CTR = ("ctr", f"--address={node.SOCKET}", "--namespace=k8s.io")


class BuildahBuilder:
    """Builds with buildah, after seeing to the base image."""

    def build(self, reference: str, dockerfile: Path, context: Path) -> None:
        """Build the image and keep it under ``reference``."""
        if BASE in dockerfile.read_text():
            ensure_base()
        buildah.build(reference, dockerfile, context)

    def export(self, reference: str, archive: Path) -> None:
        """Write it as the archive that containerd reads."""
        buildah.export(reference, archive)


class Local:
    """The cluster of our own."""

    kind = "local"

    def prepare(self) -> None:
        """Install and build what the cluster is made of; quick when it is all there."""
        debian.install()
        build(chosen(()))

    def up(self) -> None:
        """Bring the cluster up and wait until everything in it is ready; idempotent."""
        self.prepare()
        there = images.ensure(images.ADDONS, BuildahBuilder())
        with step("network namespace, certificates and configuration"):
            node.prepare()
        with ThreadPoolExecutor() as pool:
            runtime = pool.submit(self._start_runtime, there)
            with step("etcd and API server ready"):
                node.start_control_plane()
            kubelet = pool.submit(self._start_kubelet, runtime)
            with step("addons applied"):
                addons.apply(node.kubectl, ("dns", "s3"))
            kubelet.result()
        with step("node, DNS, S3 server and gateway ready"):
            addons.wait(node.kubectl)
        say(f"the cluster is up; its state is in {STATE}")

    def _start_runtime(self, there: list[images.Image]) -> None:
        with step("containerd ready"):
            node.start_containerd()
        with step("images of the addons imported"):
            for image in there:
                _import(image.reference, images.archive_of(image))

    def _start_kubelet(self, runtime: object) -> None:
        runtime.result()  # type: ignore[attr-defined]
        node.start_kubelet()

    def down(self) -> None:
        """Remove everything of the cluster from this machine; idempotent."""
        cleanup.down()

    def is_up(self) -> bool:
        """Answer whether there is a cluster at all, ready or not."""
        return network.exists() and node.KUBECONFIG.exists()

    def builder(self) -> images.Builder:
        """Answer what builds images for this cluster."""
        debian.install()
        return BuildahBuilder()

    def load(self, reference: str) -> None:
        """Import an image into containerd unless the same is already there."""
        if not self.is_up():
            raise ClusterError("no cluster runs; `local-cluster/cluster up` starts one")
        if reference in {image.reference for image in images.IMAGES}:
            found = images.ensure(images.chosen((reference,)), self.builder())
            if not found:
                raise ClusterError(f"{reference} cannot be built: its Dockerfile does not exist")
            _import(reference, images.archive_of(found[0]))
            return
        if buildah.image_id(reference) is None:
            raise ClusterError(f"{reference} is neither an image of this project nor built here")
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "image.tar"
            buildah.export(reference, archive)
            _import(reference, archive)

    def session(self) -> Session:
        """Answer how a command is run against this cluster."""
        if not self.is_up():
            raise ClusterError("no cluster runs; `local-cluster/cluster up` starts one")
        return Session(
            kind="local",
            kubeconfig=node.KUBECONFIG,
            address=configs.NODE_ADDRESS,
            prefix=network.INSIDE,
            path=(binary("kubectl").parent, binary("helm").parent),
        )


def _import(reference: str, archive: Path) -> None:
    wanted = images.image_id(archive)
    if _loaded_id(reference) == wanted:
        return
    with step(f"imported {reference} {wanted[:12]}"):
        run([*CTR, "images", "import", str(archive)])


def _loaded_id(reference: str) -> str | None:
    """Answer the id of the image containerd has under this name."""
    listed = run([*CTR, "images", "list", f"name=={reference}"]).stdout.splitlines()[1:]
    if not listed:
        return None
    manifest = next(word for word in listed[0].split() if word.startswith("sha256:"))
    content = json.loads(run([*CTR, "content", "get", manifest]).stdout)
    found: str = content["config"]["digest"]
    return found.removeprefix("sha256:")
