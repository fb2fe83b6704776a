"""Building the pinned Go modules into the cache, once per version."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from local_cluster.golang import find_go, needed_version
from local_cluster.modules import Module, to_build
from local_cluster.paths import cache
from local_cluster.run import run
from local_cluster.say import heartbeat, say, step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def build(modules: Sequence[Module]) -> None:
    """Build what the cache lacks of ``modules``, saying how far it is.

    Raises:
        ClusterError: The compiler failed; the message ends with what it said.
        MissingError: There is no Go and no way to fetch one.
    """
    if not to_build(modules):
        return
    with alone("build"):
        lacking = to_build(modules)  # another build may have made them meanwhile
        if not lacking:
            return
        seconds = sum(module.seconds for module in lacking)
        say(f"building {len(lacking)} programs from source: about {seconds} s on 2 cores, once")
        go = find_go(needed_version([(each.folder / "go.mod").read_text() for each in lacking]))
        for number, module in enumerate(lacking, start=1):
            title = f"{number} of {len(lacking)}: {module.name} {module.version}".rstrip()
            say(f"building {title}, about {module.seconds} s")
            with step(f"built {title}"), heartbeat(f"building {title}", module.seconds):
                _build_one(go, module)


def _build_one(go: Path, module: Module) -> None:
    """Build into a folder beside the target, then rename: a target that exists is whole."""
    module.target.parent.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",  # never a third compiler beside the machine's and PyPI's
        "GOFLAGS": "-mod=readonly -buildvcs=false",
    }
    environment.pop("GOROOT", None)
    with tempfile.TemporaryDirectory(dir=module.target.parent) as name:
        folder = Path(name) / "out"
        folder.mkdir()
        output = ("-o", str(folder / module.name))
        command = [str(go), "build", *module.flags, *output, module.package]
        run(command, cwd=module.folder, env=environment)
        for link in module.links:
            (folder / link).symlink_to(module.name)
        if module.target.exists():
            shutil.rmtree(module.target)
        folder.replace(module.target)


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Hold a machine-wide lock, so that two shells do not build the same thing twice."""
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{what.replace(' ', '-')}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another {what} is under way; waiting for it")
            with heartbeat(f"waiting for the other {what}", 600):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
