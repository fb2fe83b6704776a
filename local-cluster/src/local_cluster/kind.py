"""The cluster where Docker runs: kind, with the same addons and the same addresses for users."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from local_cluster import addons, images, modules
from local_cluster.build import build
from local_cluster.buildah import AUTHORITIES
from local_cluster.errors import ClusterError
from local_cluster.modules import binary, chosen
from local_cluster.paths import PROJECT, cache
from local_cluster.run import run
from local_cluster.say import heartbeat, say, step
from local_cluster.session import Session

NAME = "checkrail"
CONFIG = PROJECT / "kind-config.yaml"
ADDRESS = "127.0.0.1"
UP_SECONDS = 120
ADDONS = tuple(image for image in images.ADDONS if image.name in {"versitygw", "traefik"})
"""kind brings its own pause image and DNS."""


class DockerBuilder:
    """Builds with Docker's BuildKit."""

    def build(self, reference: str, dockerfile: Path, context: Path) -> None:
        """Build the image and keep it under ``reference``."""
        secret = ["--secret", f"id=ca,src={AUTHORITIES}"] if AUTHORITIES.exists() else []
        names = ["--tag", reference, "--file", str(dockerfile)]
        environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
        run(["docker", "build", *secret, *names, str(context)], env=environment)

    def export(self, reference: str, archive: Path) -> None:
        """Write it as the archive that `kind load` reads."""
        archive.parent.mkdir(parents=True, exist_ok=True)
        partial = archive.with_suffix(".part")
        run(["docker", "save", "--output", str(partial), reference])
        partial.replace(archive)


class Kind:
    """The cluster in Docker."""

    kind = "kind"

    @property
    def kubeconfig(self) -> Path:
        """A file of our own: the user's ~/.kube/config stays as it is."""
        return cache() / "kind" / "kubeconfig"

    def up(self) -> None:
        """Bring the cluster up and wait until everything in it is ready; idempotent."""
        build(self._programs())
        there = images.ensure(ADDONS, self.builder())
        if self.is_up():
            where = ["--name", NAME, "--kubeconfig", str(self.kubeconfig)]
            run(["kind", "export", "kubeconfig", *where])
        else:
            self._create()
        for image in there:
            self._load_archive(images.archive_of(image))
        with step("addons applied"):
            addons.apply(self._kubectl, ("s3",))
        with step("node, S3 server and gateway ready"):
            addons.wait(self._kubectl)
        say("the cluster is up")

    def _create(self) -> None:
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        where = ["--config", str(CONFIG), "--kubeconfig", str(self.kubeconfig)]
        with step("kind cluster created"), heartbeat("creating the kind cluster", UP_SECONDS):
            run(["kind", "create", "cluster", "--name", NAME, *where, "--wait", "120s"])

    def down(self) -> None:
        """Remove the cluster; idempotent."""
        run(["kind", "delete", "cluster", "--name", NAME, "--kubeconfig", str(self.kubeconfig)])
        self.kubeconfig.unlink(missing_ok=True)

    def is_up(self) -> bool:
        """Answer whether kind has the cluster."""
        return NAME in run(["kind", "get", "clusters"]).stdout.split()

    def builder(self) -> images.Builder:
        """Answer what builds images for this cluster."""
        return DockerBuilder()

    def load(self, reference: str) -> None:
        """Put an image on the node; kind itself skips what the node already has."""
        if not self.is_up():
            raise ClusterError("no cluster runs; `local-cluster/cluster up` starts one")
        if reference in {image.reference for image in images.IMAGES}:
            found = images.ensure(images.chosen((reference,)), self.builder())
            if not found:
                raise ClusterError(f"{reference} cannot be built: its Dockerfile does not exist")
            self._load_archive(images.archive_of(found[0]))
            return
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "image.tar"
            self.builder().export(reference, archive)
            self._load_archive(archive)

    def session(self) -> Session:
        """Answer how a command is run against this cluster."""
        if not self.is_up():
            raise ClusterError("no cluster runs; `local-cluster/cluster up` starts one")
        folders = tuple(binary(name).parent for name in ("kubectl", "helm"))
        there = tuple(folder for folder in folders if folder.is_dir())
        return Session("kind", self.kubeconfig, ADDRESS, (), there)

    def _load_archive(self, archive: Path) -> None:
        with step(f"loaded {archive.name}"):
            run(["kind", "load", "image-archive", str(archive), "--name", NAME])

    def _programs(self) -> tuple[modules.Module, ...]:
        """Answer what must be built: kubectl and helm only where the machine has none."""
        names = ["versitygw"]
        if shutil.which("kubectl") is None:
            names.append("kubernetes")
        if shutil.which("helm") is None:
            names.append("helm")
        return chosen(names)

    def _kubectl(self, *args: str) -> tuple[str, ...]:
        found = shutil.which("kubectl") or str(binary("kubectl"))
        return (found, f"--kubeconfig={self.kubeconfig}", *args)
