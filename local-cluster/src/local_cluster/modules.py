"""The programs the cluster is made of: which Go modules they come from and where they end up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_cluster.errors import ClusterError
from local_cluster.paths import HOME, cache

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_COMPONENT = "k8s.io/component-base/version"
_CLIENT = "k8s.io/client-go/pkg/version"


@dataclass(frozen=True)
class Module:
    """One Go module of ours, which pins one upstream program."""

    name: str
    version: str
    """Upstream version; stands in go.mod too, and a test compares them. Empty: all ours."""

    seconds: int
    """What a cold build took on 2 cores, measured 2026-11."""

    package: str = "."
    """What `go build` builds: our main.go, or the upstream program's own package."""

    settings: tuple[str, ...] = ()
    """`-X` linker settings, `{version}` filled in: without them the API server reports v0.0.0
    and clients misbehave."""

    links: tuple[str, ...] = ()
    """Names under which the binary is called besides its own."""

    @property
    def folder(self) -> Path:
        """The folder of its go.mod."""
        return HOME / "modules" / self.name

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags of `go build`."""
        settings = (f"-X {setting.format(version=self.version)}" for setting in self.settings)
        return ("-trimpath", "-ldflags", " ".join(("-s -w", *settings)))

    @property
    def digest(self) -> str:
        """What identifies the binary: its sources and flags."""
        state = hashlib.sha256()
        for name in ("go.mod", "go.sum", "main.go"):
            file = self.folder / name
            state.update(file.read_bytes() if file.exists() else b"-")
            state.update(b"\0")
        state.update("\0".join((self.package, *self.flags, *self.links)).encode())
        return state.hexdigest()[:12]

    @property
    def target(self) -> Path:
        """The folder that holds the finished binary and its links."""
        return cache() / "bin" / f"{self.name}-{self.digest}"


MODULES = (
    Module("etcd", "v3.6.8", 60),
    Module(
        "kubernetes",
        "v1.34.4",
        500,
        settings=(
            f"{_COMPONENT}.gitVersion={{version}}",
            f"{_COMPONENT}.gitMajor=1",
            f"{_COMPONENT}.gitMinor=34",
            f"{_CLIENT}.gitVersion={{version}}",
            f"{_CLIENT}.gitMajor=1",
            f"{_CLIENT}.gitMinor=34",
        ),
        links=(
            "kube-apiserver",
            "kube-controller-manager",
            "kube-proxy",
            "kube-scheduler",
            "kubectl",
            "kubelet",
        ),
    ),
    Module("coredns", "v1.15.0", 110),
    Module(
        "versitygw",
        "v1.8.0",
        100,
        package="github.com/versity/versitygw/cmd/versitygw",
        settings=("main.Version={version}",),
    ),
    Module("pause", "", 5),
    Module(
        "helm",
        "v4.3.1",
        170,
        package="helm.sh/helm/v4/cmd/helm",
        settings=("helm.sh/helm/v4/internal/version.version={version}",),
    ),
)


def chosen(names: Sequence[str]) -> tuple[Module, ...]:
    """Answer the modules of these names, or all of them when none is named.

    Raises:
        ClusterError: A name is not that of a module.
    """
    known = {module.name: module for module in MODULES}
    if unknown := sorted(set(names) - known.keys()):
        raise ClusterError(f"no module {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(module for module in MODULES if not names or module.name in names)


def to_build(modules: Iterable[Module]) -> tuple[Module, ...]:
    """Answer those that the cache does not hold."""
    return tuple(module for module in modules if not module.target.is_dir())


def binary(name: str) -> Path:
    """Answer where the program ``name`` stands, once built."""
    for module in MODULES:
        if name == module.name or name in module.links:
            return module.target / name
    raise ClusterError(f"no module builds {name}")
