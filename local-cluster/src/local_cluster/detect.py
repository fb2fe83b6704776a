"""Which cluster this machine can have: kind where Docker runs, our own for root on Linux."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from typing import Literal

from local_cluster.errors import ClusterError, MissingError
from local_cluster.run import run

Kind = Literal["kind", "local"]
VARIABLE = "CHECKRAIL_CLUSTER"


@dataclass(frozen=True)
class Machine:
    """What matters about a machine."""

    kind: bool
    """The program `kind` is on the PATH."""

    docker: bool
    """A Docker daemon answers."""

    root: bool
    linux: bool
    apt: bool
    """Debian's package manager is there."""


def look() -> Machine:
    """Look at this machine."""
    docker = shutil.which("docker")
    return Machine(
        kind=shutil.which("kind") is not None,
        docker=docker is not None and run([docker, "info"], check=False).returncode == 0,
        root=os.geteuid() == 0,
        linux=platform.system() == "Linux",
        apt=shutil.which("apt-get") is not None,
    )


def choose(machine: Machine, wanted: str = "") -> Kind:
    """Answer which cluster to run.

    Args:
        machine: What the machine has.
        wanted: The value of CHECKRAIL_CLUSTER; empty leaves the choice to us.

    Raises:
        MissingError: The machine can have neither, or not the one wanted; says what is missing.
        ClusterError: ``wanted`` is no kind of cluster.
    """
    lacks = {"kind": _lacks_for_kind(machine), "local": _lacks_for_local(machine)}
    match wanted:
        case "kind" | "local":
            if lacks[wanted]:
                raise MissingError(f"{VARIABLE}={wanted} needs {' and '.join(lacks[wanted])}")
            return "kind" if wanted == "kind" else "local"
        case "":
            if not lacks["kind"]:
                return "kind"
            if not lacks["local"]:
                return "local"
            raise MissingError(
                "this machine can run neither cluster:\n"
                f"- with Docker it needs {' and '.join(lacks['kind'])};\n"
                f"- without Docker it needs {' and '.join(lacks['local'])}."
            )
        case _:
            raise ClusterError(f"{VARIABLE}={wanted!r}: expected `kind` or `local`, or nothing")


def _lacks_for_kind(machine: Machine) -> list[str]:
    lacks = [] if machine.docker else ["a running Docker daemon (`docker info` must succeed)"]
    if not machine.kind:
        lacks.append("the program kind (https://kind.sigs.k8s.io) on the PATH")
    return lacks


def _lacks_for_local(machine: Machine) -> list[str]:
    lacks = [] if machine.linux else ["Linux"]
    if not machine.root:
        lacks.append("root (for network namespaces, mounts and cgroups)")
    if not machine.apt:
        lacks.append("Debian's or Ubuntu's apt-get")
    return lacks
