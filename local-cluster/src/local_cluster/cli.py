"""The command line of `local-cluster/cluster`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Protocol

from local_cluster import detect, images, modules
from local_cluster.build import alone, build
from local_cluster.errors import ClusterError
from local_cluster.kind import Kind
from local_cluster.local import Local
from local_cluster.session import Session, without_proxy
from local_cluster.status import print_status

if TYPE_CHECKING:
    from collections.abc import Sequence


class Cluster(Protocol):
    """What either kind of cluster does."""

    def up(self) -> None:
        """Bring it up and wait until it is ready."""

    def down(self) -> None:
        """Remove it."""

    def builder(self) -> images.Builder:
        """Answer what builds images for it."""

    def load(self, reference: str) -> None:
        """Put an image on its node."""

    def session(self) -> Session:
        """Answer how commands reach it."""


def parser() -> argparse.ArgumentParser:
    """Answer the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="local-cluster/cluster",
        description="A Kubernetes cluster on this machine: kind where Docker runs, our own for "
        f"root on Linux elsewhere ({detect.VARIABLE}=kind|local chooses).",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", help="start the cluster and wait until all of it is ready")
    commands.add_parser("down", help="remove the cluster; what was built stays in the cache")
    commands.add_parser("status", help="show it; the exit status is 0 only when it is ready")
    of_images = commands.add_parser("images", help="build the images that have changed")
    of_images.add_argument("names", nargs="*", metavar="NAME", help="all of them by default")
    load = commands.add_parser("load", help="put an image on the node, building it if needed")
    load.add_argument("image", metavar="IMAGE", help="such as checkrail.dev/operator:dev")
    of_build = commands.add_parser("build", help="build the programs the cluster is made of")
    of_build.add_argument("names", nargs="*", metavar="NAME", help="all of them by default")
    commands.add_parser("env", help="print `export` lines for a shell")
    execute = commands.add_parser("exec", help="run a command inside the cluster's network")
    execute.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return top


def command_words(words: Sequence[str]) -> list[str]:
    """Answer the command after `exec`, with or without the `--` before it.

    Raises:
        ClusterError: There is none.
    """
    command = list(words[1:] if words[:1] == ["--"] else words)
    if not command:
        raise ClusterError("exec needs a command, such as: exec -- kubectl get pods")
    return command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and answer the exit status."""
    options = parser().parse_args(arguments)
    os.environ.update(without_proxy(os.environ))  # our own kubectl, and every program we start
    try:
        return _run(options)
    except ClusterError as error:
        print(f"local-cluster/cluster {options.command}: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130


def _run(options: argparse.Namespace) -> int:
    if options.command == "build":
        wanted = modules.chosen(options.names)
        build(wanted)
        for module in wanted:
            print(module.target)
        return 0
    wish = os.environ.get(detect.VARIABLE, "")
    cluster: Cluster = Kind() if detect.choose(detect.look(), wish) == "kind" else Local()
    match options.command:
        case "up":
            with alone("cluster up or down"):
                cluster.up()
        case "down":
            with alone("cluster up or down"):
                cluster.down()
        case "status":
            return print_status(cluster.session())
        case "images":
            _images(cluster, options.names)
        case "load":
            cluster.load(options.image)
        case "env":
            print(cluster.session().exports(os.environ), end="")
        case "exec":
            cluster.session().become(command_words(options.words))
    return 0


def _images(cluster: Cluster, names: Sequence[str]) -> None:
    wanted = images.chosen(names)
    modules_needed = [image.module for image in wanted if image.module]
    if modules_needed:
        build(modules.chosen(modules_needed))
    for image in images.ensure(wanted, cluster.builder()):
        print(f"{image.reference}: {images.sizes(images.archive_of(image))}")
